import type { Flow } from "../../interpreter/flow.ts";
import type { Stage } from "../../model/pipeline.ts";
import type { StageScope } from "../context.ts";
import { inStage, markStage } from "../stages.ts";
import { cellsOf } from "./matrix.ts";
import type { World } from "./world.ts";

/** Thrown through the wrappers of a stage whose `when` does not hold. No script can catch it. */
export class SkippedByWhen extends Error {}

/** Shows a stage, and each stage in it, as skipped. `reason` follows its name: `due to earlier failure(s)`. */
export function* skipStage(world: World, stage: Stage, reason: string): Flow<void> {
  const { run } = world;
  run.print("[Pipeline] stage");
  yield* inStage(run, stage.name, (scope) => markSkipped(world, stage, scope, reason));
  run.print("[Pipeline] // stage");
}

/** The same for a stage that has been opened already. */
export function* markSkipped(world: World, stage: Stage, scope: StageScope, reason: string): Flow<void> {
  world.run.print(`Stage "${stage.name}" skipped ${reason}`);
  markStage(world.run, scope, "skipped", { note: reason });
  yield* skipChildren(world, stage, reason);
}

function* skipChildren(world: World, stage: Stage, reason: string): Flow<void> {
  const { run } = world;
  if (stage.work.kind === "steps") return;
  if (stage.work.kind === "stages") {
    for (const child of stage.work.stages) yield* skipStage(world, child, reason);
    return;
  }
  const branches =
    stage.work.kind === "parallel"
      ? stage.work.stages
      : cellsOf(stage.work.matrix, stage).map((cell) => cell.stage);
  run.print("[Pipeline] parallel");
  for (const branch of branches) {
    run.print(`[Pipeline] { (Branch: ${branch.name})`);
    yield* skipStage(world, branch, reason);
    run.print("[Pipeline] }");
  }
  run.print("[Pipeline] // parallel");
}
