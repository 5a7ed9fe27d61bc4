import { Readable } from "node:stream";
import type { ImageBuildOptions } from "dockerode";
import { z } from "zod";
import { RunnerFailure } from "../failure.ts";
import type { FailureCode } from "../protocol.ts";
import { asFailure, isUnreached, statusOf } from "./engine.ts";
import type { DockerPoint } from "./points.ts";
import type { Engine } from "./engine.ts";
import { readLines } from "./lines.ts";
import { KeyedLock } from "../keyed-lock.ts";
import { pause } from "../pause.ts";

/** Who signs in at which registry. The password is used for that host and no other. */
export interface RegistryLogin {
  readonly server: string;
  readonly username: string;
  readonly password: string;
}

/** What an image is. `digests` are `repository@sha256:…` of registries it came from or went to. */
export interface ImageFacts {
  readonly id: string;
  readonly digests: readonly string[];
  readonly tags: readonly string[];
  readonly env: Record<string, string>;
  readonly labels: Record<string, string>;
}

/** All that a build of an image is told. `context` is an uncompressed tar made by us. */
export interface BuildPlan {
  readonly context: Readable;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly buildArgs: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly target: string | null;
  readonly pull: boolean;
  readonly noCache: boolean;
  readonly network: "default" | "none";
  readonly platform: string | null;
  readonly cacheFrom: readonly string[];
  readonly logins: readonly RegistryLogin[];
}

/** Where an image goes to. `repeated`: an earlier process may have pushed it and could not say so. */
export interface PushPlan {
  readonly repository: string;
  readonly tag: string;
  readonly login: RegistryLogin | null;
  readonly say: Say;
  readonly signal: AbortSignal;
  readonly repeated: boolean;
}

/** Told what the engine says while it works. */
export type Say = (text: string) => void;

const Inspected = z.object({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  RepoTags: z.array(z.string()).nullish(),
  Config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
});

const Distribution = z.object({ Descriptor: z.object({ digest: z.string() }) });

// A pull or push without a word for so long is stuck.
const SILENCE_MS = 120_000;
const RETRY_AFTER_MS = [1000, 3000, 9000];

/** Images of an engine: pulls one at a time per image, pushes one at a time per repository. */
export class Images {
  readonly #engine: Engine;
  readonly #used: (id: string, made: boolean) => void;
  readonly #pulls = new KeyedLock();
  readonly #pushes = new KeyedLock();

  /** `used` hears of each image that a build uses; `made`: it was not there before. */
  constructor(engine: Engine, used: (id: string, made: boolean) => void = () => {}) {
    this.#engine = engine;
    this.#used = used;
  }

  /** Removes an image with all its names; false when a container, or another image, needs it. */
  async remove(id: string): Promise<boolean> {
    const facts = await this.inspect(id);
    if (facts === null) return true;
    const users = await this.#engine.call("docker.listContainers", (docker) =>
      docker.listContainers({ all: true, filters: { ancestor: [id] } }),
    );
    if (users.length > 0) return false;
    try {
      // By its names: one with several goes by its id only by force, and force heeds no container.
      for (const name of facts.tags.length > 1 ? facts.tags : [id])
        await this.#engine.call("docker.removeImage", (docker) => docker.getImage(name).remove());
    } catch (error) {
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404) throw error;
    }
    return true;
  }

  /** Null if the engine has no such image. */
  async inspect(image: string): Promise<ImageFacts | null> {
    let answer: unknown;
    try {
      answer = await this.#engine.call("docker.inspectImage", (docker) => docker.getImage(image).inspect());
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
    const seen = Inspected.parse(answer);
    return {
      id: seen.Id,
      digests: seen.RepoDigests ?? [],
      tags: seen.RepoTags ?? [],
      env: envOf(seen.Config?.Env ?? []),
      labels: seen.Config?.Labels ?? {},
    };
  }

  /** Makes sure of an image by a pull policy and gives its facts. */
  async ensure(
    image: string,
    policy: "missing" | "always" | "never",
    login: RegistryLogin | null,
    say: Say,
    signal: AbortSignal,
  ): Promise<ImageFacts> {
    return this.#pulls.run(image, async () => {
      const have = policy === "always" ? null : await this.inspect(image);
      if (have !== null) {
        this.#used(have.id, false);
        return have;
      }
      if (policy !== "never") await this.#pull(image, login, say, signal);
      const got = await this.inspect(image);
      if (got !== null) {
        this.#used(got.id, true);
        return got;
      }
      throw new RunnerFailure("image_missing", "file", `there is no image ${image} on the runner`);
    });
  }

  async tag(image: string, repository: string, tag: string): Promise<void> {
    try {
      await this.#engine.call("docker.tagImage", (docker) =>
        docker.getImage(image).tag({ repo: repository, tag }),
      );
    } catch (error) {
      if (statusOf(error) === 404)
        throw new RunnerFailure("image_missing", "file", `there is no image ${image}`);
      throw error;
    }
  }

  /**
   * Pushes exactly this image under repository:tag and gives the manifest's digest. The lock makes the tag ours from the
   * moment it is set until the registry has it: another build of the same tag cannot slip its image in. Where an earlier
   * attempt may have landed (`repeated`, or its answer was lost) the registry is asked first, and nothing is sent twice.
   */
  async push(image: string, { repository, tag, login, say, signal, repeated }: PushPlan): Promise<string> {
    return this.#pushes.run(repository, async () => {
      await this.tag(image, repository, tag);
      for (let attempt = 0; ; attempt += 1) {
        try {
          const landed = repeated || attempt > 0 ? await this.#landed(image, repository, tag, login) : null;
          if (landed === null) return await this.#pushOnce(repository, tag, login, say, signal);
          say(`${repository}:${tag} is there already: ${landed}\n`);
          return landed;
        } catch (error) {
          await retryOrThrow(error, attempt, say, signal);
        }
      }
    });
  }

  /**
   * The digest that the registry has under repository:tag if it is this image's, else null. The engine notes the digest of
   * an image when a push of it has succeeded: a push that ended half-way is none of these.
   */
  async #landed(
    image: string,
    repository: string,
    tag: string,
    login: RegistryLogin | null,
  ): Promise<string | null> {
    const facts = await this.inspect(image);
    const ours = facts?.digests.filter((digest) => digest.startsWith(`${repository}@`)) ?? [];
    if (ours.length === 0) return null;
    const options = login === null ? {} : { authconfig: authOf(login) };
    try {
      const answer: unknown = await this.#engine.call("docker.askDigest", (docker) =>
        docker.getImage(`${repository}:${tag}`).distribution(options),
      );
      const { digest } = Distribution.parse(answer).Descriptor;
      return ours.includes(`${repository}@${digest}`) ? digest : null;
    } catch (error) {
      // The push itself says what is wrong with a registry that does not answer.
      if (error instanceof RunnerFailure) return null;
      throw error;
    }
  }

  /** Builds an image and gives its id. */
  async build(plan: BuildPlan, say: Say, signal: AbortSignal): Promise<string> {
    const config = Object.fromEntries(
      plan.logins.map((login) => [
        credentialKey(login.server),
        { username: login.username, password: login.password },
      ]),
    );
    const [firstTag, ...otherTags] = plan.tags;
    const options: ImageBuildOptions = {
      ...(firstTag === undefined ? {} : { t: firstTag }),
      dockerfile: plan.dockerfile,
      buildargs: plan.buildArgs,
      labels: plan.labels,
      ...(plan.target === null ? {} : { target: plan.target }),
      ...(plan.platform === null ? {} : { platform: plan.platform }),
      ...(plan.pull ? { pull: true } : {}),
      nocache: plan.noCache,
      cachefrom: JSON.stringify(plan.cacheFrom),
      ...(plan.network === "none" ? { networkmode: "none" } : {}),
      rm: true,
      forcerm: true,
      abortSignal: signal,
    };
    // The client would encode the map as standard base64, which the engine does not read: credentials would vanish.
    const base64 = Buffer.from(JSON.stringify(config)).toString("base64url");
    Object.assign(options, { registryconfig: { base64 } });
    let id: string;
    try {
      id = await this.#engine.send("docker.buildImage", async (docker) =>
        this.#built(await docker.buildImage(plan.context, options), say, signal),
      );
    } catch (error) {
      const unread = plan.context.errored;
      if (unread === null) throw asFailure("docker.buildImage", error);
      if (unread instanceof RunnerFailure) throw unread;
      const text = `the context of the build cannot be read: ${unread.message}`;
      throw new RunnerFailure("image_build_failed", "sluice", text, unread);
    }
    this.#used(id, true);
    for (const name of otherTags) await this.tag(id, ...splitReference(name));
    return id;
  }

  async #built(answer: NodeJS.ReadableStream, say: Say, signal: AbortSignal): Promise<string> {
    let id: string | null = null;
    for await (const line of this.#lines(answer, signal)) {
      if (line.stream != null) say(line.stream);
      else if (line.status != null) say(statusText(line.id, line.status));
      if (line.aux?.ID != null) id = line.aux.ID;
      if (line.errorDetail != null) {
        throw new RunnerFailure("image_build_failed", "command", line.errorDetail.message);
      }
    }
    if (id === null)
      throw new RunnerFailure("image_build_failed", "sluice", "the build ended without an image");
    return id;
  }

  async #pull(image: string, login: RegistryLogin | null, say: Say, signal: AbortSignal): Promise<void> {
    const [repository, tag] = splitReference(image);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const options = { fromImage: repository, tag, abortSignal: signal };
        return await this.#engine.send("docker.pullImage", async (docker) => {
          const answer: NodeJS.ReadableStream = await docker.createImage(authOf(login), options);
          await this.#follow(answer, say, signal);
        });
      } catch (error) {
        await retryOrThrow(registryFailure("docker.pullImage", error, image), attempt, say, signal);
      }
    }
  }

  async #pushOnce(
    repository: string,
    tag: string,
    login: RegistryLogin | null,
    say: Say,
    signal: AbortSignal,
  ): Promise<string> {
    const name = `${repository}:${tag}`;
    try {
      const options = { tag, authconfig: authOf(login) ?? {}, abortSignal: signal };
      return await this.#engine.send("docker.pushImage", async (docker) =>
        this.#pushed(await docker.getImage(repository).push(options), say, signal),
      );
    } catch (error) {
      throw registryFailure("docker.pushImage", error, name);
    }
  }

  async #pushed(answer: NodeJS.ReadableStream, say: Say, signal: AbortSignal): Promise<string> {
    let digest: string | null = null;
    for await (const line of this.#lines(answer, signal)) {
      if (line.errorDetail != null) throw new Error(line.errorDetail.message);
      if (line.aux?.Digest != null) digest = line.aux.Digest;
      else if (line.status != null && line.progressDetail?.total == null)
        say(statusText(line.id, line.status));
    }
    if (digest === null) throw new Error("the push ended without a digest");
    return digest;
  }

  async #follow(answer: NodeJS.ReadableStream, say: Say, signal: AbortSignal): Promise<void> {
    for await (const line of this.#lines(answer, signal)) {
      if (line.errorDetail != null) throw new Error(line.errorDetail.message);
      if (line.status != null && line.progressDetail?.total == null) say(statusText(line.id, line.status));
    }
  }

  // Ends with an error when nothing came for too long, or when the command was cancelled.
  async *#lines(answer: NodeJS.ReadableStream, signal: AbortSignal): ReturnType<typeof readLines> {
    const stream = Readable.from(answer);
    let timer: NodeJS.Timeout | undefined;
    const again = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stream.destroy(new Error("nothing was heard for two minutes")), SILENCE_MS);
    };
    const stop = (): void => {
      stream.destroy(new RunnerFailure("cancelled", "person", "cancelled"));
    };
    signal.addEventListener("abort", stop);
    try {
      again();
      for await (const line of readLines(stream)) {
        again();
        yield line;
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      if (answer instanceof Readable) answer.destroy();
    }
  }
}

/** The name under which a registry's credentials are kept; Docker Hub's is an address of old. */
export function credentialKey(server: string): string {
  return server === "docker.io" || server === "index.docker.io" || server === "registry-1.docker.io"
    ? "https://index.docker.io/v1/"
    : server;
}

/** The repository and the tag or digest of a reference; no tag means `latest`. */
export function splitReference(reference: string): [string, string] {
  const at = reference.indexOf("@");
  if (at >= 0) return [reference.slice(0, at), reference.slice(at + 1)];
  const colon = reference.lastIndexOf(":");
  if (colon > reference.lastIndexOf("/")) return [reference.slice(0, colon), reference.slice(colon + 1)];
  return [reference, "latest"];
}

function authOf(login: RegistryLogin | null): Record<string, string> | undefined {
  if (login === null) return undefined;
  return {
    username: login.username,
    password: login.password,
    serveraddress: credentialKey(login.server),
  };
}

/** What the engine says of a registry, or that the engine itself was not reached. */
function registryFailure(point: DockerPoint, error: unknown, image: string): RunnerFailure {
  if (error instanceof RunnerFailure) return error;
  if (isUnreached(error)) return asFailure(point, error);
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 512);
  const code: FailureCode = /unauthorized|denied|authentication required|no basic auth|forbidden/i.test(
    message,
  )
    ? "registry_denied"
    : /not found|manifest unknown|does not exist|name unknown|invalid reference/i.test(message)
      ? "image_missing"
      : "registry_unreachable";
  const fault = code === "registry_unreachable" ? "sluice" : "file";
  return new RunnerFailure(code, fault, `${image}: ${message}`, error);
}

async function retryOrThrow(error: unknown, attempt: number, say: Say, signal: AbortSignal): Promise<void> {
  const wait = RETRY_AFTER_MS[attempt];
  const mayHelp = error instanceof RunnerFailure && error.code === "registry_unreachable";
  if (!mayHelp || wait === undefined || signal.aborted) throw error;
  say(`${error.message}; trying again in ${String(wait / 1000)} s\n`);
  await pause(wait, signal);
  if (signal.aborted) throw error;
}

function statusText(id: string | null | undefined, status: string): string {
  return id == null || id === "" ? `${status}\n` : `${id}: ${status}\n`;
}

function envOf(list: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of list) {
    const at = entry.indexOf("=");
    if (at > 0) env[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return env;
}
