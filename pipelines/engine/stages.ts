import type { StageMark, StageState } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import { isWorse } from "./build-state.ts";
import type { Run } from "./build.ts";
import type { StageScope } from "./context.ts";
import { storedErrorOf } from "./convert.ts";

/** Opens a stage below the one the flow is in; its path is its place, so that it is the same in every replay. */
export function openStage(run: Run, name: string): StageScope {
  const parent = run.context.stage;
  const counter = parent?.children ?? rootCounter(run);
  counter.count += 1;
  const path = parent === null ? String(counter.count) : `${parent.path}.${counter.count}`;
  return { path, name, parent, children: { count: 0 }, worst: "SUCCESS", state: "running" };
}

const counters = new WeakMap<Run, { count: number }>();

function rootCounter(run: Run): { count: number } {
  const known = counters.get(run);
  if (known !== undefined) return known;
  const counter = { count: 0 };
  counters.set(run, counter);
  return counter;
}

/** Writes a stage's state for the page. */
export function markStage(
  run: Run,
  stage: StageScope,
  state: StageState,
  more: { readonly shape?: StageMark["shape"]; readonly note?: string } = {},
): void {
  stage.state = state;
  run.scheduler.mark({
    kind: "stage",
    path: stage.path,
    name: run.masked(stage.name),
    parent: stage.parent?.path ?? null,
    state,
    shape: more.shape ?? "stage",
    note: more.note ?? null,
  });
}

/** Runs `body` as a stage: `[Pipeline] { (NAME)`, STAGE_NAME, its state on the page. */
export function* inStage<T>(
  run: Run,
  name: string,
  body: (stage: StageScope) => Flow<T>,
  shape: StageMark["shape"] = "stage",
): Flow<T> {
  const stage = openStage(run, name);
  markStage(run, stage, "running", { shape });
  try {
    const value = yield* run.block(name, () =>
      run.within({ stage }, () => run.withVariables([["STAGE_NAME", name]], () => body(stage))),
    );
    closeStage(run, stage, null, shape);
    return value;
  } catch (error) {
    closeStage(run, stage, error, shape);
    throw error;
  }
}

function closeStage(run: Run, stage: StageScope, error: unknown, shape: StageMark["shape"]): void {
  if (stage.state === "skipped" || stage.state === "not_built") return;
  markStage(run, stage, stageState(stage, error), { shape });
  const { parent } = stage;
  if (parent !== null && isWorse(stage.worst, parent.worst)) parent.worst = stage.worst;
}

function stageState(stage: StageScope, error: unknown): StageState {
  if (error !== null) {
    const result = storedErrorOf(error)?.result;
    if (result === "ABORTED") return "aborted";
    if (result === "NOT_BUILT") return "not_built";
    if (result === "UNSTABLE") return "unstable";
    return "failed";
  }
  switch (stage.worst) {
    case "SUCCESS":
      return "succeeded";
    case "UNSTABLE":
      return "unstable";
    case "FAILURE":
      return "failed";
    case "NOT_BUILT":
      return "not_built";
    case "ABORTED":
      return "aborted";
  }
}

/** Records a warning in the stage around: its state, and what its `post` sees. */
export function warnStage(
  run: Run,
  result: "UNSTABLE" | "FAILURE" | "ABORTED" | "NOT_BUILT" | "SUCCESS",
): void {
  const { stage } = run.context;
  if (stage !== null && isWorse(result, stage.worst)) stage.worst = result;
}
