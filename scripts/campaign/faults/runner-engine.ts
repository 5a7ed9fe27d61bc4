import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { SecondEngine } from "../../../test/support/services/second-engine.ts";
import type { Fault, World } from "../fault.ts";

/** How long work is waited for. */
const WORK_MS = 10_000;
const LOOK_MS = 50;

/** Crash and orderly restart of a runner's engine that has live-restore: steps go on meanwhile, and afterwards. */
export const RUNNER_ENGINE_FAULTS: readonly Fault[] = [
  engineFault("kill a runner's engine", (engine) => engine.kill()),
  engineFault("shut a runner's engine down", (engine) => engine.shutDown()),
];

function engineFault(name: string, end: (engine: SecondEngine) => Promise<void>): Fault {
  return {
    name,
    weight: 5,
    // Its runner, whichever that is, is not to be started while there is no engine.
    touches: ["runner"],
    // What runs is kept, and what is to begin waits for the engine.
    permits: [],
    possible: ({ keptEngine }) => keptEngine !== undefined,
    inject: async (world, random) => {
      const engine = engineOf(world);
      const awayMs = random.between(0, 4_000);
      // Not every moment has work there; one that has shows more.
      const endsAtMs = Date.now() + WORK_MS;
      let ran = await pidsIn(engine);
      while (ran.length === 0 && Date.now() < endsAtMs) {
        await pause(LOOK_MS);
        ran = await pidsIn(engine);
      }
      await end(engine);
      const runOn = await countAlive(ran);
      await pause(awayMs);
      await engine.startAgain();
      return `away for ${awayMs} ms; of ${ran.length} containers ${runOn} ran on without it`;
    },
  };
}

function engineOf({ keptEngine }: World): SecondEngine {
  if (keptEngine === undefined) throw new Error("this world has no runner with an engine of its own");
  return keptEngine;
}

/** The first processes of all that runs there. */
async function pidsIn({ docker }: SecondEngine): Promise<number[]> {
  const pids: number[] = [];
  for (const { Id } of await docker.listContainers()) {
    const state = await docker
      .getContainer(Id)
      .inspect()
      .catch(() => undefined); // removed since it was listed
    if (state?.State.Running === true) pids.push(state.State.Pid);
  }
  return pids;
}

async function countAlive(pids: readonly number[]): Promise<number> {
  const states = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")),
  );
  return states.filter((text) => /^State:\s*[^ZX\s]/mu.test(text)).length;
}
