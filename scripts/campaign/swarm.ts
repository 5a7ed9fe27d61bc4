import { startEngineProxy } from "../../test/support/services/engine-proxy.ts";
import type { EngineProxy } from "../../test/support/services/engine-proxy.ts";
import { startSecondEngine } from "../../test/support/services/second-engine.ts";
import type { SecondEngine } from "../../test/support/services/second-engine.ts";
import { createStops } from "../../test/support/stops.ts";
import { ENVIRONMENTS, serviceOf } from "./settings.ts";

/** The Swarm that is deployed to, on an engine that may be killed; what is written to it is counted on the way. */
export interface CampaignSwarm {
  readonly engine: SecondEngine;
  readonly proxy: EngineProxy;
  stop(): Promise<void>;
}

/** What the services begin with; nobody runs it, so nobody looks whether it is anywhere. */
const FIRST_IMAGE = `localhost:1/campaign/web:1@sha256:${"1".repeat(64)}`;

/** Starts an engine, makes it a swarm of one node, and gives it the services of the environments, without replicas. */
export async function startSwarm(): Promise<CampaignSwarm> {
  const stops = createStops();
  try {
    const engine = await startSecondEngine({ liveRestore: false });
    stops.add(() => engine.stop());
    await engine.docker.swarmInit({
      ListenAddr: "127.0.0.1:2377",
      AdvertiseAddr: "127.0.0.1",
      ForceNewCluster: false,
    });
    for (const environment of ENVIRONMENTS) {
      await engine.docker.createService({
        Name: serviceOf(environment),
        TaskTemplate: { ContainerSpec: { Image: FIRST_IMAGE } },
        Mode: { Replicated: { Replicas: 0 } },
      });
    }
    const proxy = await startEngineProxy(engine.address);
    stops.add(() => proxy.stop());
    return { engine, proxy, stop: () => stops.all() };
  } catch (error) {
    await stops.all();
    throw error;
  }
}
