import type { Flow } from "../../interpreter/flow.ts";
import { POST_CONDITIONS, type PostBlock, type PostCondition } from "../../model/pipeline.ts";
import type { Result } from "../../ports.ts";
import { isWorse, worst } from "../build-state.ts";
import { catchable } from "../build.ts";
import type { StageScope } from "../context.ts";
import { storedErrorOf } from "../convert.ts";
import { failureLines } from "../failure-text.ts";
import { readPrevious } from "../objects/current-build.ts";
import { OtherBuildObject } from "../objects/other-build.ts";
import { callBlock, siteOf, type World } from "./world.ts";

/** What became of the stage or pipeline whose `post` runs. */
export type PostSubject = {
  /** The error so far, or null. */
  readonly error: unknown;
  /** The stage, for its warnings; null for the pipeline. */
  readonly stage: StageScope | null;
};

/** Result of an error: an interruption has its own, anything else is a failure. */
export function resultOf(error: unknown): Result | null {
  return error === null ? null : (storedErrorOf(error)?.result ?? "FAILURE");
}

/**
 * Runs the blocks whose condition holds, in Jenkins' order, each tested when its turn comes. Gives the error to go on
 * with: the first one, be it of the subject or of a block.
 */
export function* runPost(
  world: World,
  blocks: readonly PostBlock[],
  subject: PostSubject,
  wrap: (body: () => Flow<void>) => Flow<void>,
): Flow<unknown> {
  const previous = yield* readPreviousResult(world, blocks);
  let { error } = subject;
  const resultNow = (): Result =>
    worst(world.run.build.result, resultOf(error), subject.stage?.worst ?? null);
  const isDue = (condition: PostCondition): boolean =>
    holds(condition, resultNow(), worst(world.run.build.result, resultOf(error)), previous);
  if (!blocks.some((block) => isDue(block.condition))) return error;
  yield* wrap(function* () {
    for (const condition of POST_CONDITIONS)
      for (const block of blocks) {
        if (block.condition !== condition || !isDue(condition)) continue;
        const failure = yield* runBlock(world, block, resultNow());
        if (error === null) error = failure;
      }
  });
  return error;
}

function* runBlock(world: World, block: PostBlock, result: Result): Flow<unknown> {
  const { run } = world;
  const before = run.build.combined;
  run.build.combined = result;
  try {
    yield* callBlock(world, block.body);
    return null;
  } catch (error) {
    catchable(error);
    run.print(`Error when executing ${block.condition} post condition:`);
    for (const line of failureLines(error)) run.print(line);
    return error;
  } finally {
    run.build.combined = before;
  }
}

/** `undefined`: not asked for; null: there is no earlier build that has ended. */
function* readPreviousResult(world: World, blocks: readonly PostBlock[]): Flow<Result | null | undefined> {
  const asking = blocks.find(
    ({ condition }) => condition === "changed" || condition === "fixed" || condition === "regression",
  );
  if (asking === undefined) return undefined;
  const build = yield* readPrevious(world.run, "completed", siteOf(world, asking.span));
  if (!(build instanceof OtherBuildObject)) return null;
  const result = build.getProperty("result");
  return typeof result === "string" ? resultNamed(result) : "SUCCESS";
}

function resultNamed(text: string): Result {
  return text === "UNSTABLE" || text === "FAILURE" || text === "NOT_BUILT" || text === "ABORTED"
    ? text
    : "SUCCESS";
}

function holds(
  condition: PostCondition,
  result: Result,
  withoutWarnings: Result,
  previous: Result | null | undefined,
): boolean {
  switch (condition) {
    case "always":
    case "cleanup":
      return true;
    case "changed":
      return previous === null || previous === undefined || withoutWarnings !== previous;
    case "fixed":
      return (previous === "FAILURE" || previous === "UNSTABLE") && withoutWarnings === "SUCCESS";
    case "regression":
      return previous !== null && previous !== undefined && isWorse(withoutWarnings, previous);
    case "aborted":
      return result === "ABORTED";
    case "success":
      return result === "SUCCESS";
    case "unsuccessful":
      return result !== "SUCCESS";
    case "unstable":
      return result === "UNSTABLE";
    case "failure":
      return result === "FAILURE";
    case "notBuilt":
      return result === "NOT_BUILT";
  }
}
