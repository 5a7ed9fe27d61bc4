import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { engineAddress } from "../../test/support/services/docker.ts";
import { temporaryFolder } from "../../test/support/services/folder.ts";
import { freePort } from "../../test/support/services/ports.ts";
import { startChild } from "../../test/support/services/process.ts";
import { until } from "../../test/support/services/until.ts";
import type { Measure } from "./report.ts";

const SLUICE = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
const BARE = fileURLToPath(new URL("./bare-process.ts", import.meta.url));
/** What follows a start (claim file, sweeps, first collections) should be over. */
const SETTLE_MS = 3000;
/** A start with its settling takes seconds; more rounds change no median. */
const MAX_ROUNDS = 6;
const MIB = 1024;

interface Start {
  readonly readyMs: number;
  readonly memoryMib: number;
}

/** How long a start takes until `/healthz` answers, and what an idle server holds; its Redis and the Engine apart. */
export async function* startUpMeasures(rounds: number): AsyncGenerator<Measure> {
  const folder = await temporaryFolder("start-up");
  try {
    const port = String(await freePort());
    // A cache and data of its own, so that the first start here is a first start.
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: join(folder.path, "cache"),
      SLUICE_DATA: join(folder.path, "data"),
      SLUICE_CONFIG: "",
      SLUICE_PORT: port,
      SLUICE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      SLUICE_KEY_FILE: "",
      DOCKER_HOST: engineAddress(),
      DATABASE_URL: "",
      REDIS_URL: "",
    };
    const startSluice = async (): Promise<Start> => await startOnce([SLUICE, "serve"], port, env);
    const startBare = async (): Promise<Start> => await startOnce([BARE, port], port, env);
    const first = await startSluice();
    const product: Start[] = [];
    const floor: Start[] = [];
    await startBare();
    for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round += 1) {
      floor.push(await startBare());
      product.push(await startSluice());
    }
    yield {
      kind: "ratio",
      name: "start-up",
      unit: "ms",
      product: product.map(({ readyMs }) => readyMs),
      beside: "a bare process with the same packages",
      floor: floor.map(({ readyMs }) => readyMs),
      goal: { atMost: 2.5 },
      note: `the first start, without a compile cache and with the schema to make: ${Math.round(first.readyMs)} ms`,
    };
    yield {
      kind: "ratio",
      name: "idle memory",
      unit: "MiB",
      product: product.map(({ memoryMib }) => memoryMib),
      beside: "a bare process with the same packages",
      floor: floor.map(({ memoryMib }) => memoryMib),
      goal: { atMost: 1.7 },
    };
  } finally {
    await folder.remove();
  }
}

async function startOnce(args: readonly string[], port: string, env: NodeJS.ProcessEnv): Promise<Start> {
  const startedAt = performance.now();
  const child = await startChild(process.execPath, args, { env, deathSignal: "TERM" });
  try {
    await until(
      "it answers",
      async () => {
        if (child.exit() !== undefined) throw new Error(child.output());
        return (await statusOf(`http://127.0.0.1:${port}/healthz`)) === 200;
      },
      { everyMs: 3 },
    );
    const readyMs = performance.now() - startedAt;
    await pause(SETTLE_MS);
    return { readyMs, memoryMib: await residentMib(child.pid) };
  } finally {
    await child.stop();
  }
}

/** A plain request: `fetch` would load its own client into the first measure. */
async function statusOf(url: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = get(url, { agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  request.once("error", reject);
  return await promise;
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / MIB;
}
