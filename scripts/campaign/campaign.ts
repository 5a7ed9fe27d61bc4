import { setTimeout as pause } from "node:timers/promises";
import type { CampaignOptions } from "./arguments.ts";
import { checkKept } from "./checks/agents.ts";
import { checkBuilds, nameOf } from "./checks/builds.ts";
import { checkDoctor, checkEngine, checkNotices, checkPushes, checkSecret } from "./checks/outside.ts";
import { checkClockwork } from "./checks/clockwork.ts";
import type { Fault } from "./fault.ts";
import { createPerson } from "./person.ts";
import type { Person } from "./person.ts";
import type { Random } from "./random.ts";
import { createRecoveryMeter } from "./recovery.ts";
import type { Recovery } from "./recovery.ts";
import { runBuild } from "./run-build.ts";
import type { BuildRun } from "./run-build.ts";
import { PROJECTS } from "./settings.ts";
import type { Shape } from "./shape.ts";
import { createStriker } from "./strike.ts";
import type { Striker } from "./strike.ts";
import { createTurns } from "./turns.ts";
import type { CampaignWorld } from "./world.ts";

/** What a campaign did and found. */
export interface Outcome {
  readonly runs: readonly BuildRun[];
  readonly striker: Striker;
  readonly violations: readonly string[];
  readonly quietPeriods: number;
  readonly recovery: Recovery;
  /** Deployments that the Swarm was told of. */
  readonly deploys: number;
}

/** Builds that are under way at once. */
const AT_ONCE = 5;
/** How long builds are made and faults done before all has to come to rest. */
const ROUND_MS = 30_000;
const BETWEEN_FAULTS_MS = [300, 3_000] as const;
const LOOK_MS = 100;
/** What takes longer waits for something, which the timeline is to show. */
const LONG_CHECK_MS = 15_000;
/** A push of which nobody was told is found when the server starts; later it would be by the next sweep. */
const UNHEARD_MS = 30_000;

/** Round after round of builds and faults, each followed by quiet in which everything is checked; ends at the first violation. */
export async function runCampaign(
  world: CampaignWorld,
  options: CampaignOptions,
  random: Random,
  { shapes, faults }: { readonly shapes: readonly Shape[]; readonly faults: readonly Fault[] },
): Promise<Outcome> {
  const endsAtMs = Date.now() + options.minutes * 60_000;
  const violations: string[] = [];
  const person = createPerson(world.api, (text) => {
    world.say(`trouble ${text}`);
    violations.push(text);
  });
  const runs: BuildRun[] = [];
  const striker = createStriker(world, faults, random.branch("faults"));
  const launch = launcher({ world, person, runs, shapes, random: random.branch("builds") });
  const isBuilt = (): boolean => options.builds !== undefined && runs.length >= options.builds;
  const isStruck = (): boolean => options.faults !== undefined && striker.struck.length >= options.faults;
  const isDone = (): boolean =>
    Date.now() >= endsAtMs ||
    ((options.builds !== undefined || options.faults !== undefined) &&
      (options.builds === undefined || isBuilt()) &&
      (options.faults === undefined || isStruck()));
  const recovery = createRecoveryMeter(world);
  let quietPeriods = 0;
  while (violations.length === 0 && !isDone()) {
    const first = runs.length;
    await round({
      launch,
      striker,
      runs,
      isDone,
      random: random.branch(`round ${first}`),
    });
    await settle(world, runs.slice(first), options.patienceMs);
    const found = await checkAll(world, person, runs.slice(first), striker);
    violations.push(...found);
    recovery.look(striker.struck);
    quietPeriods += 1;
    for (const text of found) world.say(`WRONG   ${text}`);
    world.say(
      `quiet   ${runs.length} builds, ${striker.struck.length} faults so far; ${found.length === 0 ? "all is well" : `${found.length} violations`}`,
    );
  }
  const deploys = world.swarmHost.proxy.updates.length;
  return { runs, striker, violations, quietPeriods, recovery: recovery.found, deploys };
}

function launcher(deps: {
  readonly world: CampaignWorld;
  readonly person: Person;
  readonly runs: BuildRun[];
  readonly shapes: readonly Shape[];
  readonly random: Random;
}): () => void {
  const { world, person, runs, shapes, random } = deps;
  const turns = createTurns();
  return () => {
    const n = runs.length + 1;
    const shape = random.pickByWeight(shapes);
    const order = { n, project: random.pick(PROJECTS), world, random: random.branch(`build ${n}`) };
    world.say(`build   ${shape.name} ${n} is pushed to ${order.project}`);
    const run = runBuild(shape, order, person, turns);
    runs.push(run);
    void run.settled.then(() =>
      world.say(
        [`build   ${nameOf(run)}: ${run.build?.state ?? "lost"}`, run.build?.reason?.code, ...run.wrong]
          .filter((text) => text !== undefined)
          .join(" "),
      ),
    );
  };
}

/** Makes builds and does faults side by side for a while; all faults are undone when it returns. */
async function round(deps: {
  readonly launch: () => void;
  readonly striker: Striker;
  readonly runs: readonly BuildRun[];
  readonly isDone: () => boolean;
  readonly random: Random;
}): Promise<void> {
  const { launch, striker, runs, isDone, random } = deps;
  const endsAtMs = Date.now() + ROUND_MS;
  const under: Promise<void>[] = [];
  let nextFaultMs = Date.now() + random.between(...BETWEEN_FAULTS_MS);
  while (Date.now() < endsAtMs && !isDone()) {
    const open = runs.filter((run) => run.endedAtMs === undefined && run.wrong.length === 0).length;
    if (open < AT_ONCE) launch();
    if (Date.now() >= nextFaultMs) {
      nextFaultMs = Date.now() + random.between(...BETWEEN_FAULTS_MS);
      const undone = striker.strike();
      if (undone !== undefined) under.push(undone);
    }
    await pause(LOOK_MS);
  }
  await Promise.all(under);
}

/** Waits until every build has ended; restarts the server once where it never heard of a push. */
async function settle(world: CampaignWorld, runs: readonly BuildRun[], patienceMs: number): Promise<void> {
  const all = Promise.all(runs.map((run) => run.settled)).then(() => true);
  const done = new AbortController();
  const within = async (ms: number): Promise<boolean> =>
    await Promise.race([all, pause(ms, false, { signal: done.signal }).catch(() => false)]);
  try {
    if (await within(UNHEARD_MS)) return;
    if (runs.some((run) => run.build === undefined && run.wrong.length === 0)) {
      world.say("quiet   the server has not heard of a push; its sweep at the next start must find it");
      await world.server.shutDown();
      await world.server.start();
    }
    await within(patienceMs);
  } finally {
    done.abort();
  }
}

async function checkAll(
  world: CampaignWorld,
  person: Person,
  latest: readonly BuildRun[],
  striker: Striker,
): Promise<string[]> {
  const wrong = [...striker.wrong, ...checkBuilds(latest, striker.struck)];
  const unsettled = latest.filter((run) => run.endedAtMs === undefined);
  for (const run of unsettled) {
    const why = run.build === undefined ? "no build" : await person.ask("GET", `/builds/${run.build.id}/why`);
    wrong.push(`${nameOf(run)} did not settle: ${typeof why === "string" ? why : why.text}`);
  }
  const checks: Readonly<Record<string, () => Promise<readonly string[]>>> = {
    doctor: () => checkDoctor(world),
    "kept agents": async () => checkKept(world, striker.struck),
    pushes: () => checkPushes(world, person),
    // Builds that go on have containers.
    engine: async () => (unsettled.length === 0 ? await checkEngine(world) : []),
    notices: () => checkNotices(world, latest),
    clock: () => checkClockwork(person, striker.struck),
    secret: () => checkSecret(world),
  };
  for (const [name, check] of Object.entries(checks)) {
    const fromMs = Date.now();
    wrong.push(...(await check()));
    const tookMs = Date.now() - fromMs;
    if (tookMs > LONG_CHECK_MS)
      world.say(`quiet   the check of ${name} waited ${Math.round(tookMs / 1000)} s`);
  }
  return wrong;
}
