import http from "node:http";
import Docker from "dockerode";
import { z } from "zod";
import { RunnerFailure, codeOf } from "../failure.ts";
import { NO_FAULTS } from "../faults.ts";
import type { Faults } from "../faults.ts";
import type { Lack } from "./create-options.ts";
import type { DockerPoint } from "./points.ts";

const CALL_DEADLINE_MS = 30_000;
/** Codes of a connection that carried a call and not its answer; where nobody listens there is none to break. */
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);
/** The kernel may be busy: making, starting and removing containers takes a while on a loaded machine. */
export const CREATE_DEADLINE_MS = 60_000;

/** What we read of a container. */
const Inspected = z.object({
  Id: z.string(),
  Image: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Running: z.boolean(),
    OOMKilled: z.boolean(),
    ExitCode: z.int(),
    Error: z.string(),
  }),
  HostConfig: z.object({ Memory: z.int() }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }),
});

const Listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Created: z.number(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

const Version = z.object({ Version: z.string(), ApiVersion: z.string() });

/** A container's state as the engine tells it. */
export interface ContainerFacts {
  readonly id: string;
  readonly imageId: string;
  readonly running: boolean;
  readonly oomKilled: boolean;
  /** Null: no limit. */
  readonly memoryBytes: number | null;
  readonly exitCode: number;
  readonly error: string;
  readonly labels: Record<string, string>;
  readonly networks: readonly string[];
}

/** A container in a list. Names begin with "/". */
export interface ListedContainer {
  readonly id: string;
  readonly names: readonly string[];
  readonly createdAtMs: number;
  readonly labels: Record<string, string>;
}

/** An engine and the connections to it. dockerode's types do not leave this folder. */
export class Engine {
  readonly #docker: Docker;
  readonly #agent: http.Agent;
  readonly #faults: Faults<DockerPoint>;
  readonly #where: Address;
  /** What it was found unable to give to a container. */
  readonly lacks = new Set<Lack>();

  constructor(dockerHost: string, faults: Faults<DockerPoint> = NO_FAULTS) {
    this.#faults = faults;
    const where = addressOf(dockerHost);
    this.#where = where;
    this.#agent = new http.Agent({ keepAlive: true, ...where });
    // The types do not know that the client takes an agent. Its protocol has no colon, which nothing else understands.
    const options = { ...where, protocol: "http" as const, agent: this.#agent };
    this.#docker = new Docker(options);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * The one way to the engine. `point` names the call where tests make it fail; what streams is followed to its end
   * inside `call`. Errors come as the client gives them.
   */
  async send<T>(point: DockerPoint, call: (docker: Docker) => Promise<T>): Promise<T> {
    return await this.#faults.around(point, () => call(this.#docker));
  }

  /**
   * Whether the engine takes no new connection. One that ends closes its ear first: on connections that it still has, it
   * answers while it stops its containers.
   */
  async isDeaf(): Promise<boolean> {
    try {
      await within(
        CALL_DEADLINE_MS,
        "docker.ping",
        this.#faults.around("docker.ping", () => connects(this.#where)),
      );
      return false;
    } catch {
      return true;
    }
  }

  async version(): Promise<{ engine: string; api: string }> {
    const { Version: engine, ApiVersion: api } = Version.parse(
      await this.call("docker.version", (docker) => docker.version()),
    );
    return { engine, api };
  }

  /** A container's state, or null if there is none of that name or id. */
  async inspect(idOrName: string): Promise<ContainerFacts | null> {
    const facts = await unless404(
      this.call("docker.inspectContainer", (docker) => docker.getContainer(idOrName).inspect()),
    );
    if (facts === null) return null;
    const seen = Inspected.parse(facts);
    return {
      id: seen.Id,
      imageId: seen.Image,
      running: seen.State.Running,
      oomKilled: seen.State.OOMKilled,
      memoryBytes: seen.HostConfig.Memory === 0 ? null : seen.HostConfig.Memory,
      exitCode: seen.State.ExitCode,
      error: seen.State.Error,
      labels: seen.Config.Labels ?? {},
      networks: Object.keys(seen.NetworkSettings.Networks ?? {}),
    };
  }

  async start(id: string): Promise<void> {
    try {
      await this.call(
        "docker.startContainer",
        (docker) => docker.getContainer(id).start(),
        CREATE_DEADLINE_MS,
      );
    } catch (error) {
      if (statusOf(error) !== 304) throw error;
    }
  }

  /** Where the engine keeps images and containers; null when it does not say. */
  async rootFolder(): Promise<string | null> {
    const seen = z
      .object({ DockerRootDir: z.string().nullish() })
      .parse(await this.call("docker.info", (docker) => docker.info()));
    return seen.DockerRootDir ?? null;
  }

  /** How many bytes each container with a label has written beside its image and mounts, by the container's id. */
  async written(label: string): Promise<ReadonlyMap<string, number>> {
    const listed = z
      .array(z.object({ Id: z.string(), SizeRw: z.number().nullish() }))
      .parse(
        await this.call("docker.listContainers", (docker) =>
          docker.listContainers({ size: true, filters: { label: [label] } }),
        ),
      );
    return new Map(listed.map(({ Id, SizeRw }) => [Id, SizeRw ?? 0]));
  }

  /** TERM, then KILL after `graceSeconds`; a container that is stopped or gone is fine. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    try {
      await this.call(
        "docker.stopContainer",
        (docker) => docker.getContainer(id).stop({ t: graceSeconds }),
        CALL_DEADLINE_MS + graceSeconds * 1000,
      );
    } catch (error) {
      if (![304, 404].includes(statusOf(error) ?? 0)) throw error;
    }
  }

  /** Removes a container with its anonymous volumes; one that is gone, or going, is fine. */
  async remove(idOrName: string): Promise<void> {
    try {
      await this.call(
        "docker.removeContainer",
        (docker) => docker.getContainer(idOrName).remove({ force: true, v: true }),
        CREATE_DEADLINE_MS,
      );
    } catch (error) {
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error;
    }
  }

  /** All containers with a label, running or not. */
  async list(label: string): Promise<ListedContainer[]> {
    const filters = { label: [label] };
    const listed = Listed.parse(
      await this.call("docker.listContainers", (docker) => docker.listContainers({ all: true, filters })),
    );
    return listed.map(({ Id, Names, Created, Labels }) => ({
      id: Id,
      names: Names,
      createdAtMs: Created * 1000,
      labels: Labels ?? {},
    }));
  }

  /**
   * Sends a call and waits for its answer, at most as long as it may reasonably take; errors come as ours. A call whose
   * connection broke is sent once more: it may have been carried out, so only what can be said twice comes this way.
   */
  async call<T>(
    point: DockerPoint,
    call: (docker: Docker) => Promise<T>,
    deadlineMs: number = CALL_DEADLINE_MS,
  ): Promise<T> {
    const once = async (): Promise<T> => await within(deadlineMs, point, this.send(point, call));
    try {
      return await once().catch(async (error: unknown) => {
        if (!BROKEN.has(codeOf(error) ?? "")) throw error;
        return await once();
      });
    } catch (error) {
      throw asFailure(point, error);
    }
  }
}

async function unless404<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** The HTTP status of an engine's refusal, if it was one; also of one that came as ours. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof RunnerFailure) return statusOf(error.cause);
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Whether there was no connection to the engine, or it broke: its own refusals have a status, and no code of ours. */
export function isUnreached(error: unknown): boolean {
  return statusOf(error) === undefined && codeOf(error) !== undefined;
}

/** An error of the engine as ours: refused, or not reached. */
export function asFailure(point: DockerPoint, error: unknown): RunnerFailure {
  if (error instanceof RunnerFailure) return error;
  const what = inWords(point);
  const message = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  if (status === undefined) {
    const code = codeOf(error);
    return new RunnerFailure(
      "docker_daemon",
      "sluice",
      `the Docker Engine did not answer (${what}): ${code ?? message}`,
      error,
    );
  }
  const said = message.slice(0, 512);
  return new RunnerFailure("docker_refused", "sluice", `the Docker Engine refused (${what}): ${said}`, error);
}

type Address = { socketPath: string } | { host: string; port: number };

/** Asks on a connection of its own. */
async function connects(where: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = http.get(
      { ...where, path: "/_ping", agent: false, timeout: CALL_DEADLINE_MS },
      (answer) => {
        answer.resume();
        resolve();
      },
    );
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.once("error", reject);
  });
}

function addressOf(dockerHost: string): Address {
  const url = new URL(dockerHost);
  if (url.protocol === "unix:") return { socketPath: decodeURIComponent(url.pathname) };
  if (url.protocol === "tcp:" || url.protocol === "http:") {
    return { host: url.hostname, port: Number(url.port === "" ? "2375" : url.port) };
  }
  throw new Error(`DOCKER_HOST "${dockerHost}" is neither unix:// nor tcp://`);
}

/** `create container` for `docker.createContainer`. */
function inWords(point: DockerPoint): string {
  return point.slice("docker.".length).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

async function within<T>(ms: number, point: DockerPoint, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `the Docker Engine did not answer within ${String(ms / 1000)} s (${inWords(point)})`;
      reject(new RunnerFailure("docker_daemon", "sluice", message));
    }, ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
