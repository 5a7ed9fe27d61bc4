import { writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CreatedRunner, Runners } from "../../server/http/contract/system.ts";
import { createTestApi } from "../../test/support/api.ts";
import { startChat } from "../../test/support/fakes/chat.ts";
import type { Chat } from "../../test/support/fakes/chat.ts";
import { instanceOf, removeLeftovers, takeOver } from "../../test/support/server.ts";
import { dockerForTests, engineAddress } from "../../test/support/services/docker.ts";
import { cloneForTests, startGitServer } from "../../test/support/services/git.ts";
import type { WorkingCopy } from "../../test/support/services/git.ts";
import { agentImage, busyboxImage } from "../../test/support/services/images.ts";
import { startLine } from "../../test/support/services/line.ts";
import type { Line, LineEnd } from "../../test/support/services/line.ts";
import { freePort } from "../../test/support/services/ports.ts";
import { startMailCatcher } from "../../test/support/services/smtp.ts";
import type { MailCatcher } from "../../test/support/services/smtp.ts";
import { createStops } from "../../test/support/stops.ts";
import type { Stops } from "../../test/support/stops.ts";
import { mountSmall } from "./disk.ts";
import type { LineName, World } from "./fault.ts";
import { clockItem } from "./faults/clock.ts";
import { bootOf } from "./database.ts";
import { startKeptEngine } from "./kept-engine.ts";
import { startPart } from "./parts.ts";
import type { OwnedPart } from "./parts.ts";
import type { Random } from "./random.ts";
import { startRedis, startRegistry, REGISTRY_PASSWORD, REGISTRY_USER } from "./services.ts";
import {
  CANARY,
  CLOCKWORK,
  KEPT_LABEL,
  KEPT_RUNNER,
  PROJECTS,
  REGISTRY_LABEL,
  ROOT,
  sluiceYml,
} from "./settings.ts";
import { startSwarm } from "./swarm.ts";
import type { CampaignSwarm } from "./swarm.ts";

/** The world with what only the campaign itself looks at: faults do not touch it. */
export interface CampaignWorld extends World {
  readonly url: string;
  readonly swarmHost: CampaignSwarm;
  readonly mail: MailCatcher;
  readonly chat: Chat;
  /** The same parts, with what the campaign measures of them. */
  readonly owned: {
    readonly server: OwnedPart;
    readonly runners: readonly OwnedPart[];
    readonly redis: OwnedPart;
  };
  readonly copies: Readonly<Record<string, WorkingCopy>>;
  /** The letters by which this server's things are marked in an engine. */
  instance(): Promise<string>;
  /** Digest of an image at the registry, asked directly. */
  readonly digestOf: (repository: string, tag: string) => Promise<string | undefined>;
  stop(): Promise<void>;
}

const SLUICE = join(ROOT, "bin/sluice.js");
const RUNNERS = [
  { name: "north", labels: REGISTRY_LABEL },
  { name: "south", labels: REGISTRY_LABEL },
  { name: KEPT_RUNNER, labels: KEPT_LABEL },
] as const;
const PLACES = 3;
const LOOPBACK = "127.0.0.1";
const LOOK_MS = 5_000;

const EVERY_MINUTE = `pipeline {
  agent none
  triggers { cron('* * * * *') }
  stages { stage('Tick') { steps { echo 'tick' } } }
}
`;

/** Of the person's own installation, not of the campaign's. */
const CLEAN = { DATABASE_URL: "", REDIS_URL: "", SLUICE_KEY_FILE: "", SLUICE_FAULT: "", NODE_ENV: "test" };

/** Starts everything below `folder`. What was started is stopped again if something fails. */
export async function startWorld(
  folder: string,
  random: Random,
  say: (line: string) => void,
): Promise<CampaignWorld> {
  const stops = createStops();
  try {
    return await build(folder, random, say, stops);
  } catch (error) {
    await stops.all();
    throw error;
  }
}

async function build(
  folder: string,
  random: Random,
  say: (line: string) => void,
  stops: Stops,
): Promise<CampaignWorld> {
  const docker = dockerForTests();
  await busyboxImage(docker);
  await agentImage(engineAddress());
  const serverData = join(folder, "server");
  const runnerData = RUNNERS.map(({ name }) => join(folder, name));
  const unmount = await mountSmall([serverData, ...runnerData]);
  if (unmount !== undefined) stops.add(unmount);
  await mkdir(join(folder, "logs"), { recursive: true });
  const logFile = (name: string): string => join(folder, "logs", `${name}.log`);

  const git = await startGitServer({ folder: await madeFolder(folder, "git") });
  stops.add(() => git.stop());
  // Before the server looks at them for the first time: what it finds then was there before it.
  const addresses: Record<string, string> = {};
  for (const project of [...PROJECTS, CLOCKWORK]) addresses[project] = await git.createRepository(project);
  const redis = await startRedis(await madeFolder(folder, "redis"), logFile("redis"));
  stops.add(() => redis.part.stop());
  const registry = await startRegistry(await madeFolder(folder, "registry"), logFile("registry"));
  stops.add(() => registry.part.stop());
  const swarmHost = await startSwarm();
  stops.add(() => swarmHost.stop());
  const keptEngine = await startKeptEngine();
  stops.add(() => keptEngine.stop());
  const mail = await startMailCatcher();
  stops.add(() => mail.stop());
  const chat = await startChat();
  stops.add(() => chat.stop());

  const serverPort = await freePort();
  const chance = random.branch("lines");
  const lineTo = async (to: LineEnd, at?: LineEnd): Promise<Line> => {
    const line = await startLine({ to, ...(at === undefined ? {} : { at }), random: () => chance.next() });
    stops.add(() => line.stop());
    return line;
  };
  const socket = join(folder, "engine.sock");
  const lines: Record<LineName, Line> = {
    redis: await lineTo({ port: redis.port }),
    registry: await lineTo({ port: registry.port }),
    git: await lineTo({ port: git.port }),
    server: await lineTo({ port: serverPort }),
    engine: await lineTo(endOf(engineAddress()), { path: socket }),
  };

  const url = `http://${LOOPBACK}:${serverPort}`;
  const configFile = join(folder, "sluice.yml");
  await writeFile(
    configFile,
    sluiceYml({
      git: lines.git.port,
      registry: lines.registry.port,
      smtp: mail.port,
      swarm: swarmHost.proxy.address,
    }),
  );
  // What agents leave is known by the name in the database, so it is read before that goes.
  stops.add(async () => await removeLeftovers(await instanceOf(serverData, undefined)));
  const server = await startPart({
    name: "server",
    program: process.execPath,
    args: [SLUICE, "serve", "--no-runner"],
    env: {
      ...process.env,
      ...CLEAN,
      DOCKER_HOST: engineAddress(),
      REDIS_URL: `redis://${LOOPBACK}:${lines.redis.port}`,
      SLUICE_DATA: serverData,
      SLUICE_CONFIG: configFile,
      SLUICE_PORT: String(serverPort),
      SLUICE_PUBLIC_URL: url,
      SLUICE_FAULT: clockItem(folder),
    },
    logFile: logFile("server"),
    answers: async () => (await fetch(`${url}/healthz`)).ok,
  });
  stops.add(() => server.stop());
  const token = await takeOver(url, serverData);
  const api = createTestApi(url, token);
  await api.putSecret("registry", {
    type: "usernamePassword",
    username: REGISTRY_USER,
    password: REGISTRY_PASSWORD,
  });
  await api.putSecret("chat-url", { type: "string", text: chat.hookUrl });
  await api.putSecret("canary", { type: "string", text: CANARY });

  const runners: OwnedPart[] = [];
  for (const [at, { name, labels }] of RUNNERS.entries()) {
    const made = await api.ask("POST", "/runners", { name });
    const boots = new Set<string>();
    const hasJoinedAnew = async (runnerName: string): Promise<boolean> => {
      const boot = bootOf(serverData, runnerName);
      if (boot === undefined || boots.has(boot)) return false;
      if (!(await isOnline(url, token, runnerName))) return false;
      boots.add(boot);
      return true;
    };
    const runner = await startPart({
      name: `runner ${name}`,
      program: process.execPath,
      args: [
        SLUICE,
        "runner",
        "--server",
        `http://${LOOPBACK}:${lines.server.port}`,
        "--token",
        CreatedRunner.parse(made.json()).token,
        "--data",
        runnerData[at] ?? "",
        "--name",
        name,
        "--labels",
        labels,
        "--places",
        String(PLACES),
      ],
      env: {
        ...process.env,
        ...CLEAN,
        DOCKER_HOST: name === KEPT_RUNNER ? keptEngine.address : `unix://${socket}`,
      },
      logFile: logFile(name),
      // Without a server nobody can say; it is enough that it runs.
      answers: async () => !server.isRunning() || (await hasJoinedAnew(name)),
    });
    runners.push(runner);
    stops.add(() => runner.stop());
  }

  const copies: Record<string, WorkingCopy> = {};
  for (const [project, address] of Object.entries(addresses)) {
    await git.setHook(project, await api.renewHook(project));
    const copy = await cloneForTests(address);
    stops.add(() => copy.remove());
    copies[project] = copy;
  }
  await copies[CLOCKWORK]?.commit("every minute", { Jenkinsfile: EVERY_MINUTE });
  await copies[CLOCKWORK]?.push("HEAD:refs/heads/main");
  return {
    folder,
    url,
    serverData,
    runnerData,
    isDataMounted: unmount !== undefined,
    api,
    server,
    runners,
    redis: { ...redis.part, port: redis.port },
    registry: { ...registry.part, host: `localhost:${lines.registry.port}` },
    git,
    docker,
    keptEngine,
    swarm: swarmHost.engine,
    swarmHost,
    owned: { server, runners, redis: redis.part },
    mail,
    chat,
    copies,
    lines,
    say,
    instance: async () => (await instanceOf(serverData, undefined)) ?? "",
    digestOf: registry.digestOf,
    stop: () => stops.all(),
  };
}

async function madeFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  return path;
}

/** Where a DOCKER_HOST leads. */
function endOf(address: string): LineEnd {
  const url = new URL(address);
  return url.protocol === "unix:" ? { path: url.pathname } : { port: Number(url.port) };
}

async function isOnline(url: string, token: string, name: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/runners`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(LOOK_MS),
  });
  return Runners.parse(await answer.json()).items.some((one) => one.name === name && one.state === "online");
}
