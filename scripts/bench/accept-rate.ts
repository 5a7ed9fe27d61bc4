import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { startRedis } from "../../test/support/services/redis.ts";
import { runToEnd, startChild } from "../../test/support/services/process.ts";
import { until } from "../../test/support/services/until.ts";
import { PROJECT, startSpine } from "../../test/support/spine.ts";
import type { Measure } from "./report.ts";

const FLOOR = fileURLToPath(new URL("./accept-floor.ts", import.meta.url));
const LOAD = fileURLToPath(new URL("./load.ts", import.meta.url));
const CONNECTIONS = 10;
const DURATION_MS = 3000;
const WARM_UP_MS = 1500;
const SETTLE_MS = 3000;
/** Each has a server of its own: the builds of one round must not run during the floor of the next. */
const MAX_ROUNDS = 5;
const SECRET = "of-the-floor";
// No runner is there: builds wait for an agent, as in a burst that finds all places taken.
const PIPELINE = `pipeline { agent any; stages { stage('A') { steps { echo 'a' } } } }
`;

/** Accepted webhooks a second at 10 connections: verified, judged, recorded durably, a build made, a nudge sent. */
export async function* acceptMeasures(rounds: number): AsyncGenerator<Measure> {
  const product: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round += 1) {
    floor.push(await floorRate());
    product.push(await productRate());
  }
  yield {
    kind: "ratio",
    name: `accepted webhooks at ${CONNECTIONS} connections`,
    unit: "/s",
    product,
    beside: "Express, HMAC and one BullMQ add",
    floor,
    goal: { atLeast: 0.5 },
  };
}

async function floorRate(): Promise<number> {
  const redis = await startRedis();
  const child = await startChild(process.execPath, [FLOOR, String(redis.port), SECRET]);
  try {
    const port = await until("the floor listens", () => {
      if (child.exit() !== undefined) throw new Error(child.output());
      return /^port (\d+)$/m.exec(child.output())?.[1];
    });
    return await rateOf(`http://127.0.0.1:${port}/hook`, SECRET, "0".repeat(39) + "1");
  } finally {
    await child.stop();
    await redis.stop();
  }
}

async function productRate(): Promise<number> {
  const spine = await startSpine({ runner: false });
  try {
    const commit = await spine.push("a file", { Jenkinsfile: PIPELINE }, "other");
    const { url, secret } = await spine.server.api.renewHook(PROJECT);
    return await rateOf(url, secret, commit);
  } finally {
    await spine.stop();
  }
}

async function rateOf(address: string, secret: string, commit: string): Promise<number> {
  const send = async (durationMs: number): Promise<string> =>
    await runToEnd(process.execPath, [
      LOAD,
      address,
      secret,
      PROJECT,
      commit,
      String(CONNECTIONS),
      String(durationMs),
    ]);
  await send(WARM_UP_MS);
  // What the warm-up's builds are about is dealt with before the measure, not during it.
  await pause(SETTLE_MS);
  return Number(await send(DURATION_MS));
}
