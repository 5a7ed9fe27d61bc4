import { startSecondEngine } from "../../test/support/services/second-engine.ts";
import type { SecondEngine } from "../../test/support/services/second-engine.ts";
import { agentImage, busyboxImage } from "../../test/support/services/images.ts";

/**
 * Starts an engine for a runner that may be killed under running steps: with live-restore, which keeps its containers,
 * in a network namespace of its own. No registry is reached from there, so it is given the images that agents need.
 */
export async function startKeptEngine(): Promise<SecondEngine> {
  const engine = await startSecondEngine({ liveRestore: true });
  try {
    await busyboxImage(engine.docker);
    await agentImage(engine.address);
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
