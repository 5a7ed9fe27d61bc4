import { INSTANCE_LABEL, RUNNER_LABEL, SESSION_LABEL } from "./containers.ts";
import { statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { z } from "zod";

/**
 * The one bridge of a runner on which its main containers start: none of them can reach another. Made once, found again.
 * Other runners on the engine have their own: the engine lets two make networks of one name in the same moment, and
 * starts no container on them then. Gives its id.
 */
export async function ensureSharedBridge(engine: Engine, instance: string, runner: string): Promise<string> {
  return await ensure(engine, `sl-${instance}-at-${runner}`, {
    Labels: { [INSTANCE_LABEL]: instance, [RUNNER_LABEL]: runner },
    Options: { "com.docker.network.bridge.enable_icc": "false" },
  });
}

/**
 * A network of a session's own, for the day it has a second container; its containers find each other by name. Gives
 * its id.
 */
export async function ensureSessionNetwork(
  engine: Engine,
  instance: string,
  runner: string,
  session: string,
): Promise<string> {
  const name = `sl-${instance}-${session}`;
  const Labels = { [INSTANCE_LABEL]: instance, [RUNNER_LABEL]: runner, [SESSION_LABEL]: session };
  return await ensure(engine, name, { Labels });
}

/** Puts a running container on a network too, under these names; once. */
export async function connect(
  engine: Engine,
  network: string,
  container: string,
  aliases: string[],
): Promise<void> {
  try {
    const options = { Container: container, EndpointConfig: { Aliases: aliases } };
    await engine.call("docker.connectNetwork", (docker) => docker.getNetwork(network).connect(options));
  } catch (error) {
    if (/already (exists|attached|connected)/i.test(String(error))) return;
    throw error;
  }
}

/** Removes a network that nobody is on, by id; one that is gone is fine. */
export async function removeNetwork(engine: Engine, id: string): Promise<void> {
  try {
    await engine.call("docker.removeNetwork", (docker) => docker.getNetwork(id).remove());
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

const Inspected = z.object({ Id: z.string() });
const Listed = z.array(z.object({ Id: z.string(), Name: z.string(), Created: z.string() }));

async function ensure(
  engine: Engine,
  name: string,
  more: { Labels: Record<string, string>; Options?: Record<string, string> },
): Promise<string> {
  try {
    const found = await engine.call("docker.inspectNetwork", (docker) => docker.getNetwork(name).inspect());
    return Inspected.parse(found).Id;
  } catch (error) {
    // 400: there are several. An earlier process of the runner was killed while it made one.
    if (statusOf(error) !== 404 && statusOf(error) !== 400) throw error;
  }
  const oldest = await oldestOf(engine, name);
  if (oldest !== undefined) return oldest;
  const mine = await make(engine, name, more);
  const first = (await oldestOf(engine, name)) ?? mine;
  // Whoever looks later takes the oldest, so nobody is on this one.
  if (mine !== null && mine !== first) await removeNetwork(engine, mine);
  if (first === null) throw new Error(`the network ${name} was made and is not there`);
  return first;
}

/** Null: somebody else has made it. */
async function make(
  engine: Engine,
  name: string,
  more: { Labels: Record<string, string>; Options?: Record<string, string> },
): Promise<string | null> {
  try {
    const options = {
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Internal: false,
      Attachable: false,
      EnableIPv6: false,
      ...more,
    };
    return (await engine.call("docker.createNetwork", (docker) => docker.createNetwork(options))).id;
  } catch (error) {
    if (statusOf(error) === 409) return null;
    throw error;
  }
}

/** The id that everybody agrees on. The engine's filter by name finds parts of names too. */
async function oldestOf(engine: Engine, name: string): Promise<string | undefined> {
  const filters = { name: [name] };
  const listed = Listed.parse(
    await engine.call("docker.listNetworks", (docker) => docker.listNetworks({ filters })),
  );
  const ages = listed.filter((one) => one.Name === name).map((one) => `${one.Created} ${one.Id}`);
  return ages.toSorted()[0]?.split(" ")[1];
}
