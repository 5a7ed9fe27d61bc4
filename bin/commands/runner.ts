import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startRunner } from "../../runners/main.ts";
import { JoinAnswer } from "../../runners/protocol.ts";
import { openDataFolder } from "../../server/data-folder.ts";
import { faultsOf } from "../fault-points.ts";
import { createLog } from "../log.ts";
import { stopSignal } from "../stop-signals.ts";

const USAGE = `Usage: sluice runner --server URL [--token TOKEN] [--data FOLDER] [--places N] [--labels A,B] [--name NAME]

Joins a server and runs its builds on this machine's Docker Engine.
  --token TOKEN   the one-time token of the server's page; needed at the first start only
  --data FOLDER   where key, workspaces and sessions are kept (default ./runner-data)
Exit status: 0 stopped cleanly, 1 failed, 78 a setting must be changed first.`;

const DEFAULT_PLACES = 2;
/** A person must change a setting first. */
const SETTING = 78;

/** `sluice runner`: runs until it is told to stop; gives the exit status. */
export async function runnerCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  const faults = await faultsOf(process.env).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  });
  if (faults === null) return SETTING;
  const log = createLog(process.env["SLUICE_LOG"] ?? "info");
  const stopped = stopSignal();
  const key = await keyOf(options).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  });
  if (key === null) return SETTING;
  try {
    const runner = await startRunner({
      url: options.server,
      key,
      dataFolder: options.data,
      dockerHost: process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock",
      labels: options.labels,
      places: options.places,
      log,
      faults,
    });
    console.log(`The runner ${options.name} works for ${options.server}`);
    await Promise.race([stopped, runner.ended]);
    await runner.stop();
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

interface Options {
  readonly server: string;
  readonly token: string | undefined;
  readonly data: string;
  readonly places: number;
  readonly labels: readonly string[];
  readonly name: string;
}

function readOptions(argv: readonly string[]): Options | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        server: { type: "string" },
        token: { type: "string" },
        data: { type: "string", default: "runner-data" },
        places: { type: "string" },
        labels: { type: "string", default: "" },
        name: { type: "string" },
      },
    });
    const places = values.places === undefined ? DEFAULT_PLACES : Number(values.places);
    if (values.server === undefined || !Number.isSafeInteger(places) || places < 1) return null;
    return {
      server: values.server.replace(/\/+$/u, ""),
      token: values.token,
      data: resolve(values.data),
      places,
      labels: values.labels.split(",").filter((label) => label !== ""),
      name: values.name ?? hostname(),
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** The key of an earlier join, else a new one for the token; null when there is neither. */
async function keyOf(options: Options): Promise<string | null> {
  const file = join(options.data, "runner.key");
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (options.token === undefined) {
    console.error(
      "This runner has not joined yet: make a token on the server's page and give it with --token",
    );
    return null;
  }
  // The token is good for one join: a folder that cannot be written to has to show before.
  await openDataFolder(options.data, "--data");
  const response = await fetch(`${options.server}/runner/v1/join`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: options.token, name: options.name }),
  }).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  if (response instanceof Error) {
    console.error(`${options.server} does not answer`);
    return null;
  }
  const body: unknown = await response.json().catch(() => null);
  const joined = JoinAnswer.safeParse(body);
  if (!joined.success) {
    console.error(
      `The server did not let this runner join (${response.status}): the token was used, has expired, or is wrong`,
    );
    return null;
  }
  writeFileSync(`${file}.new`, `${joined.data.key}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return joined.data.key;
}
