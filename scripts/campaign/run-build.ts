import { setTimeout as pause } from "node:timers/promises";
import type { Build } from "../../server/http/contract/builds.ts";
import { ENDED } from "../../test/support/api.ts";
import { saysLost } from "./shapes/lines.ts";
import { CANARY } from "./settings.ts";
import type { Expected, Order, Planned, Shape, Watched } from "./shape.ts";
import type { Person } from "./person.ts";

/** A build that was pushed, and what became of it. */
export interface BuildRun {
  readonly name: string;
  readonly order: Order;
  readonly branch: string;
  readonly shape: string;
  readonly pushedAtMs: number;
  sha: string;
  /** What was seen last; undefined while nobody has heard of it. */
  build: Build | undefined;
  endedAtMs: number | undefined;
  /** How it was to end. */
  expected: Expected;
  /** Whether it ended so. */
  asExpected: boolean;
  /** Whether its console says that a full disk has taken a piece of it. */
  saysLost: boolean;
  /** What is wrong with it, apart from how it ended. */
  readonly wrong: string[];
  /** Settles when it has ended and was looked at. */
  settled: Promise<void>;
}

const LOOK_MS = 400;
const FINISHED: Readonly<Record<string, string>> = {
  succeeded: "SUCCESS",
  unstable: "UNSTABLE",
  failed: "FAILURE",
  aborted: "ABORTED",
  not_built: "NOT_BUILT",
};

/** Pushes a build to a branch of its own and looks after it to its end. */
export function runBuild(shape: Shape, order: Order, person: Person, git: Turns): BuildRun {
  const planned = shape.plan(order);
  const run: BuildRun = {
    name: `${shape.name} ${order.n}`,
    order,
    branch: `n${order.n}`,
    shape: shape.name,
    pushedAtMs: Date.now(),
    sha: "",
    build: undefined,
    endedAtMs: undefined,
    expected: planned.expected,
    asExpected: false,
    saysLost: false,
    wrong: [],
    settled: Promise.resolve(),
  };
  run.settled = live(run, planned, person, git).catch((error: unknown) => {
    run.wrong.push(error instanceof Error ? error.message : String(error));
  });
  return run;
}

/** One at a time for each name: two commits in one working copy would be one. */
export type Turns = <T>(name: string, work: () => Promise<T>) => Promise<T>;

async function live(run: BuildRun, planned: Planned, person: Person, git: Turns): Promise<void> {
  const { project, n, world } = run.order;
  await git(project, async () => {
    const copy = world.copies[project];
    if (copy === undefined) throw new Error(`no working copy of ${project}`);
    run.sha = await copy.commit(run.name, {
      Jenkinsfile: `// ${n}\n${planned.jenkinsfile}`,
      ...planned.files,
    });
    await copy.push(`HEAD:refs/heads/${run.branch}`);
  });
  const id = await appeared(run, person);
  run.build = await person.build(id);
  const watched = watch(run, person, id);
  const follow = async (): Promise<void> => {
    while (run.build === undefined || !ENDED.includes(run.build.state)) {
      await pause(LOOK_MS);
      run.build = await person.build(id);
    }
    run.endedAtMs = Date.now();
  };
  const attend = async (): Promise<void> => {
    run.expected = (await planned.attend?.(watched)) ?? run.expected;
  };
  const [, attended] = await Promise.allSettled([follow(), attend()]);
  if (attended.status === "rejected") run.wrong.push(String(attended.reason));
  if (run.endedAtMs === undefined) throw new Error("it was lost sight of");
  await judge(run, planned, person, watched);
}

async function appeared(run: BuildRun, person: Person): Promise<number> {
  for (;;) {
    const [build] = await person.buildsOf(run.order.project, run.branch);
    if (build !== undefined) return build.id;
    await pause(LOOK_MS);
  }
}

function watch(run: BuildRun, person: Person, buildId: number): Watched {
  const latest = (): Build => {
    if (run.build === undefined) throw new Error("not seen yet");
    return run.build;
  };
  return {
    order: run.order,
    person,
    buildId,
    latest,
    hasEnded: () => run.endedAtMs !== undefined,
    until: async (isIt) => {
      for (;;) {
        if (isIt(latest())) return true;
        if (run.endedAtMs !== undefined) return false;
        await pause(LOOK_MS / 2);
      }
    },
  };
}

async function judge(run: BuildRun, planned: Planned, person: Person, watched: Watched): Promise<void> {
  const build = watched.latest();
  const console = await person.console(build.id);
  const { state, reason } = build;
  const { expected } = run;
  run.asExpected =
    state === expected.state &&
    (expected.fault === undefined || reason?.fault === expected.fault) &&
    (expected.code === undefined || reason?.code === expected.code);
  const wanted = `Finished: ${FINISHED[state]}`;
  if (console.trimEnd().split("\n").at(-1) !== wanted)
    run.wrong.push(`its console does not end with ${wanted}`);
  run.saysLost = saysLost(console);
  if (console.includes(CANARY)) run.wrong.push("its console shows a secret");
  if (build.sha !== run.sha) run.wrong.push(`it is of ${build.sha}, and ${run.sha} was pushed`);
  if (run.asExpected) run.wrong.push(...((await planned.check?.(watched, console)) ?? []));
  run.wrong.push(...((await planned.checkAnyEnd?.(watched)) ?? []));
}
