import { INSTANCE_LABEL, RUNNER_LABEL, SESSION_LABEL } from "./containers.ts";
import { statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** The one bridge on which main containers start: none of them can reach another. Made once, found again. */
export async function ensureSharedBridge(engine: Engine, instance: string): Promise<string> {
  const name = `sl-${instance}`;
  await ensure(engine, name, {
    Labels: { [INSTANCE_LABEL]: instance },
    Options: { "com.docker.network.bridge.enable_icc": "false" },
  });
  return name;
}

/** A network of a session's own, for the day it has a second container; its containers find each other by name. */
export async function ensureSessionNetwork(
  engine: Engine,
  instance: string,
  runner: string,
  session: string,
): Promise<string> {
  const name = `sl-${instance}-${session}`;
  const Labels = { [INSTANCE_LABEL]: instance, [RUNNER_LABEL]: runner, [SESSION_LABEL]: session };
  await ensure(engine, name, { Labels });
  return name;
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

/** Removes a network that nobody is on; one that is gone is fine. */
export async function removeNetwork(engine: Engine, name: string): Promise<void> {
  try {
    await engine.call("docker.removeNetwork", (docker) => docker.getNetwork(name).remove());
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

async function ensure(
  engine: Engine,
  name: string,
  more: { Labels: Record<string, string>; Options?: Record<string, string> },
): Promise<void> {
  try {
    await engine.call("docker.inspectNetwork", (docker) => docker.getNetwork(name).inspect());
    return;
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
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
    await engine.call("docker.createNetwork", (docker) => docker.createNetwork(options));
  } catch (error) {
    // Made meanwhile by another session of ours.
    if (statusOf(error) !== 409) throw error;
  }
}
