import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { z } from "zod";
import { CreatedRunner, Runners } from "../../server/http/contract/system.ts";
import { createTestApi } from "./api.ts";
import type { TestApi } from "./api.ts";
import { dockerForTests, engineAddress } from "./services/docker.ts";
import { temporaryFolder } from "./services/folder.ts";
import { agentImage, busyboxImage } from "./services/images.ts";
import type { Namespace } from "./services/namespace.ts";
import { freePort } from "./services/ports.ts";
import { runToEnd, startChild } from "./services/process.ts";
import type { Child } from "./services/process.ts";
import { until } from "./services/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SLUICE = join(ROOT, "bin/sluice.js");
const LOOPBACK = "127.0.0.1";

/** How a server is to be started. */
export interface TestServerOptions {
  /** Text of its `sluice.yml`. */
  readonly file: string;
  /** Further variables: DATABASE_URL, REDIS_URL, SLUICE_FAULT. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it runs builds itself; default yes. */
  readonly runner?: boolean;
  /** Agents that may be open at once. */
  readonly places?: number;
  /** Size of a disk that the server's data has for itself, in memory: `96m`. Needs root. */
  readonly disk?: string;
}

/** How a runner is to be started. */
export interface TestRunnerOptions {
  /** Agents that may be open at once; default 4. */
  readonly places?: number;
  /** Where it runs, if not beside the server: the server must listen on all addresses (SLUICE_ALLOW_HTTP). */
  readonly namespace?: Namespace;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of `sluice runner` beside the server. */
export interface TestRunner {
  readonly dataFolder: string;
  pid(): number;
  output(): string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Settles when the process that runs now ends. */
  ended(): Promise<void>;
  /** Starts it again on the data it had. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** A real `sluice serve` in a data folder of its own, owned by an administrator whose token `api` carries. */
export interface TestServer {
  readonly url: string;
  readonly dataFolder: string;
  readonly api: TestApi;
  readonly token: string;
  pid(): number;
  /** The letters by which it marks what is its own in an engine, which other tests use at the same time. */
  instance(): Promise<string>;
  /** The end of what it printed. */
  output(): string;
  /** Settles when the process that runs now ends. */
  ended(): Promise<void>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port, after ending what still runs; `env` replaces the variables given before. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Adds a runner with a process of its own. */
  startRunner(name: string, options?: TestRunnerOptions): Promise<TestRunner>;
  /** Ends everything and removes what it left: processes, containers, folder. */
  stop(): Promise<void>;
}

/** Starts a server and takes it over by its claim file. Its process cannot outlive ours. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const docker = dockerForTests();
  await busyboxImage(docker);
  await agentImage(engineAddress());
  const folder = await temporaryFolder("spine");
  const dataFolder = join(folder.path, "data");
  if (options.disk !== undefined) {
    await mkdir(dataFolder);
    await runToEnd("mount", [
      "-t",
      "tmpfs",
      "-o",
      `size=${options.disk},mode=0700`,
      "sluice-test",
      dataFolder,
    ]);
  }
  const configFile = join(folder.path, "sluice.yml");
  await writeFile(configFile, options.file);
  const port = await freePort();
  const url = `http://${LOOPBACK}:${port}`;
  const runners: TestRunner[] = [];
  const removeFolder = async (): Promise<void> => {
    if (options.disk !== undefined) await runToEnd("umount", ["-l", dataFolder]);
    await folder.remove();
  };
  const launch = async (env: Readonly<Record<string, string>>): Promise<Child> => {
    const child = await startChild(process.execPath, [SLUICE, "serve", ...serveArgs(options)], {
      env: {
        ...process.env,
        DOCKER_HOST: engineAddress(),
        DATABASE_URL: "",
        REDIS_URL: "",
        SLUICE_KEY_FILE: "",
        SLUICE_FAULT: "",
        ...env,
        SLUICE_DATA: dataFolder,
        SLUICE_CONFIG: configFile,
        SLUICE_PORT: String(port),
        SLUICE_PUBLIC_URL: url,
      },
      // Its own Redis ends in order with it when the test's process is killed.
      deathSignal: "TERM",
      cwd: folder.path,
    });
    await untilItAnswers(child, url);
    return child;
  };
  let child = await launch(options.env ?? {}).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  const stop = async (): Promise<void> => {
    for (const runner of runners) await runner.stop();
    // A server that was killed leaves its Redis for the next start; only a clean stop ends it.
    if (child.exit() !== undefined && (options.env?.["REDIS_URL"] ?? "") === "") child = await launch({});
    await child.stop();
    await removeLeftovers(await instanceOf(dataFolder, options.env?.["DATABASE_URL"]));
    await removeFolder();
  };
  try {
    const token = await takeOver(url, dataFolder);
    const api = createTestApi(url, token);
    if (options.runner !== false)
      await until("the runner inside is online", async () => (await api.runnersOnline()) > 0);
    return {
      url,
      dataFolder,
      api,
      token,
      pid: () => child.pid,
      instance: async () => {
        const instance = await instanceOf(dataFolder, options.env?.["DATABASE_URL"]);
        assert.ok(instance !== undefined, "the server has no database yet");
        return instance;
      },
      output: () => child.output(),
      ended: async () => void (await child.exited),
      kill: async () => await child.stop("SIGKILL"),
      restart: async (env) => {
        await child.stop();
        child = await launch(env ?? options.env ?? {});
      },
      startRunner: async (name, more = {}) => {
        const runner = await joinRunner(url, api, { name, data: join(folder.path, name), ...more });
        runners.push(runner);
        return runner;
      },
      stop,
    };
  } catch (error) {
    const said = child.output();
    await stop();
    throw new Error(`${String(error)}\n${said.slice(-4000)}`, { cause: error });
  }
}

function serveArgs(options: TestServerOptions): string[] {
  if (options.runner === false) return ["--no-runner"];
  return ["--places", String(options.places ?? 4)];
}

async function untilItAnswers(child: Child, url: string): Promise<void> {
  const answer = await until("sluice serve answers", async () => {
    if (child.exit() !== undefined) return "ended";
    return (await fetch(`${url}/healthz`)).ok ? "ready" : undefined;
  });
  if (answer === "ended") throw new Error(`sluice serve ended with ${child.exit()?.code}: ${child.output()}`);
}

async function joinRunner(
  url: string,
  api: TestApi,
  options: TestRunnerOptions & { readonly name: string; readonly data: string },
): Promise<TestRunner> {
  const { name, data, namespace } = options;
  const made = await api.ask("POST", "/runners", { name });
  assert.equal(made.status, 201, made.text);
  const { token } = CreatedRunner.parse(made.json());
  const address = new URL(url);
  if (namespace !== undefined) address.hostname = namespace.hostAddress;
  const places = String(options.places ?? 4);
  const server = address.href.replace(/\/$/u, "");
  const args = [SLUICE, "runner", "--server", server, "--token", token, "--data", data, "--name", name];
  const command = [...args, "--places", places];
  const start = namespace?.inside(process.execPath, command) ?? { program: process.execPath, args: command };
  const launch = async (): Promise<Child> =>
    await startChild(start.program, start.args, {
      env: { ...process.env, DOCKER_HOST: engineAddress(), ...options.env },
      deathSignal: "TERM",
    });
  let child = await launch();
  await until(`the runner ${name} is online`, async () => {
    if (child.exit() !== undefined) throw new Error(child.output());
    const { items } = await api.read(Runners, "/runners");
    return items.some((runner) => runner.name === name && runner.state === "online");
  });
  return {
    dataFolder: data,
    pid: () => child.pid,
    output: () => child.output(),
    kill: async () => await child.stop("SIGKILL"),
    ended: async () => void (await child.exited),
    startAgain: async () => {
      await child.stop("SIGKILL");
      child = await launch();
    },
    stop: async () => await child.stop(),
  };
}

const Claimed = z.object({ id: z.int(), csrf: z.string() });

/** Becomes the administrator as a person does, and makes a token. */
export async function takeOver(url: string, dataFolder: string): Promise<string> {
  const claim = await until("the claim is written", async () => {
    const link = (await readFile(join(dataFolder, "claim.txt"), "utf8")).trim();
    return new URLSearchParams(new URL(link).hash.slice(1)).get("claim") ?? undefined;
  });
  const person = { claim, login: "grace", name: "Grace", mail: "grace@example.test", password: "a long one" };
  const claimed = await post(`${url}/api/v1/claim`, { origin: url }, person);
  const { csrf } = Claimed.parse(await claimed.json());
  const cookie = claimed.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const wanted = { name: "test", scopes: ["read", "build", "approve", "admin"], days: 1 };
  const made = await post(`${url}/api/v1/tokens`, { origin: url, cookie, "x-sluice-csrf": csrf }, wanted);
  return z.object({ value: z.string() }).parse(await made.json()).value;
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<Response> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${url} was answered ${answer.status}`);
  return answer;
}

const Named = z.object({ name: z.string() });

/** The letters by which a server marks what is its own in an engine; kept in its database. */
export async function instanceOf(
  dataFolder: string,
  databaseUrl: string | undefined,
): Promise<string | undefined> {
  if (databaseUrl === undefined) {
    const file = join(dataFolder, "sluice.sqlite");
    if (!existsSync(file)) return undefined;
    const database = new DatabaseSync(file);
    try {
      return Named.parse(database.prepare("select name from instance").get()).name;
    } finally {
      database.close();
    }
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return Named.parse((await client.query("select name from instance")).rows[0]).name;
  } finally {
    await client.end();
  }
}

/** Steps outlive their runner by design, so what a test left running is taken away here, and the networks with it. */
export async function removeLeftovers(instance: string | undefined): Promise<void> {
  if (instance === undefined) return;
  const docker = dockerForTests();
  const filters = { label: [`sluice.instance=${instance}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters }))
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone);
  for (const { Id } of await docker.listNetworks({ filters }))
    await docker.getNetwork(Id).remove().catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  const Gone = z.object({ statusCode: z.union([z.literal(404), z.literal(409)]) });
  if (!Gone.safeParse(error).success) throw error;
}
