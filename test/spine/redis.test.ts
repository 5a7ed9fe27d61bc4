import assert from "node:assert/strict";
import { glob, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { z } from "zod";
import { temporaryFolder } from "../support/services/folder.ts";
import { freePort } from "../support/services/ports.ts";
import { startChild } from "../support/services/process.ts";
import { startRedis } from "../support/services/redis.ts";
import type { RedisServer } from "../support/services/redis.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

const SLUICE = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
const GATE = "input 'Go on?'\necho 'went on'\n";
const HELD = `node { docker.image('sluice-demo/busybox:1').inside {
  sh 'set +x; touch begun; while [ ! -e go ]; do sleep 0.1; done; echo let go'
} }
`;
const SHORT = "echo 'short'\n";
/** As long as the checks take; real minutes where they are asked for. */
const OUTAGE_MS = Number(process.env["SLUICE_TEST_OUTAGE_S"] ?? "0") * 1000;
const Ready = z.object({ checks: z.array(z.object({ name: z.string(), ok: z.boolean() })) });

describe("a server and its Redis", function () {
  this.timeout(240_000 + OUTAGE_MS);
  const stops = createStops();
  afterEach(() => stops.all());

  it("F18: with Redis away takes webhooks, shows its page, keeps a click and lets steps finish; the rest follows when it is back", async () => {
    const redis = await redisFor();
    const spine = await startSpine({ env: { REDIS_URL: redis.url } });
    stops.add(() => spine.stop());
    const { api, url } = spine.server;
    await spine.push("Ask", { Jenkinsfile: GATE });
    const gate = await api.openGate(PROJECT, 1);
    await spine.push("Hold", { Jenkinsfile: HELD });
    const begun = await until(
      "the step has begun",
      async () => await found(spine.server.dataFolder, "begun"),
      {
        deadlineMs: 120_000,
      },
    );

    await redis.kill();
    const backAtMs = Date.now() + OUTAGE_MS;
    await until("the server says what is missing", async () => {
      const { checks } = Ready.parse(await (await fetch(`${url}/readyz`)).json());
      return checks.some(({ name, ok }) => name === "queue" && !ok);
    });
    await spine.push("While it is away", { Jenkinsfile: SHORT });
    const taken = await api.build(PROJECT, 3);
    assert.equal(taken.state, "queued");
    const decided = await api.decide(gate.id, { decision: "approve" });
    assert.equal(decided.status, 200, decided.text);
    for (const path of ["/projects", `/projects/${PROJECT}/builds`, "/gates?state=open", "/runners"])
      assert.equal((await api.ask("GET", path)).status, 200, path);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    await writeFile(join(dirname(begun), "go"), "");
    const held = await api.buildEnded(PROJECT, 2);
    assert.equal(held.state, "succeeded", await api.console(held.id));
    await until("it was away for as long as it is to be", () => Date.now() >= backAtMs, {
      deadlineMs: OUTAGE_MS + 60_000,
      everyMs: 250,
    });
    assert.equal((await api.build(PROJECT, 1)).state, "waiting", "nobody could be told of the click yet");

    await redis.startAgain();
    for (const number of [1, 3]) {
      const build = await api.buildEnded(PROJECT, number);
      assert.equal(build.state, "succeeded", await api.console(build.id));
    }
    assert.match(await api.console(gate.build?.id ?? 0), /^went on$/mu);
    assert.equal((await api.builds(PROJECT)).length, 3);
  });

  it("F21: is not started with a Redis that would lose what is given to it, and names the setting", async () => {
    const redis = await redisFor();
    const client = new Redis(redis.port, "127.0.0.1");
    stops.add(async () => client.disconnect());
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    const evicting = await serve(redis.url);
    assert.equal(evicting.code, 78, evicting.output);
    assert.match(evicting.output, /REDIS_URL: maxmemory-policy is allkeys-lru: set noeviction/u);
    await client.config("SET", "maxmemory-policy", "noeviction");
    await client.config("SET", "appendonly", "no");
    const forgetting = await serve(redis.url);
    assert.equal(forgetting.code, 78, forgetting.output);
    assert.match(forgetting.output, /REDIS_URL: appendonly is no: set yes/u);
    const wanted = await serve(redis.url, ["--allow-unsafe-redis"], /Sluice serves on/u);
    assert.equal(wanted.code, 0, wanted.output);
  });

  async function redisFor(): Promise<RedisServer> {
    const redis = await startRedis();
    stops.add(() => redis.stop());
    return redis;
  }

  /** Starts a server without a runner, waits until it ends or says `enough`, and gives how it ended. */
  async function serve(
    redisUrl: string,
    args: readonly string[] = [],
    enough?: RegExp,
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    const folder = await temporaryFolder("serve");
    stops.add(() => folder.remove());
    const env = {
      PATH: process.env["PATH"] ?? "",
      SLUICE_DATA: join(folder.path, "data"),
      SLUICE_PORT: String(await freePort()),
      REDIS_URL: redisUrl,
    };
    const child = await startChild(process.execPath, [SLUICE, "serve", "--no-runner", ...args], {
      env,
      cwd: folder.path,
    });
    stops.add(() => child.stop("SIGKILL"));
    await until("it has ended, or said enough", () => {
      if (child.exit() !== undefined) return true;
      return enough?.test(child.output()) === true;
    });
    await child.stop();
    const { code } = await child.exited;
    return { code, output: child.output() };
  }
});

/** A file of that name in some workspace. */
async function found(dataFolder: string, name: string): Promise<string | undefined> {
  for await (const file of glob(join(dataFolder, `runner/slots/*/*/src/${name}`))) return file;
  return undefined;
}
