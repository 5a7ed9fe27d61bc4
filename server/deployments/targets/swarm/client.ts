import type Dockerode from "dockerode";
import { z } from "zod";
import { NO_FAULTS } from "../../../../runners/faults.ts";
import type { OutsideFaults, OutsidePoint } from "../../../outside-points.ts";
import { type RegistryAuth, TargetError } from "../../target.ts";
import { Distribution, Service, Task, type ServiceSpec } from "./schema.ts";

/** The few calls of the Engine API that a Swarm roll-out needs. */
export interface SwarmClient {
  service(name: string, signal: AbortSignal): Promise<Service>;
  tasks(serviceId: string, signal: AbortSignal): Promise<Task[]>;
  /** The one write; `version` is the Engine's own compare-and-set. */
  update(
    serviceId: string,
    version: number,
    spec: ServiceSpec,
    auth: RegistryAuth | null,
    signal: AbortSignal,
  ): Promise<void>;
  digest(image: string, auth: RegistryAuth | null, signal: AbortSignal): Promise<string>;
}

const Failure = z.object({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  json: z.object({ message: z.string().optional() }).nullish(),
});

/** Codes of a connection that never carried the request. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOENT", "ENOTFOUND", "EAI_AGAIN", "EACCES"]);

/**
 * Sorts a failed call by what may be done next. The Engine answers 500 for a lost race and for time-outs alike,
 * so the text decides there. `json.message` is the Engine's; dockerode's `reason` is often wrong.
 */
export function classify(error: unknown, write: boolean): TargetError {
  if (error instanceof TargetError) return error;
  const read = Failure.safeParse(error);
  const failure = read.success ? read.data : {};
  const text = (failure.json?.message ?? failure.message ?? String(error)).slice(0, 512);
  const options = { cause: error };
  if (failure.statusCode === undefined) {
    const sent = failure.code === undefined || !NOT_SENT.has(failure.code);
    return new TargetError(
      sent && write ? "maybe-sent" : "not-sent",
      `the Engine cannot be reached: ${text}`,
      options,
    );
  }
  if (text.includes("update out of sequence")) return new TargetError("conflict", text, options);
  if (failure.statusCode === 429) return new TargetError("throttled", text, options);
  if (failure.statusCode === 503) return new TargetError("not-sent", text, options);
  if (failure.statusCode >= 500 && failure.statusCode !== 501)
    return new TargetError(write ? "maybe-sent" : "not-sent", text, options);
  return new TargetError("permanent", text, options);
}

/**
 * Waits for a call no longer than the deadline: a connection that dies after the response headers leaves dockerode's
 * promise pending for ever.
 */
async function bounded<T>(call: Promise<T>, deadlineMs: number, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
    stop = () => reject(new Error("given up"));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

const CALL_DEADLINE_MS = 15_000;

/** Calls the Engine at `docker`; every failure comes out as a `TargetError`. */
export function createSwarmClient(docker: Dockerode, faults: OutsideFaults = NO_FAULTS): SwarmClient {
  async function call<T>(
    point: Extract<OutsidePoint, `swarm.${string}`>,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    if (signal.aborted) throw new TargetError("not-sent", "given up before it was sent");
    try {
      return await bounded(faults.around(point, work), CALL_DEADLINE_MS, signal);
    } catch (error) {
      throw classify(error, point === "swarm.updateService");
    }
  }
  return {
    async service(name, signal) {
      const found = await call("swarm.inspectService", signal, () => docker.getService(name).inspect());
      return Service.parse(found);
    },
    async tasks(serviceId, signal) {
      const filters = JSON.stringify({ service: [serviceId] });
      const found = await call("swarm.listTasks", signal, () => docker.listTasks({ filters }));
      return z.array(Task).parse(found);
    },
    async update(serviceId, version, spec, auth, signal) {
      // With plain options dockerode would put the whole spec, environment included, into the address.
      const query = { version, ...(auth === null ? { registryAuthFrom: "spec" } : {}) };
      const service = docker.getService(serviceId);
      const options = { _query: query, _body: spec, ...(auth === null ? {} : { authconfig: auth }) };
      await call("swarm.updateService", signal, () => service.update(options));
    },
    async digest(image, auth, signal) {
      const options = auth === null ? {} : { authconfig: auth };
      const found = await call("swarm.inspectDistribution", signal, () =>
        docker.getImage(image).distribution(options),
      );
      return Distribution.parse(found).Descriptor.digest;
    },
  };
}
