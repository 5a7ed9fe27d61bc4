import type { Stage } from "../../model/pipeline.ts";

/** The stages written inside a stage. */
export function childStages(stage: Stage): readonly Stage[] {
  switch (stage.work.kind) {
    case "steps":
      return [];
    case "stages":
    case "parallel":
      return stage.work.stages;
    case "matrix":
      return [];
  }
}
