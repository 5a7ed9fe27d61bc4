import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../test/support/services/ports.ts";
import { runToEnd } from "../../test/support/services/process.ts";
import { startPart } from "./parts.ts";
import type { OwnedPart } from "./parts.ts";

/** Who may push to the campaign's registry. */
export const REGISTRY_USER = "campaign";
export const REGISTRY_PASSWORD = "of-the-registry-4711";

const LOOK_MS = 5_000;
/** Longer than any fault takes. */
const PATIENCE_MS = 120_000;
const AGAIN_MS = 300;
const MANIFEST_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
].join(", ");

/** A redis-server with the settings that Sluice asks for, as a part. */
export async function startRedis(
  folder: string,
  logFile: string,
): Promise<{ part: OwnedPart; port: number }> {
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    appendonly: "yes",
    appendfsync: "everysec",
    "maxmemory-policy": "noeviction",
    save: "",
  };
  const part = await startPart({
    name: "redis",
    program: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    env: process.env,
    logFile,
    answers: async () => (await askRedis(port, "PING")).startsWith("+PONG"),
  });
  return { part, port };
}

/** One command to a redis-server, and the beginning of its answer. */
export async function askRedis(port: number, command: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.setTimeout(LOOK_MS, () => socket.destroy(new Error("Redis did not answer")));
    socket.once("error", reject);
    socket.once("close", () => resolve(""));
    socket.once("data", (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
  });
}

/** A registry that asks for a password, as a part, and what it holds when asked directly. */
export async function startRegistry(
  folder: string,
  logFile: string,
): Promise<{
  part: OwnedPart;
  port: number;
  readonly digestOf: (repository: string, tag: string) => Promise<string | undefined>;
}> {
  const port = await freePort();
  const htpasswd = join(folder, "htpasswd");
  await writeFile(
    htpasswd,
    await runToEnd("htpasswd", ["-niB", REGISTRY_USER], { input: REGISTRY_PASSWORD }),
  );
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    // Several lives of one registry: uploads that were begun may be gone on with.
    http: { addr: `127.0.0.1:${port}`, secret: "of all its lives" },
    auth: { htpasswd: { realm: "campaign", path: htpasswd } },
  };
  const file = join(folder, "config.yml");
  await writeFile(file, JSON.stringify(config)); // JSON is YAML
  const part = await startPart({
    name: "registry",
    program: "docker-registry",
    args: ["serve", file],
    env: process.env,
    logFile,
    answers: async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).status === 401,
  });
  const authorization = `Basic ${Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString("base64")}`;
  return {
    part,
    port,
    digestOf: async (repository, tag) => {
      const look = async (): Promise<Response> =>
        await fetch(`http://127.0.0.1:${port}/v2/${repository}/manifests/${tag}`, {
          method: "HEAD",
          headers: { authorization, accept: MANIFEST_TYPES },
          signal: AbortSignal.timeout(LOOK_MS),
        });
      const answer = await untilAnswered(look);
      return answer.headers.get("docker-content-digest") ?? undefined;
    },
  };
}

/** Asks again while a fault keeps the answer away: it is stopped, frozen, or its disk is full. */
async function untilAnswered(ask: () => Promise<Response>): Promise<Response> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const answer = await ask();
      if (answer.status < 500 || Date.now() >= giveUpAtMs) return answer;
    } catch (error) {
      if (Date.now() >= giveUpAtMs) throw error;
    }
    await pause(AGAIN_MS);
  }
}
