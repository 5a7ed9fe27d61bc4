import { connect } from "node:net";

import { temporaryFolder } from "./folder.ts";
import { onFreePort } from "./ports.ts";
import { startChild } from "./process.ts";
import type { Child } from "./process.ts";
import { until } from "./until.ts";

/** A redis-server of our own, with the settings that Sluice asks for (append-only file, nothing evicted). */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  pid(): number;
  /** SIGKILL, as a crash: what was not on disk is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port with what its folder holds. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a redis-server on a free loopback port and returns once it answers. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await temporaryFolder("redis");
  return await onFreePort(async (port) => {
    let child = await launch(port, folder.path);
    return {
      url: `redis://127.0.0.1:${port}`,
      port,
      folder: folder.path,
      pid: () => child.pid,
      kill: async () => await child.stop("SIGKILL"),
      startAgain: async () => {
        await child.stop("SIGKILL");
        child = await launch(port, folder.path);
      },
      stop: async () => {
        await child.stop("SIGKILL");
        await folder.remove();
      },
    };
  });
}

async function launch(port: number, folder: string): Promise<Child> {
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    appendonly: "yes",
    appendfsync: "everysec",
    "maxmemory-policy": "noeviction",
    save: "",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = await startChild("redis-server", args);
  try {
    await until(`redis-server answers on port ${port}`, async () => {
      if (child.exit() !== undefined) return "ended";
      return (await answersPing(port)) ? "ready" : undefined;
    });
    if (child.exit() !== undefined) throw new Error(`redis-server ended: ${child.output()}`);
    return child;
  } catch (error) {
    await child.stop("SIGKILL");
    throw error;
  }
}

/** True once the server has loaded its data: until then it answers PING with an error. */
async function answersPing(port: number): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("error", reject);
    socket.once("close", () => resolve(false));
    socket.once("data", (chunk: Buffer) => {
      resolve(chunk.toString().startsWith("+PONG"));
      socket.destroy();
    });
  });
}
