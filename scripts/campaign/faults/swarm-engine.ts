import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { until } from "../../../test/support/services/until.ts";
import type { SecondEngine } from "../../../test/support/services/second-engine.ts";
import type { Fault, World } from "../fault.ts";

const Info = z.object({ Swarm: z.object({ ControlAvailable: z.boolean() }) });
/** A node that was killed elects itself again; on a busy machine that takes its time. */
const PATIENCE = { deadlineMs: 120_000, everyMs: 250 };

/** Crash and orderly restart of the engine that is deployed to: without live-restore, which a Swarm excludes. */
export const SWARM_ENGINE_FAULTS: readonly Fault[] = [
  swarmFault("kill the Swarm's engine", (engine) => engine.kill()),
  swarmFault("shut the Swarm's engine down", (engine) => engine.shutDown()),
];

function swarmFault(name: string, end: (engine: SecondEngine) => Promise<void>): Fault {
  return {
    name,
    weight: 4,
    touches: ["swarm"],
    // A target that cannot be looked at for that long is waited for; none of this is a build's failure.
    permits: [],
    possible: ({ swarm }) => swarm !== undefined,
    inject: async (world, random) => {
      const engine = swarmOf(world);
      const awayMs = random.between(0, 4_000);
      await end(engine);
      await pause(awayMs);
      await engine.startAgain();
      await until(
        "the Swarm has its manager again",
        async () => Info.parse(await engine.docker.info()).Swarm.ControlAvailable,
        PATIENCE,
      );
      return `away for ${awayMs} ms`;
    },
  };
}

function swarmOf({ swarm }: World): SecondEngine {
  if (swarm === undefined) throw new Error("this world has no Swarm of its own");
  return swarm;
}
