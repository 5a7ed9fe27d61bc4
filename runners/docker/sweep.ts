import { INSTANCE_LABEL, NONCE_LABEL, RUNNER_LABEL, SESSION_LABEL } from "./containers.ts";
import type { Engine } from "./engine.ts";
import { removeNetwork } from "./network.ts";
import { z } from "zod";

/** Younger containers may be just being made. */
const MIN_AGE_MS = 30_000;

const Networks = z.array(
  z.object({
    Name: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
    Created: z.string().nullish(),
  }),
);

/** Whose leftovers are looked for. */
export interface Owner {
  readonly instance: string;
  /** The runner's name at its server. */
  readonly runner: string;
}

/**
 * Removes containers and networks of this runner whose session it does not know. Labels alone are no proof (an image can
 * carry some): name, instance, runner, session and nonce must all be ours. Gives the names of what was removed.
 */
export async function sweep(
  engine: Engine,
  { instance, runner }: Owner,
  knows: (session: string) => boolean,
  nowMs: number,
): Promise<string[]> {
  const removed: string[] = [];
  for (const container of await engine.list(`${INSTANCE_LABEL}=${instance}`)) {
    const session = container.labels[SESSION_LABEL];
    if (container.labels[RUNNER_LABEL] !== runner) continue;
    if (session === undefined || container.labels[NONCE_LABEL] === undefined || knows(session)) continue;
    const isNamed = container.names.some((name) => name.startsWith(`/sl-${instance}-${session}-`));
    if (!isNamed || nowMs - container.createdAtMs < MIN_AGE_MS) continue;
    await engine.remove(container.id);
    removed.push(...container.names);
  }
  const filters = { label: [`${INSTANCE_LABEL}=${instance}`] };
  const networks = Networks.parse(
    await engine.call("docker.listNetworks", (docker) => docker.listNetworks({ filters })),
  );
  for (const network of networks) {
    const session = network.Labels?.[SESSION_LABEL];
    if (network.Labels?.[RUNNER_LABEL] !== runner) continue;
    if (session === undefined || knows(session) || network.Name !== `sl-${instance}-${session}`) continue;
    if (nowMs - Date.parse(network.Created ?? "") < MIN_AGE_MS) continue;
    await removeNetwork(engine, network.Name);
    removed.push(network.Name);
  }
  return removed;
}
