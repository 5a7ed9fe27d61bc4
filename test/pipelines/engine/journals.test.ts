import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { dryAnswer, type DryWorld } from "../../../pipelines/engine/dry-answers.ts";
import { describeMismatch, sortBegins } from "../../../pipelines/engine/journal.ts";
import { createEngine } from "../../../pipelines/engine/run.ts";
import type { Begin, Outcome, Stored } from "../../../pipelines/ports.ts";
import { aHead } from "./a-head.ts";

/*
 * Journals of builds as a release wrote them: `NAME.jenkinsfile` and `NAME.json` in a folder per release. A waiting build
 * of that release must go on under this version. A journal is added for each release (SLUICE_RECORD_JOURNALS=1 writes
 * those that are missing) and never written anew: a change that breaks one is guarded by `head.changes`.
 */
const FOLDER = join(import.meta.dirname, "../../journals");

const StoredValue: z.ZodType<Stored> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.number(),
    z.string(),
    z.array(StoredValue),
    z.record(z.string(), StoredValue),
  ]),
);

const Journal = z.strictObject({
  effects: z.array(z.strictObject({ id: z.string(), name: z.string(), argsHash: z.string() })),
  outcomes: z.array(z.strictObject({ ord: z.number(), id: z.string(), value: StoredValue })),
  result: z.string(),
  marks: z.number(),
});
type Journal = z.infer<typeof Journal>;

function world(text: string): DryWorld {
  return {
    head: aHead(text),
    environment: { PATH: "/bin" },
    readFile: () => null,
    files: new Map(),
    stashes: new Set(),
    taken: new Map(),
    checkouts: new Set(),
    nowMs: 1_750_000_000_000,
    randoms: 0,
  };
}

/** Runs a file to its end, timers last, and gives what the journal would hold. */
function record(text: string): Journal {
  const engine = createEngine(aHead(text));
  const dry = world(text);
  const effects: Begin[] = [];
  const outcomes: { ord: number; id: string; value: Stored }[] = [];
  const open: Begin[] = [];
  let marks = 0;
  for (let turn = engine.turn(); ;) {
    effects.push(...turn.begins);
    open.push(...turn.begins);
    marks += turn.marks.length;
    for (const id of turn.closes) remove(open, id);
    if (turn.end !== undefined)
      return {
        effects: effects.map(({ id, name, argsHash }) => ({ id, name, argsHash })),
        outcomes,
        result: turn.end.result,
        marks,
      };
    const next = open.toSorted((a, b) => waitMs(a) - waitMs(b))[0];
    assert.ok(next, "nothing is open");
    remove(open, next.id);
    const answer = dryAnswer(next, dry);
    assert.ok("value" in answer, `${next.name} cannot be answered`);
    const outcome = { ord: outcomes.length + 1, id: next.id, value: answer.value };
    outcomes.push(outcome);
    turn = engine.turn(outcome);
  }
}

function waitMs(begin: Begin): number {
  return begin.request.kind === "timer" ? begin.request.afterMs : 0;
}

function remove(open: Begin[], id: string): void {
  const at = open.findIndex((begin) => begin.id === id);
  if (at >= 0) open.splice(at, 1);
}

/** Replays a recorded journal; gives what this version does otherwise, in words. */
function replay(text: string, journal: Journal): string[] {
  const engine = createEngine(aHead(text));
  const rows = new Map(journal.effects.map((effect) => [effect.id, effect]));
  const differences: string[] = [];
  let marks = 0;
  let result: string | undefined;
  const inputs: (Outcome | undefined)[] = [undefined, ...journal.outcomes];
  for (const outcome of inputs) {
    const turn = engine.turn(outcome);
    const sorted = sortBegins(turn.begins, (id) => rows.get(id));
    differences.push(...sorted.mismatched.map(describeMismatch));
    differences.push(...sorted.fresh.map((begin) => `${begin.name} (${begin.id}) was not begun before`));
    marks += turn.marks.length;
    result = turn.end?.result ?? result;
  }
  if (result !== journal.result)
    differences.push(`ended ${result ?? "not at all"}, recorded ${journal.result}`);
  if (marks !== journal.marks) differences.push(`${marks} marks, recorded ${journal.marks}`);
  return differences;
}

describe("kill point 20: journals of earlier releases", () => {
  for (const release of readdirSync(FOLDER))
    for (const file of readdirSync(join(FOLDER, release))) {
      if (!file.endsWith(".jenkinsfile")) continue;
      it(`replay: ${release}, ${file}`, () => {
        const text = readFileSync(join(FOLDER, release, file), "utf8");
        const path = join(FOLDER, release, file.replace(/\.jenkinsfile$/, ".json"));
        if (
          process.env["SLUICE_RECORD_JOURNALS"] === "1" &&
          !readdirSync(join(FOLDER, release)).includes(file.replace(/\.jenkinsfile$/, ".json"))
        )
          writeFileSync(path, `${JSON.stringify(record(text), null, 1)}\n`);
        assert.deepEqual(replay(text, Journal.parse(JSON.parse(readFileSync(path, "utf8")))), []);
      });
    }
});
