import type { Span } from "../diagnostic.ts";
import type { Stage } from "./pipeline.ts";
import { refuse } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Stages that a file may write; the cells of a matrix are not counted here, its stages are. */
const MOST_STAGES = 500;

/** Refuses a file with more stages than a person, or the page, can follow. */
export function refuseTooManyStages(r: Reading, stages: readonly Stage[], span: Span): void {
  const count = countStages(stages);
  if (count > MOST_STAGES)
    refuse(
      r,
      "too-many-stages",
      `The pipeline has ${count} stages, and no more than ${MOST_STAGES} are allowed`,
      span,
      "write what repeats as a matrix, or as steps of one stage",
    );
}

function countStages(stages: readonly Stage[]): number {
  return stages.reduce((sum, { work }) => sum + 1 + inside(work), 0);
}

function inside(work: Stage["work"]): number {
  if (work.kind === "steps") return 0;
  return countStages(work.kind === "matrix" ? work.matrix.stages : work.stages);
}
