import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { engineAddress } from "../../test/support/services/docker.ts";
import { startChild } from "../../test/support/services/process.ts";
import type { Child } from "../../test/support/services/process.ts";
import { until } from "../../test/support/services/until.ts";
import { claimServer } from "./api.ts";
import type { Owner } from "./api.ts";
import { FOLDER, ROOT } from "./settings.ts";
import type { Ports } from "./settings.ts";

/** The running `sluice serve` of the demo. */
export interface DemoServer {
  readonly url: string;
  readonly logFile: string;
  /** Settles when the process ends, with the code it ended with. */
  readonly ended: Promise<number | null>;
  /** The end of what it printed. */
  output(): string;
  stop(): Promise<void>;
}

const DATA = join(FOLDER, "data");

/** Starts `sluice serve` with the demo's settings and returns once it answers. @throws {Error} with its last words */
export async function startServer(ports: Ports, configFile: string): Promise<DemoServer> {
  const logFile = join(FOLDER, "server.log");
  const log = createWriteStream(logFile);
  const child = await startChild(process.execPath, [join(ROOT, "bin/sluice.js"), "serve"], {
    env: {
      ...process.env,
      SLUICE_DATA: DATA,
      SLUICE_CONFIG: configFile,
      SLUICE_PORT: String(ports.page),
      DOCKER_HOST: engineAddress(),
      // Of the person's own installation, not of the demo's.
      SLUICE_PUBLIC_URL: "",
      SLUICE_KEY_FILE: "",
      DATABASE_URL: "",
      REDIS_URL: "",
    },
    // If the demo itself is killed, the server still ends its own children in order.
    deathSignal: "TERM",
    onOutput: (chunk) => void log.write(chunk),
  });
  const url = `http://localhost:${ports.page}`;
  await untilItAnswers(child, url);
  return {
    url,
    logFile,
    ended: child.exited.then(({ code }) => code),
    output: () => child.output(),
    stop: async () => {
      await child.stop();
      await new Promise((resolve) => log.end(resolve));
    },
  };
}

async function untilItAnswers(child: Child, url: string): Promise<void> {
  const answer = await until("Sluice answers", async () => {
    if (child.exit() !== undefined) return "ended";
    return (await fetch(`${url}/healthz`)).ok ? "ready" : undefined;
  });
  if (answer === "ended") {
    throw new Error(`sluice serve ended with ${child.exit()?.code}: ${child.output().slice(-2000)}`);
  }
}

/** Becomes the owner of a fresh server through the claim it wrote for its administrator. */
export async function takeOver(url: string, password: string): Promise<Owner> {
  const claim = await until("the claim is written", async () => {
    const link = await readFile(join(DATA, "claim.txt"), "utf8");
    return new URLSearchParams(new URL(link.trim()).hash.slice(1)).get("claim") ?? undefined;
  });
  return await claimServer(url, claim, password);
}
