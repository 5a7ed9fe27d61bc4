import assert from "node:assert/strict";
import { sortBegins } from "../../../pipelines/engine/journal.ts";
import type {
  Begin,
  BuildEnd,
  Engine,
  Mark,
  Outcome,
  Stored,
  StoredError,
  Turn,
} from "../../../pipelines/ports.ts";

type Row = Begin & { state: "begun" | "ended" | "closed"; cancelled: boolean };

/** How an effect ends by itself. */
export type Answer = { readonly value: Stored } | { readonly error: StoredError };

export type Life = {
  readonly end: BuildEnd;
  readonly marks: readonly Mark[];
  readonly begins: readonly string[];
  readonly crashes: number;
};

const CANCELLED: StoredError = {
  $: "error",
  class: "org.jenkinsci.plugins.workflow.steps.FlowInterruptedException",
  message: "cancelled",
  result: "ABORTED",
  causes: [],
};

/**
 * A host in memory with a journal that survives its crashes. It loses the engine and whatever was not committed at
 * random instants, loads a new engine, replays, and fails when the new one does not do exactly what the old one did.
 */
export function runWithCrashes(options: {
  readonly load: () => Engine;
  readonly random: () => number;
  readonly crashChance: number;
  readonly abortChance: number;
  readonly answer: (begin: Begin, random: () => number) => Answer;
}): Life {
  const { random } = options;
  const rows = new Map<string, Row>();
  const ordered: Outcome[] = [];
  const marks: Mark[] = [];
  let crashes = 0;
  let aborted = 0;

  const worldMoves = (): boolean => {
    if (random() < options.abortChance && aborted < 2) {
      aborted += 1;
      ordered.push({ ord: ordered.length + 1, abort: aborted === 1 ? 1 : 2, by: "someone" });
      return true;
    }
    const open = [...rows.values()].filter((row) => row.state === "begun");
    const row = open[Math.floor(random() * open.length)];
    if (row === undefined) return false;
    row.state = "ended";
    const ord = ordered.length + 1;
    const answer = row.cancelled && row.kind !== "timer" ? { error: CANCELLED } : options.answer(row, random);
    ordered.push({ ord, id: row.id, ...answer });
    return true;
  };

  const check = (turn: Turn): { fresh: readonly Begin[]; turn: Turn } => {
    const { fresh, mismatched } = sortBegins(turn.begins, (id) => rows.get(id));
    assert.deepEqual(mismatched, [], "replay differs from the first run");
    for (const mark of turn.marks) {
      const known = marks[mark.no - 1];
      if (known !== undefined) assert.deepEqual(mark, known);
    }
    return { fresh, turn };
  };

  const commit = (checked: readonly { fresh: readonly Begin[]; turn: Turn }[]): void => {
    for (const { fresh, turn } of checked) {
      for (const begin of fresh) rows.set(begin.id, { ...begin, state: "begun", cancelled: false });
      for (const cancel of turn.cancels) {
        const row = rows.get(cancel.id);
        if (row !== undefined) row.cancelled = true;
      }
      for (const id of turn.closes) {
        const row = rows.get(id);
        if (row?.state === "begun") row.state = "closed";
      }
      for (const mark of turn.marks) if (mark.no === marks.length + 1) marks.push(mark);
    }
  };

  for (let life = 0; life < 10_000; life += 1) {
    const engine = options.load();
    let delivered = 0;
    const kept = [check(engine.turn())];
    let end = kept[0]?.turn.end;
    const next = (): Outcome | undefined => ordered[delivered];
    for (let outcome = next(); outcome !== undefined && end === undefined; outcome = next()) {
      const checked = check(engine.turn(outcome));
      kept.push(checked);
      end = checked.turn.end;
      delivered += 1;
    }
    commit(kept);
    let crashed = false;
    while (end === undefined && !crashed) {
      if (random() < options.crashChance) {
        crashed = true;
        break;
      }
      if (next() === undefined) assert.ok(worldMoves(), "nothing is open and the build has not ended");
      if (random() < 0.3) worldMoves();
      const outcome = next();
      if (outcome === undefined) continue;
      const checked = check(engine.turn(outcome));
      delivered += 1;
      if (random() < options.crashChance) {
        crashed = true;
        break;
      }
      commit([checked]);
      end = checked.turn.end;
    }
    if (end !== undefined) return { end, marks, begins: [...rows.keys()], crashes };
    crashes += 1;
    if (random() < 0.5) worldMoves();
  }
  throw new Error("never ends");
}
