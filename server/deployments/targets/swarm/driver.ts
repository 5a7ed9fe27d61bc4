import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import {
  type Change,
  type Desired,
  type Observed,
  type Progress,
  type Receipt,
  type Target,
  TargetError,
  type TargetPlan,
  type TargetRef,
  type WatchOptions,
} from "../../target.ts";
import type { SwarmClient } from "./client.ts";
import { ServiceSpec, type Service, type Task } from "./schema.ts";

/** The label that says which of our deployments wrote the spec. A change of service labels restarts no task. */
export const MARKER = "sluice.deploy-id";

/** States in which Swarm itself has put, or is putting, the old spec back. */
const ROLLING_BACK = new Set(["rollback_started", "rollback_paused", "rollback_completed"]);
const TERMINAL_TASK = new Set(["shutdown", "failed", "rejected", "complete", "orphaned", "remove"]);

/** The driver of one Docker Swarm, whatever way its manager is reached. */
export function createSwarmTarget(client: SwarmClient): Target {
  async function describe(ref: TargetRef, signal: AbortSignal): Promise<Observed> {
    return observe(await client.service(ref.service, signal));
  }

  async function write(
    ref: TargetRef,
    spec: ServiceSpec,
    deployId: string,
    expected: { readonly specHash: string; readonly cas: string },
    auth: Desired["registryAuth"],
    signal: AbortSignal,
  ): Promise<Receipt> {
    const service = await client.service(ref.service, signal);
    // The index also moves when the orchestrator reports progress, so only the spec says whether somebody was here.
    if (hashOf(service.Spec) !== expected.specHash)
      throw new TargetError("conflict", `${ref.service} was changed by somebody else since it was looked at`);
    await client.update(service.ID, service.Version.Index, spec, auth, signal);
    return { deployId, cas: `${service.Version.Index}`, handle: service.ID };
  }

  return {
    describe,
    async plan(ref, desired, signal) {
      return planFor(await client.service(ref.service, signal), desired);
    },
    async apply(ref, before, desired, signal) {
      const spec = specFor(readSnapshot(before.snapshot), desired);
      return await write(ref, spec, desired.deployId, before, desired.registryAuth, signal);
    },
    async rollBack(ref, snapshot, deployId, signal) {
      const now = await describe(ref, signal);
      const old = readSnapshot(snapshot);
      const spec = {
        ...old,
        Labels: { ...old.Labels, [MARKER]: deployId },
      };
      return await write(ref, spec, deployId, now, null, signal);
    },
    watch: (ref, receipt, options) => watch(client, ref, receipt, options),
    async resolveDigest(image, auth, signal) {
      if (image.includes("@sha256:")) return image;
      return `${image}@${await client.digest(image, auth, signal)}`;
    },
  };
}

/** What one read of the service says, in our words. */
export function observe(service: Service): Observed {
  const state = service.UpdateStatus?.State;
  const busy = state === "updating" || state === "rollback_started" ? state : null;
  return {
    image: service.Spec.TaskTemplate.ContainerSpec.Image,
    env: envOf(service.Spec),
    replicas: service.Spec.Mode?.Replicated?.Replicas ?? null,
    marker: service.Spec.Labels?.[MARKER] ?? null,
    cas: `${service.Version.Index}`,
    specHash: hashOf(service.Spec),
    busy,
    snapshot: JSON.stringify(service.Spec),
  };
}

/** What a deployment would change, without sending anything. */
export function planFor(service: Service, desired: Desired): TargetPlan {
  const before = observe(service);
  const changes: Change[] = [];
  if (before.image !== desired.image) changes.push({ what: "image", from: before.image, to: desired.image });
  for (const [name, value] of Object.entries(desired.env)) {
    const from = before.env[name] ?? null;
    if (from !== value) changes.push({ what: `env ${name}`, from, to: value });
  }
  const warnings: string[] = [];
  const container = service.Spec.TaskTemplate.ContainerSpec;
  if (container.HealthCheck === undefined && container.Healthcheck === undefined)
    warnings.push(
      "no health check: a container that crashes after it has started is noticed only while it is watched",
    );
  if (before.busy !== null) warnings.push(`another roll-out is under way (${before.busy})`);
  const startFirst = service.Spec.UpdateConfig?.Order === "start-first";
  const onHost = (service.Spec.EndpointSpec?.Ports ?? []).some((port) => port.PublishMode === "host");
  if (startFirst && onHost)
    throw new TargetError(
      "permanent",
      `${service.Spec.Name} starts new tasks first and publishes a port on its host: the new task would wait for ever for the port. Set the update order to stop-first.`,
    );
  return { before, changes, noop: changes.length === 0, warnings };
}

function specFor(old: ServiceSpec, desired: Desired): ServiceSpec {
  const env = new Map(Object.entries(envOf(old)));
  for (const [name, value] of Object.entries(desired.env)) {
    if (value === null) env.delete(name);
    else env.set(name, value);
  }
  return {
    ...old,
    Labels: { ...old.Labels, [MARKER]: desired.deployId },
    TaskTemplate: {
      ...old.TaskTemplate,
      ContainerSpec: {
        ...old.TaskTemplate.ContainerSpec,
        Image: desired.image,
        Env: [...env].map(([name, value]) => `${name}=${value}`),
      },
    },
  };
}

function envOf(spec: ServiceSpec): Record<string, string> {
  const env: Record<string, string> = {};
  for (const line of spec.TaskTemplate.ContainerSpec.Env ?? []) {
    const at = line.indexOf("=");
    if (at > 0) env[line.slice(0, at)] = line.slice(at + 1);
  }
  return env;
}

/** Over the keys in sorted order, since the Engine does not promise one. */
function hashOf(spec: ServiceSpec): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(spec)))
    .digest("hex")
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function readSnapshot(snapshot: string): ServiceSpec {
  const read = z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(ServiceSpec)
    .safeParse(snapshot);
  if (!read.success)
    throw new TargetError("permanent", "the stored description of the service cannot be read");
  return read.data;
}

/** One look at a roll-out that is under way. */
export interface Look {
  readonly running: number;
  readonly wanted: number;
  readonly failures: readonly string[];
  readonly verdict: "going" | "settled" | "failed" | "rolled_back" | "superseded";
  readonly text: string;
}

/** Judges one reading of service and tasks: pure, so that every state Swarm can show has a test. */
export function judge(service: Service, tasks: readonly Task[], deployId: string): Look {
  const image = service.Spec.TaskTemplate.ContainerSpec.Image;
  const state = service.UpdateStatus?.State ?? null;
  const said = service.UpdateStatus?.Message ?? "";
  const marker = service.Spec.Labels?.[MARKER] ?? null;
  const ours = tasks.filter((task) => task.Spec?.ContainerSpec?.Image === image);
  const running = ours.filter(
    (task) => !TERMINAL_TASK.has(task.DesiredState) && task.Status.State === "running",
  ).length;
  const failures = tasks
    .filter((task) => task.Status.State === "failed" || task.Status.State === "rejected")
    .flatMap((task) => (task.Status.Err === undefined || task.Status.Err === "" ? [] : [task.Status.Err]));
  const wanted =
    service.Spec.Mode?.Replicated?.Replicas ??
    Math.max(
      1,
      new Set(ours.filter((task) => !TERMINAL_TASK.has(task.DesiredState)).map((task) => task.NodeID)).size,
    );
  const base = { running, wanted, failures };
  const why = failures[0] ?? said;
  if (state !== null && ROLLING_BACK.has(state)) {
    if (state === "rollback_completed")
      return { ...base, verdict: "rolled_back", text: `Swarm rolled back: ${why}` };
    if (state === "rollback_paused")
      return { ...base, verdict: "failed", text: `Swarm could not roll back: ${why}` };
    return { ...base, verdict: "going", text: "Swarm is rolling back" };
  }
  if (marker !== deployId)
    return { ...base, verdict: "superseded", text: "another change was made to the service" };
  if (state === "paused")
    return { ...base, verdict: "failed", text: why === "" ? "the update is paused" : why };
  const text = `${running} of ${wanted} running${running < wanted && why !== "" ? `: ${why}` : ""}`;
  const updating = state === "updating";
  return { ...base, verdict: !updating && running >= wanted ? "settled" : "going", text };
}

async function* watch(
  client: SwarmClient,
  ref: TargetRef,
  receipt: Receipt,
  options: WatchOptions,
): AsyncGenerator<Progress> {
  let settledSince: number | null = null;
  let failuresWhenSettled = 0;
  let last = "";
  while (!options.signal.aborted) {
    const service = await client.service(receipt.handle, options.signal);
    const look = judge(service, await client.tasks(receipt.handle, options.signal), receipt.deployId);
    if (look.verdict === "failed" || look.verdict === "rolled_back" || look.verdict === "superseded") {
      yield { kind: "end", outcome: look.verdict, text: look.text };
      return;
    }
    if (look.text !== last) {
      last = look.text;
      yield { kind: "progress", done: look.running, total: look.wanted, text: look.text };
    }
    if (look.verdict === "going") settledSince = null;
    else if (settledSince === null) {
      settledSince = performance.now();
      failuresWhenSettled = look.failures.length;
    } else if (look.failures.length > failuresWhenSettled) {
      yield {
        kind: "end",
        outcome: "failed",
        text: `${ref.service} did not stay up: ${look.failures[0] ?? ""}`,
      };
      return;
    } else if (performance.now() - settledSince >= options.soakMs) {
      yield { kind: "end", outcome: "succeeded", text: look.text };
      return;
    }
    await pause(options.pollMs, undefined, { signal: options.signal }).catch(() => {});
  }
}
