import { join } from "node:path";
import { startChild } from "../../test/support/services/process.ts";
import { ROOT } from "./settings.ts";

/** A failure whose wait or amount is cut short in `npm test`: the test that shows it, and what makes it real. */
export interface LongCase {
  readonly name: string;
  readonly file: string;
  /** A part of the test's title. */
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What takes minutes and needs more of the outside to be looked at than a fault of a campaign has. */
export const LONG_CASES: readonly LongCase[] = [
  {
    name: "F03: a runner's line cut for 60 s",
    file: "test/spine/runner-loss.test.ts",
    title: "in a network of its own",
    env: { SLUICE_TEST_CUT_S: "60" },
  },
  {
    name: "F16: FLUSHALL under 10,000 queued builds",
    file: "test/server/builds/redis.test.ts",
    title: "F16:",
    env: { SLUICE_TEST_QUEUED: "10000" },
  },
  {
    name: "F18: Redis away for 5 minutes",
    file: "test/spine/redis.test.ts",
    title: "F18:",
    env: { SLUICE_TEST_OUTAGE_S: "300" },
  },
  {
    name: "F51: 10 GB of output",
    file: "test/spine/flood.test.ts",
    title: "F51:",
    env: { SLUICE_TEST_FLOOD_MIB: "10240" },
  },
  {
    name: "F66: a forge's status API answers 500 for 10 minutes",
    file: "test/server/forges/workers.test.ts",
    // Its builds come from the tests before it.
    title: "the workers beside the forges",
    env: { SLUICE_TEST_OUTAGE_S: "600" },
  },
];

const MOCHA = join(ROOT, "node_modules/mocha/bin/mocha.js");

/** Shows one failure in real time. Gives what is wrong. */
export async function runLongCase(one: LongCase, say: (line: string) => void): Promise<string[]> {
  say(`long    ${one.name} …`);
  const sinceMs = Date.now();
  const child = await startChild(process.execPath, [MOCHA, one.file, "--fgrep", one.title], {
    env: { ...process.env, ...one.env },
    cwd: ROOT,
    deathSignal: "TERM",
  });
  const { code } = await child.exited;
  const tookS = Math.round((Date.now() - sinceMs) / 1000);
  // A title that fits no test would end well, too.
  const isShown = code === 0 && /^\s+[1-9]\d* passing/mu.test(child.output());
  say(`long    ${one.name}: ${isShown ? "all is well" : "WRONG"}, it took ${tookS} s`);
  return isShown ? [] : [`${one.name}: ${child.output()}`];
}
