import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import { z } from "zod";

import { evaluateScript } from "../../pipelines/interpreter/evaluate.ts";
import type { Host } from "../../pipelines/interpreter/host.ts";
import { plainJson } from "../../pipelines/interpreter/plain-json.ts";
import { lint } from "../../pipelines/lint.ts";
import { dry } from "../../test/pipelines/engine/dry.ts";
import { temporaryFolder } from "../../test/support/services/folder.ts";
import { GROOVY_LOOP, JAVASCRIPT_LOOP, longFile, manyStages } from "./language-samples.ts";
import type { Measure } from "./report.ts";

const SLUICE = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
const HOSTILE = fileURLToPath(new URL("../../test/pipelines/support/measure-hostile.ts", import.meta.url));
const WARM_UPS = 20;

/** What the language costs by itself: reading, starting, looping, and a whole pipeline without effects. */
export async function* languageMeasures(rounds: number): AsyncGenerator<Measure> {
  yield warmLint(rounds);
  yield await lintStart(rounds);
  yield loop(rounds);
  yield await wholeFile(rounds);
  yield* hostile();
}

/** Scripts that take the longest, and those that take the most memory, of the ones that are meant to. */
const SLOWEST = [
  "loop-do",
  "loop-finally",
  "loop-json-parse",
  "loop-list-minus",
  "loop-sort-grows",
  "huge-map",
  "huge-list-of-longs",
];
const LARGEST = [
  "huge-list-of-gstrings",
  "huge-list-transpose",
  "huge-string-expand",
  "huge-list-of-matchers",
];

const Reports = z.array(z.object({ cpuMs: z.number(), residentBytes: z.number() }));

/** Each in a process of its own, as `sluice groovy` runs it: processor time of the work, and the most memory that was resident. */
function* hostile(): Generator<Measure> {
  const reports = [...SLOWEST, ...LARGEST].map((name) => {
    const run = spawnSync(process.execPath, [HOSTILE, "scripts", `${name}.groovy`], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    const [report] = Reports.parse(JSON.parse(run.stdout));
    assert.ok(report !== undefined);
    return report;
  });
  yield {
    kind: "plain",
    name: "a hostile script, work until its end",
    unit: "ms",
    product: reports.map(({ cpuMs }) => cpuMs),
    goal: { atMost: 1000 },
    most: true,
  };
  yield {
    kind: "plain",
    name: "a hostile script, resident memory",
    unit: "MiB",
    product: reports.map(({ residentBytes }) => residentBytes / 2 ** 20),
    goal: { atMost: 256 },
    most: true,
  };
}

function warmLint(rounds: number): Measure {
  const text = longFile();
  assert.equal(text.split("\n").length, 200);
  const look = (): number => timed(() => assert.deepEqual(lint(text), []));
  for (let i = 0; i < WARM_UPS; i += 1) look();
  const product = Array.from({ length: rounds }, look);
  return { kind: "plain", name: "lint of 200 lines, warm", unit: "ms", product, goal: { atMost: 5 } };
}

async function lintStart(rounds: number): Promise<Measure> {
  const folder = await temporaryFolder("lint");
  try {
    const file = join(folder.path, "Jenkinsfile");
    await writeFile(file, longFile());
    const first = await processMs([SLUICE, "lint", file]);
    const product: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      floor.push(await processMs(["--eval", "0"]));
      product.push(await processMs([SLUICE, "lint", file]));
    }
    return {
      kind: "ratio",
      name: "sluice lint, start to end",
      unit: "ms",
      product,
      beside: "a bare Node",
      floor,
      goal: { atMost: 2.5 },
      note: `the first: ${Math.round(first)} ms`,
    };
  } finally {
    await folder.remove();
  }
}

function loop(rounds: number): Measure {
  const product: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    // Compiled anew each time: otherwise one side would run what the other side's rounds have warmed up.
    const inJavaScript = timed(() => assert.equal(compileFunction(JAVASCRIPT_LOOP)(), LOOP_VALUE));
    const inGroovy = timed(() => assert.equal(valueOf(GROOVY_LOOP), LOOP_VALUE));
    if (round === 0) continue;
    floor.push(inJavaScript);
    product.push(inGroovy);
  }
  return {
    kind: "ratio",
    name: "a Groovy loop of 10,000",
    unit: "ms",
    product,
    beside: "the same in JavaScript",
    floor,
    goal: { atMost: 50 },
  };
}

/** 0 + 1 + … + 9,999, the numbers below 10,000 that 3 divides, those that end in 1. */
const LOOP_VALUE = 49_995_000 + 3_334 + 1_000;

async function wholeFile(rounds: number): Promise<Measure> {
  const product: number[] = [];
  for (let round = 0; round <= rounds; round += 1) product.push(timed(() => runDry(manyStages())));
  return {
    kind: "plain",
    name: "300 stages read, checked and run dry",
    unit: "ms",
    product: product.slice(1),
    goal: { atMost: 300 },
  };
}

function runDry(text: string): void {
  assert.deepEqual(lint(text), []);
  const end = dry(text).end;
  assert.equal(end.result, "SUCCESS");
}

function valueOf(script: string): unknown {
  const result = evaluateScript(script, { host: SILENT, file: "loop" });
  if ("error" in result) throw new Error(result.error.message);
  return plainJson(result.evaluator, result.value);
}

/** No steps, no terminal: the loop asks nothing of its world. */
const SILENT: Host = {
  callFunction: () => undefined,
  readName: () => undefined,
  assignName: () => false,
  print: () => {},
  read: () => {
    throw new Error("the loop reads nothing");
  },
};

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

async function processMs(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [code]: unknown[] = await once(child, "exit");
  assert.equal(code, 0, `${args.join(" ")} ended with ${String(code)}`);
  return performance.now() - startedAt;
}
