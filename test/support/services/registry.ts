import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { temporaryFolder } from "./folder.ts";
import { onFreePort } from "./ports.ts";
import { runToEnd, startChild } from "./process.ts";
import type { Child } from "./process.ts";
import { until } from "./until.ts";

/** A real registry (docker-registry) that asks for a password. */
export interface Registry {
  /** `localhost:PORT`, as it stands in image names; engines take a loopback registry without TLS. */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Digest of the manifest that `reference` (a tag or digest) names now, or undefined. */
  digestOf(repository: string, reference: string): Promise<string | undefined>;
  tagsOf(repository: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** What a registry may be told: where to keep its data and where to listen; a temporary folder and a free port if not. */
export interface RegistryOptions {
  readonly folder?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** Asks for no password. */
  readonly isOpen?: boolean;
}

/** The part of the registry's tag list we read; `tags` is null once the last one was deleted. */
const TagList = z.object({ tags: z.array(z.string()).nullable() });

const MANIFEST_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
].join(", ");

/** Starts a registry and returns once it answers. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const username = options.username ?? "sluice";
  const password = options.password ?? "registry-password";
  const temporary = options.folder === undefined ? await temporaryFolder("registry") : undefined;
  const folder = options.folder ?? temporary?.path ?? "";
  await writeFile(
    join(folder, "htpasswd"),
    await runToEnd("htpasswd", ["-niB", username], { input: password }),
  );
  const start = async (port: number): Promise<Registry> => {
    const child = await launch(folder, port, options.isOpen ?? false);
    const credentials = Buffer.from(`${username}:${password}`).toString("base64");
    const stop = async (): Promise<void> => {
      await child.stop("SIGKILL");
      await temporary?.remove();
    };
    return { host: `localhost:${port}`, port, username, password, ...reader(port, credentials), stop };
  };
  return options.port === undefined ? await onFreePort(start) : await start(options.port);
}

async function launch(folder: string, port: number, isOpen: boolean): Promise<Child> {
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "one process only" },
    ...(isOpen ? {} : { auth: { htpasswd: { realm: "sluice", path: join(folder, "htpasswd") } } }),
  };
  const file = join(folder, "config.yml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const child = await startChild("docker-registry", ["serve", file]);
  try {
    await until(`the registry answers on port ${port}`, async () => {
      if (child.exit() !== undefined) return "ended";
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
      return answer.status === (isOpen ? 200 : 401) ? "ready" : undefined;
    });
    if (child.exit() !== undefined) throw new Error(`docker-registry ended: ${child.output()}`);
    return child;
  } catch (error) {
    await child.stop("SIGKILL");
    throw error;
  }
}

function reader(port: number, credentials: string): Pick<Registry, "digestOf" | "tagsOf"> {
  const ask = async (path: string, method: "GET" | "HEAD"): Promise<Response> =>
    await fetch(`http://127.0.0.1:${port}/v2/${path}`, {
      method,
      headers: { authorization: `Basic ${credentials}`, accept: MANIFEST_TYPES },
    });
  return {
    digestOf: async (repository, reference) => {
      const answer = await ask(`${repository}/manifests/${reference}`, "HEAD");
      return answer.headers.get("docker-content-digest") ?? undefined;
    },
    tagsOf: async (repository) => {
      const answer = await ask(`${repository}/tags/list`, "GET");
      if (!answer.ok) return [];
      return TagList.parse(await answer.json()).tags ?? [];
    },
  };
}
