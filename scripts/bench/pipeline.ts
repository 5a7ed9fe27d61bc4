import { acceptMeasures } from "./accept-rate.ts";
import { firstOutputMeasures } from "./first-output.ts";
import type { Measure } from "./report.ts";
import { startUpMeasures } from "./start-up.ts";

/** The measures of a push on its way, each beside its floor. */
export async function* pipelineMeasures(rounds: number): AsyncGenerator<Measure> {
  yield* firstOutputMeasures(rounds);
  yield* acceptMeasures(rounds);
  yield* startUpMeasures(rounds);
}
