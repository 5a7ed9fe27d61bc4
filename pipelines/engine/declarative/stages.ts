import type { Flow } from "../../interpreter/flow.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Stage, StageParts } from "../../model/pipeline.ts";
import { worst } from "../build-state.ts";
import { catchable } from "../build.ts";
import type { StageScope } from "../context.ts";
import { runParallel, type Branch } from "../parallel.ts";
import { inStage } from "../stages.ts";
import { withAgent, withFreshContainer } from "./agent.ts";
import { withEnvironment } from "./environment.ts";
import { withInput } from "./input.ts";
import { cellsOf } from "./matrix.ts";
import { checkoutDir, skipsCheckout, withOptions } from "./options.ts";
import { runPost } from "./post.ts";
import { markSkipped, skipStage, SkippedByWhen } from "./skip.ts";
import { withTools } from "./tools.ts";
import { isWanted } from "./when.ts";
import { callBlock, type World } from "./world.ts";

/** Runs stages in order. After a failure the others are skipped; gives the first error, or null. */
export function* runStages(world: World, stages: readonly Stage[], isTop: boolean): Flow<unknown> {
  const { run } = world;
  const { restartFrom } = run.head;
  let isBeforeRestart = isTop && restartFrom !== null && stages.some((stage) => stage.name === restartFrom);
  let error: unknown = null;
  for (const stage of stages) {
    if (stage.name === restartFrom) isBeforeRestart = false;
    if (isBeforeRestart)
      yield* skipStage(world, stage, {
        state: "skipped",
        reason: `due to this build restarting at stage "${restartFrom ?? ""}"`,
      });
    else if (error !== null)
      yield* skipStage(world, stage, { state: "not_built", reason: "due to earlier failure(s)" });
    else if (world.flags.skipAfterUnstable && worst(run.build.result) === "UNSTABLE")
      yield* skipStage(world, stage, {
        state: "not_built",
        reason: "due to earlier stage(s) marking the build as unstable",
      });
    else error = yield* errorOf(() => runStage(world, stage));
  }
  return error;
}

/** The error a block ends with, or null. What no script may catch goes on its way. */
export function* errorOf(body: () => Flow<unknown>): Flow<unknown> {
  try {
    yield* body();
    return null;
  } catch (error) {
    catchable(error);
    return error;
  }
}

/** Runs one stage, its wrappers, work and post, as jenkinsfile.md 5 nests them. */
export function* runStage(world: World, stage: Stage): Flow<Value> {
  const { run } = world;
  run.print("[Pipeline] stage");
  try {
    const shape = stage.work.kind === "steps" ? "stage" : stage.work.kind === "stages" ? "group" : "parallel";
    return yield* inStage(run, stage.name, (scope) => enterStage(world, stage, scope), shape);
  } finally {
    run.print("[Pipeline] // stage");
  }
}

function* enterStage(world: World, stage: Stage, scope: StageScope): Flow<Value> {
  const asked = { isDone: false };
  try {
    const error = yield* errorOf(() => wrapped(world, stage, scope, asked));
    return yield* finishBranches(world, stage, scope, error);
  } catch (error) {
    if (!(error instanceof SkippedByWhen)) throw error;
    yield* markSkipped(world, stage, scope, { state: "skipped", reason: "due to when conditional" });
    return null;
  }
}

/** The post of a parallel or matrix stage runs after its branches joined, outside the stage's wrappers. */
function* finishBranches(world: World, stage: Stage, scope: StageScope, error: unknown): Flow<Value> {
  const hasBranches = stage.work.kind === "parallel" || stage.work.kind === "matrix";
  const last = hasBranches ? yield* stagePost(world, stage, scope, error) : error;
  if (last !== null) throw last;
  return null;
}

type Asked = { isDone: boolean };

/** Asks `when` once, at the first place where it may be asked. */
function* ask(world: World, parts: StageParts, asked: Asked, isHere: boolean): Flow<void> {
  if (parts.when === undefined || asked.isDone || !isHere) return;
  asked.isDone = true;
  if (!(yield* isWanted(world, parts.when))) throw new SkippedByWhen();
}

function* wrapped(world: World, stage: Stage, scope: StageScope, asked: Asked): Flow<Value> {
  yield* ask(world, stage, asked, stage.when?.beforeOptions === true);
  return yield* withOptions(world, stage.options, function* () {
    yield* ask(world, stage, asked, stage.when?.beforeInput === true);
    return yield* withInput(world, stage.input, stage.name, () => work(world, stage, scope, asked));
  });
}

function* work(world: World, stage: Stage, scope: StageScope, asked: Asked): Flow<Value> {
  if (stage.work.kind === "parallel" || stage.work.kind === "matrix") {
    yield* ask(world, stage, asked, true);
    return yield* withEnvironment(world, stage.environment, () => runBranches(world, stage));
  }
  yield* ask(world, stage, asked, stage.when?.beforeAgent === true);
  const skips = (yield* skipsCheckout(world, stage.options)) ?? world.flags.skipDefaultCheckout;
  const dir = (yield* checkoutDir(world, stage.options)) ?? world.flags.checkoutDir;
  const options = { checkout: skips ? null : { dir }, isRoot: false };
  return yield* withAgent(world, stage.agent, options, () =>
    inFreshContainer(world, stage, function* () {
      yield* ask(world, stage, asked, true);
      return yield* withEnvironment(world, stage.environment, () =>
        withTools(world, stage.tools, () => workThenPost(world, stage, scope)),
      );
    }),
  );
}

/** `newContainerPerStage`: stages without an agent of their own get a container each. */
function* inFreshContainer(world: World, stage: Stage, body: () => Flow<Value>): Flow<Value> {
  const isWanted = world.flags.containerPerStage && stage.agent === undefined && stage.work.kind === "steps";
  return isWanted ? yield* withFreshContainer(world, body) : yield* body();
}

function* workThenPost(world: World, stage: Stage, scope: StageScope): Flow<Value> {
  const { work: todo } = stage;
  const error =
    todo.kind === "steps"
      ? yield* errorOf(() => callBlock(world, todo.body))
      : todo.kind === "stages"
        ? yield* runStages(world, todo.stages, false)
        : null;
  const last = yield* stagePost(world, stage, scope, error);
  if (last !== null) throw last;
  return null;
}

function* stagePost(world: World, stage: Stage, scope: StageScope, error: unknown): Flow<unknown> {
  if (stage.post.length === 0) return error;
  return yield* runPost(world, stage.post, { error, stage: scope }, function* (body) {
    world.run.print("Post stage");
    yield* body();
  });
}

function* runBranches(world: World, stage: Stage): Flow<Value> {
  const { run } = world;
  const branches: Branch[] = [];
  if (stage.work.kind === "parallel")
    for (const child of stage.work.stages)
      branches.push({ name: child.name, run: () => runStage(world, child) });
  if (stage.work.kind === "matrix")
    for (const cell of cellsOf(stage.work.matrix, stage))
      branches.push({
        name: cell.stage.name,
        run: () => run.withVariables(cell.variables, () => runStage(world, cell.stage)),
      });
  run.print("[Pipeline] parallel");
  try {
    return yield* runParallel(run, branches, stage.failFast || world.flags.failFast);
  } finally {
    run.print("[Pipeline] // parallel");
  }
}
