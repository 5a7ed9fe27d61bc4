import Dockerode from "dockerode";
import { NO_FAULTS } from "../../../runners/faults.ts";
import type { TargetConfig } from "../../config-schema.ts";
import type { OutsideFaults } from "../../outside-points.ts";
import type { Target } from "../target.ts";
import { TargetError } from "../target.ts";
import { createSwarmClient } from "./swarm/client.ts";
import { createSwarmTarget } from "./swarm/driver.ts";

/** The configured targets by name; each is made when it is first used. */
export function createTargets(
  targets: Readonly<Record<string, TargetConfig>>,
  dockerHost: string | null,
  faults: OutsideFaults = NO_FAULTS,
): (name: string) => Target {
  const made = new Map<string, Target>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const config = targets[name];
    if (config === undefined)
      throw new TargetError("permanent", `there is no target "${name}" in the configuration`);
    const target = createSwarmTarget(createSwarmClient(engineAt(config.host ?? dockerHost), faults));
    made.set(name, target);
    return target;
  };
}

/** An engine by the address that DOCKER_HOST would have; null is the machine's own. */
function engineAt(address: string | null): Dockerode {
  if (address === null) return new Dockerode({ socketPath: "/var/run/docker.sock" });
  if (address.startsWith("unix://")) return new Dockerode({ socketPath: address.slice("unix://".length) });
  const url = new URL(address.replace(/^tcp:/, "http:"));
  return new Dockerode({
    host: url.hostname,
    port: Number(url.port === "" ? 2375 : url.port),
    protocol: "http",
  });
}
