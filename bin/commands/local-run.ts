import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Engine } from "../../runners/docker/engine.ts";
import { removeNetwork } from "../../runners/docker/network.ts";
import { sweep } from "../../runners/docker/sweep.ts";
import { startRunner, type StartedRunner } from "../../runners/main.ts";
import { ConfigError, loadFile } from "../../server/config.ts";
import { SluiceFile } from "../../server/config-schema.ts";
import { LocalGitError } from "../../server/local/git.ts";
import { SecretsFileError, readSecretsFile } from "../../server/local/secrets-file.ts";
import {
  RUN_FOLDER,
  SECRETS_FILE,
  type Snapshot,
  takeSnapshot,
  workTreeOf,
} from "../../server/local/snapshot.ts";
import { type LocalServer, startLocalServer } from "../../server/local/start.ts";
import { VaultError } from "../../server/secrets/key-file.ts";
import { StoreError } from "../../server/store/errors.ts";
import { execute, type Interrupts, say } from "../local-run/execute.ts";
import { EXIT } from "../local-run/exit-codes.ts";
import { readOptions, type RunOptions, USAGE } from "../local-run/options.ts";
import { createLog } from "../log.ts";

/** How long agents may take to go when the build is over; what is left then goes at the next run. */
const CLEAN_UP_MS = 30_000;

/** `sluice run FILE`: a server and a runner for one build, in this process; gives the exit status. */
export async function localRunCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === "help") {
    console.log(USAGE);
    return EXIT.done;
  }
  if ("wrong" in options) {
    say(`sluice run: ${options.wrong}\n\n${USAGE}`);
    return EXIT.wrongUse;
  }
  const file = resolve(options.file);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    say(`${options.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  if (text === null) return EXIT.wrongUse;
  const interrupts = listenToPerson();
  try {
    return await runFile(options, { path: await realpath(file), text }, interrupts);
  } catch (error) {
    return failed(error);
  } finally {
    interrupts.end();
  }
}

async function runFile(
  options: RunOptions,
  file: { readonly path: string; readonly text: string },
  interrupts: Interrupts,
): Promise<number> {
  const dockerHost = process.env["DOCKER_HOST"] || "unix:///var/run/docker.sock";
  const engine = new Engine(dockerHost);
  try {
    const version = await engine.version().catch(() => null);
    if (version === null) {
      say(`No Docker Engine answers at ${dockerHost}: start Docker, or name an engine by DOCKER_HOST`);
      return EXIT.unavailable;
    }
    const top = await workTreeOf(dirname(file.path));
    const root = top ?? dirname(file.path);
    const sluiceFile = options.config === null ? SluiceFile.parse({}) : loadFile(resolve(options.config));
    const secrets = await readSecretsFile(
      options.secrets === null ? join(root, SECRETS_FILE) : resolve(options.secrets),
      options.secrets === null ? root : dirname(resolve(options.secrets)),
    );
    const dataFolder = await makeRunFolder(root);
    const snapshot = await takeSnapshot(root, top !== null);
    const projectKey = keyOf(root);
    say(headline(projectKey, snapshot, version.engine, secrets.size));
    const log = createLog(process.env["SLUICE_LOG"] ?? "error");
    const server = await startLocalServer({
      projectKey,
      snapshot,
      request: {
        file: { path: relative(root, file.path), text: file.text },
        parameters: options.parameters,
        environment: options.environment,
        branch: options.branch,
        tag: options.tag,
        stage: options.stage,
        person: userInfo().username,
      },
      secrets,
      dataFolder,
      file: sluiceFile,
      configFile: options.config,
      dockerHost,
      log,
    });
    let runner: StartedRunner | null = null;
    try {
      runner = await startRunner({
        url: server.url,
        key: server.runnerKey,
        dataFolder: join(dataFolder, "runner"),
        dockerHost,
        labels: [],
        places: options.places,
        log,
      });
      return await execute(server, options, interrupts);
    } finally {
      await cleanUp(server, runner, engine);
    }
  } finally {
    engine.close();
  }
}

/** The folder of runs, which git does not see and other users do not read. */
async function makeRunFolder(root: string): Promise<string> {
  const folder = join(root, RUN_FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, ".gitignore"), "*\n");
  return folder;
}

/** Closes the agents, then stops both halves and takes away the network that the agents shared. */
async function cleanUp(server: LocalServer, runner: StartedRunner | null, engine: Engine): Promise<void> {
  if (runner !== null) {
    const limit = new AbortController();
    await Promise.race([
      runner.drain(),
      wait(CLEAN_UP_MS, undefined, { signal: limit.signal }).catch(() => undefined),
    ]);
    limit.abort();
    await runner.stop();
  }
  await server.stop();
  const { instance } = server;
  try {
    // Nobody else works for this instance, so that what is still there is nobody's, however young it is.
    const nobodys = { knows: () => false, over: async () => new Set<string>() };
    await sweep(engine, { instance, runner: server.runnerName }, nobodys, Infinity);
    await removeNetwork(engine, `sl-${instance}`);
  } catch (error) {
    say(`Not everything could be removed (${error instanceof Error ? error.message : String(error)}).`);
    say("The next run in this tree tries again.");
  }
}

function headline(project: string, snapshot: Snapshot, engine: string, secrets: number): string {
  const { changed, branch, shownCommit } = snapshot;
  const files = changed === 1 ? "1 changed file" : `${changed ?? 0} changed files`;
  const source =
    changed === null
      ? "the files of a folder without git"
      : `${branch ?? "no branch"} ${shownCommit.slice(0, 7)}${changed === 0 ? "" : ` + ${files}`}`;
  const known = secrets === 0 ? "no secrets" : `${secrets} secrets`;
  return `${project} · ${source} · Docker ${engine} · ${known}`;
}

/** A project's key from the folder's name. */
function keyOf(root: string): string {
  const key = basename(root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/gu, "-")
    .replace(/^[^a-z0-9]+/u, "")
    .slice(0, 60);
  return key === "" ? "project" : key;
}

/** Counts Ctrl-C and requests to end from when the command begins until it is over. */
function listenToPerson(): Interrupts & { end(): void } {
  const listeners = new Set<() => void>();
  let count = 0;
  const add = () => {
    count += 1;
    for (const listener of listeners) listener();
  };
  // A reader that is gone is told of by each write.
  const ignore = () => {};
  process.stdout.on("error", ignore);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, add);
  return {
    get count() {
      return count;
    },
    add,
    onEach(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end() {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, add);
      process.stdout.off("error", ignore);
    },
  };
}

function failed(error: unknown): number {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) say(`${problem.where}: ${problem.text}`);
    return EXIT.configuration;
  }
  if (error instanceof StoreError && error.code === "instance_running") {
    say("Another run is under way in this tree: wait for its end");
    return EXIT.conflict;
  }
  if (
    error instanceof SecretsFileError ||
    error instanceof StoreError ||
    error instanceof VaultError ||
    error instanceof LocalGitError
  ) {
    say(error.message);
    return EXIT.configuration;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}
