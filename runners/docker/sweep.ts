import { INSTANCE_LABEL, NONCE_LABEL, RUNNER_LABEL, SESSION_LABEL } from "./containers.ts";
import type { Engine } from "./engine.ts";
import { removeNetwork } from "./network.ts";
import { z } from "zod";

/** Younger containers may be just being made. */
const MIN_AGE_MS = 30_000;
/** Containers that are removed at the same time. */
const AT_ONCE = 8;

const Networks = z.array(
  z.object({
    Id: z.string(),
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

/** What is asked of others about sessions. */
export interface Sessions {
  /** Whether this runner has it. */
  readonly knows: (session: string) => boolean;
  /** Which of these, all of other runners, are over for the server: such a runner may never come back to clean up. */
  readonly over: (sessions: readonly string[]) => Promise<ReadonlySet<string>>;
}

/**
 * Removes containers and networks of this runner whose session it does not know, and those of others on the same engine
 * whose session is over. Labels alone are no proof (an image can carry some): name, instance, runner, session and nonce
 * must all be ours. Gives the names of what was removed.
 */
export async function sweep(
  engine: Engine,
  { instance, runner }: Owner,
  sessions: Sessions,
  nowMs: number,
): Promise<string[]> {
  const removed: string[] = [];
  const old = (await engine.list(`${INSTANCE_LABEL}=${instance}`)).flatMap((container) => {
    const session = container.labels[SESSION_LABEL];
    if (session === undefined || container.labels[NONCE_LABEL] === undefined) return [];
    const isNamed = container.names.some((name) => name.startsWith(`/sl-${instance}-${session}-`));
    if (!isNamed || nowMs - container.createdAtMs < MIN_AGE_MS) return [];
    return [{ ...container, session, isOurs: container.labels[RUNNER_LABEL] === runner }];
  });
  const networks = await oldNetworks(engine, instance, nowMs);
  const asked = [...old, ...networks.map((one) => ({ ...one, isOurs: one.runner === runner }))];
  const foreign = new Set(asked.flatMap((one) => (one.isOurs ? [] : [one.session])));
  const over = foreign.size === 0 ? new Set<string>() : await sessions.over([...foreign]);
  const isLeft = (session: string, isOurs: boolean): boolean =>
    isOurs ? !sessions.knows(session) : over.has(session);
  const left = old.filter((one) => isLeft(one.session, one.isOurs));
  // Some at a time: one after the other takes minutes where a run has left hundreds.
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      await engine.remove(one.id);
      removed.push(...one.names);
    }
  });
  await Promise.all(workers);
  for (const network of networks) {
    if (!isLeft(network.session, network.runner === runner)) continue;
    await removeNetwork(engine, network.id);
    removed.push(network.name);
  }
  return removed;
}

async function oldNetworks(
  engine: Engine,
  instance: string,
  nowMs: number,
): Promise<{ id: string; name: string; session: string; runner: string | undefined }[]> {
  const filters = { label: [`${INSTANCE_LABEL}=${instance}`] };
  const listed = Networks.parse(
    await engine.call("docker.listNetworks", (docker) => docker.listNetworks({ filters })),
  );
  return listed.flatMap(({ Id: id, Name: name, Labels, Created }) => {
    const session = Labels?.[SESSION_LABEL];
    if (session === undefined || name !== `sl-${instance}-${session}`) return [];
    if (nowMs - Date.parse(Created ?? "") < MIN_AGE_MS) return [];
    return [{ id, name, session, runner: Labels?.[RUNNER_LABEL] }];
  });
}
