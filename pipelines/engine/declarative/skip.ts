import type { Flow } from "../../interpreter/flow.ts";
import type { Stage } from "../../model/pipeline.ts";
import type { StageScope } from "../context.ts";
import { inStage, markStage } from "../stages.ts";
import { cellsOf } from "./matrix.ts";
import type { World } from "./world.ts";

/** Why a stage does not run: its own condition, or what came before it, which left it not built. */
export type Skip = { readonly state: "skipped" | "not_built"; readonly reason: string };

/** Thrown through the wrappers of a stage whose `when` does not hold. No script can catch it. */
export class SkippedByWhen extends Error {}

/** Shows a stage, and each stage in it, as skipped. The reason follows its name: `due to earlier failure(s)`. */
export function* skipStage(world: World, stage: Stage, skip: Skip): Flow<void> {
  const { run } = world;
  run.print("[Pipeline] stage");
  yield* inStage(run, stage.name, (scope) => markSkipped(world, stage, scope, skip));
  run.print("[Pipeline] // stage");
}

/** The same for a stage that has been opened already. */
export function* markSkipped(world: World, stage: Stage, scope: StageScope, skip: Skip): Flow<void> {
  world.run.print(`Stage "${stage.name}" skipped ${skip.reason}`);
  markStage(world.run, scope, skip.state, { note: skip.reason });
  yield* skipChildren(world, stage, skip);
}

function* skipChildren(world: World, stage: Stage, skip: Skip): Flow<void> {
  const { run } = world;
  if (stage.work.kind === "steps") return;
  if (stage.work.kind === "stages") {
    for (const child of stage.work.stages) yield* skipStage(world, child, skip);
    return;
  }
  const branches =
    stage.work.kind === "parallel"
      ? stage.work.stages
      : cellsOf(stage.work.matrix, stage).map((cell) => cell.stage);
  run.print("[Pipeline] parallel");
  for (const branch of branches) {
    run.print(`[Pipeline] { (Branch: ${branch.name})`);
    yield* skipStage(world, branch, skip);
    run.print("[Pipeline] }");
  }
  run.print("[Pipeline] // parallel");
}
