import type Docker from "dockerode";
import { z } from "zod";

const Info = z.object({ Swarm: z.object({ LocalNodeState: z.string(), ControlAvailable: z.boolean() }) });

/** The engine's part in a swarm: whether we made it one, and how to undo just that. */
export interface Swarm {
  readonly madeHere: boolean;
  /** Leaves the swarm if it was made here and nobody else has a service in it meanwhile. */
  leave(): Promise<void>;
}

/** Makes the engine a swarm of one node, unless it is a manager already. @throws {Error} if it is a mere worker. */
export async function joinOrMakeSwarm(docker: Docker): Promise<Swarm> {
  const { Swarm: swarm } = Info.parse(await docker.info());
  if (swarm.LocalNodeState === "active") {
    if (!swarm.ControlAvailable) throw new Error("this engine is a worker of someone's swarm");
    return { madeHere: false, leave: async () => {} };
  }
  await docker.swarmInit({
    ListenAddr: "127.0.0.1:2377",
    AdvertiseAddr: "127.0.0.1",
    ForceNewCluster: false,
  });
  const leave = async (): Promise<void> => {
    const others = await docker.listServices();
    if (others.length === 0) await docker.swarmLeave({ force: true });
  };
  return { madeHere: true, leave };
}
