import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Faults } from "../../runners/faults.ts";
import { startRunner, type StartedRunner } from "../../runners/main.ts";
import { ConfigError, loadConfig } from "../../server/config.ts";
import { startServer } from "../../server/main.ts";
import { OwnRedisError } from "../../server/queue/own-redis.ts";
import { UnsafeRedisError } from "../../server/queue/unsafe-redis.ts";
import { VaultError } from "../../server/secrets/key-file.ts";
import { StoreError } from "../../server/store/errors.ts";
import { clockFrom, faultsOf } from "../fault-points.ts";
import { createLog } from "../log.ts";
import { stopSignal } from "../stop-signals.ts";

const USAGE = `Usage: sluice serve [--no-runner] [--places N] [--labels A,B] [--allow-unsafe-redis]

Serves Sluice. Settings come from the environment: SLUICE_DATA, SLUICE_CONFIG (a sluice.yml), SLUICE_PORT,
SLUICE_PUBLIC_URL, SLUICE_KEY_FILE, DATABASE_URL, REDIS_URL, DOCKER_HOST.
  --no-runner   leave the runner out; others join by "sluice runner"
  --places N    agents that may be open at once on the runner inside (default 2)
  --labels A,B  labels of the runner inside
  --allow-unsafe-redis
                start although the Redis of REDIS_URL may lose what is given to it
Exit status: 0 stopped cleanly, 1 failed, 78 a setting must be changed first.`;

const CONFIG = 78;
const DEFAULT_PLACES = 2;
const STOP_MS = 10_000;

/** `sluice serve`: runs until it is told to stop; gives the exit status. */
export async function serveCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const log = createLog(process.env["SLUICE_LOG"] ?? "info");
  process.on("unhandledRejection", (err) => {
    log.fatal({ err }, "a promise was rejected and nobody listened");
    process.exit(1);
  });
  const stopped = stopSignal();
  try {
    const config = loadConfig(process.env, process.cwd());
    const faults = await faultsOf(process.env);
    const server = await startServer({
      config,
      log,
      faults,
      clock: clockFrom(process.env),
      allowUnsafeRedis: options.allowUnsafeRedis,
    });
    if (server.claimUrl !== null)
      console.log(`Open this link to become the administrator:\n${server.claimUrl}`);
    console.log(`Sluice serves on ${server.url}`);
    const runner = options.runner
      ? await startLocalRunner(server, config, options, log, faults).catch((err: unknown) => {
          const why = err instanceof Error ? err.message : String(err);
          log.error({ err }, "the runner inside the server did not start; builds wait until one is online");
          console.error(`No runner on this machine: ${why}`);
          return null;
        })
      : null;
    const signal = await stopped;
    log.info({ signal }, "stopping; running steps go on");
    const force = setTimeout(() => {
      log.warn({}, "the stop took too long and is cut short");
      process.exit(0);
    }, STOP_MS);
    force.unref();
    await runner?.stop();
    await server.stop();
    return 0;
  } catch (error) {
    return failed(error);
  }
}

interface Options {
  readonly help: boolean;
  readonly runner: boolean;
  readonly places: number;
  readonly labels: readonly string[];
  readonly allowUnsafeRedis: boolean;
}

function readOptions(argv: readonly string[]): Options | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        "no-runner": { type: "boolean", default: false },
        places: { type: "string" },
        labels: { type: "string", default: "" },
        "allow-unsafe-redis": { type: "boolean", default: false },
      },
    });
    const places = values.places === undefined ? DEFAULT_PLACES : Number(values.places);
    if (!Number.isSafeInteger(places) || places < 1) return null;
    return {
      help: values.help,
      runner: !values["no-runner"],
      places,
      labels: values.labels.split(",").filter((label) => label !== ""),
      allowUnsafeRedis: values["allow-unsafe-redis"],
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

async function startLocalRunner(
  server: Awaited<ReturnType<typeof startServer>>,
  config: ReturnType<typeof loadConfig>,
  options: Options,
  log: ReturnType<typeof createLog>,
  faults: Faults,
): Promise<StartedRunner> {
  const key = await server.localRunnerKey("local");
  return await startRunner({
    url: `http://127.0.0.1:${server.port}`,
    key,
    dataFolder: join(config.dataFolder, "runner"),
    dockerHost: config.dockerHost ?? "unix:///var/run/docker.sock",
    labels: options.labels,
    places: options.places,
    log,
    faults,
  });
}

/** Says what stopped the start; what a person must change first has the status 78. */
function failed(error: unknown): number {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) console.error(`${problem.where}: ${problem.text}`);
    return CONFIG;
  }
  if (
    error instanceof VaultError ||
    error instanceof OwnRedisError ||
    error instanceof UnsafeRedisError ||
    error instanceof StoreError
  ) {
    console.error(error.message);
    return CONFIG;
  }
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}
