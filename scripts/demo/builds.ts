import { until } from "../../test/support/services/until.ts";
import type { Api, Build, Gate } from "./api.ts";
import { PROJECT } from "./settings.ts";

/** Far beyond what a build of the sample takes, even on a machine with much else to do. */
const BUILD_DEADLINE_MS = 5 * 60_000;
const PATIENCE = { deadlineMs: BUILD_DEADLINE_MS, everyMs: 250 } as const;

const ENDED = new Set(["succeeded", "unstable", "failed", "aborted", "not_built"]);

/** Waits until build `number` of the sample exists. */
export async function buildStarted(api: Api, number: number): Promise<Build> {
  return await until(`build ${number} exists`, async () => await api.build(PROJECT, number));
}

/** Waits until build `number` has ended, however. */
export async function buildEnded(api: Api, number: number): Promise<Build> {
  return await until(
    `build ${number} has ended`,
    async () => {
      const build = await api.build(PROJECT, number);
      return build !== undefined && ENDED.has(build.state) ? build : undefined;
    },
    PATIENCE,
  );
}

/** Waits until the sample's gate is open. @throws {Error} with the build's reason if it ends before */
export async function gateOpened(api: Api, number: number): Promise<Gate> {
  const found = await until(
    `the gate of build ${number} opens`,
    async () => {
      const gate = await api.openGate(PROJECT);
      if (gate !== undefined) return { gate };
      const build = await api.build(PROJECT, number);
      return build !== undefined && ENDED.has(build.state) ? { build } : undefined;
    },
    PATIENCE,
  );
  if (found.gate !== undefined) return found.gate;
  const { build } = found;
  throw new Error(
    `build ${number} ended before its gate: ${build.state}, ${build.reason?.text ?? "no reason given"}`,
  );
}

/** Waits until a deployment has an outcome and gives its state. */
export async function deploymentEnded(api: Api, id: number): Promise<{ state: string; text: string }> {
  return await until(
    `deployment ${id} has an outcome`,
    async () => {
      const { state, reason } = await api.deployment(id);
      if (["pending", "applying", "verifying", "rolling_back"].includes(state)) return undefined;
      return { state, text: reason?.text ?? "" };
    },
    PATIENCE,
  );
}
