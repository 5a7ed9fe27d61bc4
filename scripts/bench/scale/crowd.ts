import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "../../../test/support/services/until.ts";
import { PROJECT, startSpine } from "../../../test/support/spine.ts";
import type { Spine } from "../../../test/support/spine.ts";
import type { Measure } from "../report.ts";
import { spreadOf } from "../statistics.ts";
import { openCounts } from "./counts.ts";
import type { Counts } from "./counts.ts";
import { p99, sendPushes } from "./send.ts";
import type { PushTarget } from "./send.ts";

const CROWD = 10_000;
const FILL_RATE = 400;
/** Pushes sent to see how fast they are accepted, and how many a second: far below what the machine can do. */
const PROBES = 200;
const PROBE_RATE = 40;
const PAGE_READS = 20;
const LOOKS = 5;
const SETTLE_MS = 4000;
/** Builds of a project that may run at once keep their engine for a while, also when they wait for a place. */
const MOST_LOADED = 20;
const FILL_DEADLINE_MS = 1_200_000;
const MIB = 1024;

/** What is there ten thousand times. */
export interface Crowd {
  readonly name: string;
  readonly jenkinsfile: string;
  readonly count: (counts: Counts) => number;
}

/** Builds that wait until others of their project are done, and some for a place: no runner is there. */
export const QUEUED: Crowd = {
  name: "10,000 queued builds",
  jenkinsfile: `pipeline { agent any; stages { stage('A') { steps { echo 'a' } } } }
`,
  count: (counts) => counts.queued(),
};

/** Builds that wait for a person, and hold no agent meanwhile. */
export const GATES: Crowd = {
  name: "10,000 open gates",
  jenkinsfile: `pipeline { agent none; stages { stage('A') { input { message 'Go?' }; steps { echo 'a' } } } }
`,
  count: (counts) => counts.openGates(),
};

interface Seen {
  readonly readyMs: number;
  readonly memoryMib: number;
  readonly acceptMs: number;
  readonly pageMs: number;
}

/** What a crowd costs: each figure right after a start, with a handful and with all of them. */
export async function* crowdMeasures(crowd: Crowd): AsyncGenerator<Measure> {
  const spine = await startSpine({ runner: false });
  const counts = openCounts(spine.server.dataFolder);
  try {
    const commit = await spine.push("a file", { Jenkinsfile: crowd.jenkinsfile }, "other");
    const target = { ...(await spine.server.api.renewHook(PROJECT)), repository: PROJECT, commit };
    await look(spine, target);
    const few = await looks(spine, target);
    await fill(crowd, counts, target);
    // Killed before that, the server would load at its start what it was about to leave.
    await until("what only waits is not held in memory", () => counts.loaded() <= MOST_LOADED, {
      deadlineMs: FILL_DEADLINE_MS,
      everyMs: 500,
    });
    const many = await looks(spine, target);
    const ratio = (name: string, of: (seen: Seen) => number): Measure => ({
      kind: "ratio",
      name: `${crowd.name}: ${name}`,
      unit: "ms",
      product: many.map(of),
      beside: "with a few",
      floor: few.map(of),
      goal: { atMost: 2 },
    });
    yield ratio("99 of 100 pushes accepted within", ({ acceptMs }) => acceptMs);
    yield ratio("what the start page reads", ({ pageMs }) => pageMs);
    yield {
      kind: "plain",
      name: `${crowd.name}: memory more`,
      unit: "MiB",
      product: differences(many, few, ({ memoryMib }) => memoryMib),
      goal: { atMost: 20 },
    };
    yield {
      kind: "plain",
      name: `${crowd.name}: a start takes longer by`,
      unit: "ms",
      product: differences(many, few, ({ readyMs }) => readyMs),
      goal: { atMost: 2000 },
    };
  } finally {
    counts.close();
    await spine.stop();
  }
}

/** Pushes until all are there: what waits now may be on its way to something else, so the first count may be too high. */
async function fill(crowd: Crowd, counts: Counts, target: PushTarget): Promise<void> {
  const endsAtMs = Date.now() + FILL_DEADLINE_MS;
  for (let left = CROWD - crowd.count(counts); left > 0; left = CROWD - crowd.count(counts)) {
    if (Date.now() > endsAtMs) throw new Error(`there are no ${crowd.name}: ${left} are missing`);
    await sendPushes(target, left, FILL_RATE);
    await settled(() => crowd.count(counts));
  }
}

/** Waits until a count stays the same for a while. */
async function settled(count: () => number): Promise<void> {
  for (let last = -1; last !== count();) {
    last = count();
    await pause(SETTLE_MS);
  }
}

/** How far each figure is above the median of the others. */
function differences(many: readonly Seen[], few: readonly Seen[], of: (seen: Seen) => number): number[] {
  const { median } = spreadOf(few.map(of));
  return many.map((seen) => of(seen) - median);
}

/** Several starts: what a process has resident depends on when it last cleared away. */
async function looks(spine: Spine, target: PushTarget): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (seen.length < LOOKS) seen.push(await look(spine, target));
  return seen;
}

/** Starts the server anew and looks at it. */
async function look(spine: Spine, target: PushTarget): Promise<Seen> {
  await spine.server.kill();
  const startedAt = performance.now();
  await spine.server.restart();
  const readyMs = performance.now() - startedAt;
  await pause(SETTLE_MS);
  const memoryMib = await residentMib(spine.server.pid());
  const { answers } = await sendPushes(target, PROBES, PROBE_RATE);
  await pause(SETTLE_MS);
  return { readyMs, memoryMib, acceptMs: p99(answers.map(({ ms }) => ms)), pageMs: await pageMs(spine) };
}

async function pageMs(spine: Spine): Promise<number> {
  const figures: number[] = [];
  for (let read = 0; read < PAGE_READS; read += 1) {
    const startedAt = performance.now();
    for (const path of ["/home", "/processes", `/projects/${PROJECT}/builds`, "/gates?state=open"]) {
      const { status } = await spine.server.api.ask("GET", path);
      if (status !== 200) throw new Error(`${path} was answered ${status}`);
    }
    figures.push(performance.now() - startedAt);
  }
  return spreadOf(figures).median;
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / MIB;
}
