import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Faults } from "../../../runners/faults.ts";
import type { FreeDisk } from "../../../runners/disk-keeper.ts";
import { startRunner } from "../../../runners/main.ts";
import type { StartedRunner } from "../../../runners/main.ts";
import type { Log } from "../../../runners/log.ts";
import type { ContainerArgs, ExecValue, Limits, Outcome, ReadyValue } from "../../../runners/protocol.ts";
import { dockerForTests, engineAddress } from "../../support/services/docker.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { busyboxImage } from "../../support/services/images.ts";
import { LinkServer } from "./link-server.ts";
import type { CommandDraft } from "./link-server.ts";

type Extracted<T extends CommandDraft["type"]> = Extract<CommandDraft, { type: T }>;

export const NO_ARGS: ContainerArgs = {
  user: null,
  hostname: null,
  workdir: null,
  memoryBytes: null,
  cpus: null,
  shmBytes: null,
  tmpfs: [],
  extraHosts: [],
  aliases: [],
  caches: [],
  dockerSocket: false,
};

export const NO_LIMITS: Limits = {
  memoryBytes: null,
  cpus: null,
  pids: null,
  logHeadBytes: null,
  logTailBytes: null,
};

/** A runner with a server, an engine and a data folder, for one test file. */
export interface World {
  readonly server: LinkServer;
  readonly image: string;
  readonly dataFolder: string;
  /** Where step inputs lie: a folder of this world, so that nothing stays behind. */
  readonly memoryFolder: string;
  readonly complaints: string[];
  start(): Promise<StartedRunner>;
  /** The runner that was started last. */
  readonly runner: StartedRunner;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a world; `run: false` leaves the runner to the test. `dockerHost`: another engine than the one all tests share. */
export async function startWorld({
  run = true,
  faults,
  dockerHost = engineAddress(),
  freeDisk,
}: {
  run?: boolean;
  faults?: Faults;
  dockerHost?: string;
  freeDisk?: (folder: string) => Promise<FreeDisk>;
} = {}): Promise<World> {
  const server = await LinkServer.start();
  const folder = await temporaryFolder("runner");
  const memoryFolder = path.join(folder.path, "memory");
  await mkdir(memoryFolder, { mode: 0o700 });
  const docker = dockerForTests(dockerHost);
  const image = await busyboxImage(docker);
  const complaints: string[] = [];
  let runner: StartedRunner | null = null;
  const start = async (): Promise<StartedRunner> => {
    runner = await startRunner({
      url: server.url,
      key: server.key,
      dataFolder: folder.path,
      memoryFolder,
      dockerHost,
      labels: ["linux"],
      places: 4,
      log: logInto(complaints),
      agentImage: image,
      ...(faults === undefined ? {} : { faults }),
      ...(freeDisk === undefined ? {} : { freeDisk }),
    });
    return runner;
  };
  if (run) {
    await start();
    await server.connected();
  }
  const current = (): StartedRunner => {
    if (runner === null) throw new Error("no runner was started");
    return runner;
  };
  return {
    server,
    image,
    dataFolder: folder.path,
    memoryFolder,
    complaints,
    start,
    get runner() {
      return current();
    },
    restart: async () => {
      await current().stop();
      await start();
      await server.connected();
    },
    stop: async () => {
      if (runner !== null) await runner.stop();
      await server.stop();
      await removeOurs(server.instance, docker);
      await folder.remove();
    },
  };
}

/** What a runner says above debug; a test that fails shows it. */
export function logInto(complaints: string[]): Log {
  const note = (fields: object, message: string): void => {
    const text =
      "err" in fields && fields.err instanceof Error ? (fields.err.stack ?? fields.err.message) : "";
    complaints.push(`${message} ${JSON.stringify(fields)} ${text}`);
  };
  return { debug: () => undefined, info: () => undefined, warn: note, error: note };
}

/** Removes every container and network that carries an instance's name. */
export async function removeOurs(instance: string, docker = dockerForTests()): Promise<void> {
  const label = [`sluice.instance=${instance}`];
  for (const found of await docker.listContainers({ all: true, filters: { label } })) {
    await docker
      .getContainer(found.Id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
  for (const network of await docker.listNetworks({ filters: { label } })) {
    await docker
      .getNetwork(network.Id)
      .remove()
      .catch(() => undefined);
  }
}

/** One session of a world, with short words for its commands. */
export class TestSession {
  readonly world: World;
  readonly id: string;
  #count = 0;

  constructor(world: World) {
    this.world = world;
    this.id = `b1.${randomBytes(4).toString("hex")}`;
  }

  command(): string {
    this.#count += 1;
    return `${this.id}.${String(this.#count)}`;
  }

  open(more: Partial<Extracted<"open">> = {}): string {
    const id = this.command();
    this.world.server.send(this.id, {
      id,
      type: "open",
      build: "1",
      project: "acme/web",
      trust: "trusted",
      profile: "standard",
      nonce: randomBytes(12).toString("hex"),
      scm: null,
      workspace: null,
      dockerApi: false,
      limits: NO_LIMITS,
      ...more,
    });
    return id;
  }

  container(more: Partial<Extracted<"container">> = {}): string {
    const id = this.command();
    this.world.server.send(this.id, {
      id,
      type: "container",
      name: "main",
      image: this.world.image,
      pull: "never",
      role: "main",
      args: NO_ARGS,
      command: null,
      env: {},
      credential: null,
      ...more,
    });
    return id;
  }

  /** Begins a step and gives its id. */
  exec(script: string, more: Partial<Extracted<"exec">> = {}): string {
    const id = this.command();
    this.world.server.send(this.id, {
      id,
      type: "exec",
      container: "main",
      run: { kind: "script", text: script, interpreter: null },
      cwd: "/sluice/src",
      env: {},
      secrets: [],
      masks: [],
      capture: "none",
      label: null,
      ...more,
    });
    return id;
  }

  /** Runs a step to its end. */
  async sh(script: string, more: Partial<Extracted<"exec">> = {}): Promise<ExecValue & { log: string }> {
    const id = this.exec(script, more);
    return { ...(await this.ended(id)), log: this.world.server.log(id) };
  }

  async ended(id: string): Promise<ExecValue> {
    const outcome = await this.world.server.outcome(id);
    if (outcome.ok && outcome.result.of === "exec") return outcome.result.value;
    throw new Error(
      `the step did not end with a code: ${JSON.stringify(outcome)} ${this.world.complaints.join("\n")}`,
    );
  }

  send(draft: CommandDraft): void {
    this.world.server.send(this.id, draft);
  }

  async run(draft: CommandDraft): Promise<Outcome> {
    return this.world.server.run(this.id, draft);
  }

  /** Opens the session with a main container. */
  async begin(
    open: Partial<Extracted<"open">> = {},
    container: Partial<Extracted<"container">> = {},
  ): Promise<ReadyValue> {
    const opening = this.open(open);
    const entering = this.container(container);
    expectOk(await this.world.server.outcome(opening));
    const outcome = await this.world.server.outcome(entering);
    if (outcome.ok && outcome.result.of === "container") return outcome.result.value;
    throw new Error(
      `the container was not entered: ${JSON.stringify(outcome)} ${this.world.complaints.join("\n")}`,
    );
  }

  async close(): Promise<void> {
    expectOk(await this.run({ id: this.command(), type: "close" }));
  }
}

/** The value of an outcome that must be one. */
export function expectOk(outcome: Outcome): Extract<Outcome, { ok: true }>["result"] {
  if (outcome.ok) return outcome.result;
  throw new Error(`${outcome.failure.code}: ${outcome.failure.message}`);
}
