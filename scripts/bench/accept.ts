import type { Measure } from "./report.ts";
import { burstMeasures } from "./scale/accept-burst.ts";
import { crowdMeasures, GATES, QUEUED } from "./scale/crowd.ts";

/** Bursts and crowds: what is accepted is kept, and ten thousand that wait cost next to nothing. */
export async function* acceptMeasures(rounds: number): AsyncGenerator<Measure> {
  yield* burstMeasures(rounds);
  yield* crowdMeasures(QUEUED);
  yield* crowdMeasures(GATES);
}
