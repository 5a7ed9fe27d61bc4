import { setTimeout as pause } from "node:timers/promises";
import pino from "pino";
import { z } from "zod";
import { endAwaitedBuilds } from "../../../../server/builds/awaited-builds.ts";
import { createBeginPorts } from "../../../../server/builds/begin-ports.ts";
import { type BuildFiles, consoleText, createBuildFiles } from "../../../../server/builds/console.ts";
import { createEnginePool, type EnginePool } from "../../../../server/builds/engine/pool.ts";
import { escalate } from "../../../../server/builds/escalate.ts";
import { CHANGES } from "../../../../server/builds/freeze.ts";
import { createGates } from "../../../../server/builds/gates.ts";
import { createHostPorts } from "../../../../server/builds/host-ports.ts";
import { type BuildHost, createBuildHost } from "../../../../server/builds/host.ts";
import { createBuilds } from "../../../../server/builds/builds.ts";
import { nudgeStarts } from "../../../../server/builds/journal/next-starts.ts";
import { insertBuild } from "../../../../server/builds/journal/insert-build.ts";
import { createStepLogs } from "../../../../server/builds/logs.ts";
import type { BuildSeal } from "../../../../server/builds/seal.ts";
import { createSeals } from "../../../../server/builds/seals.ts";
import type { Sources } from "../../../../server/builds/sources.ts";
import { endDue } from "../../../../server/builds/timers.ts";
import { type Config, loadConfig, readSluiceFile } from "../../../../server/config.ts";
import { createDeployer, type Deployer } from "../../../../server/deployments/deployer.ts";
import { reconcileDeployments } from "../../../../server/deployments/reconcile.ts";
import type { Target } from "../../../../server/deployments/target.ts";
import type { Actor, WorldBuilds, WorldGates } from "../../../../server/http/world.ts";
import type { Channel } from "../../../../server/notifications/channel.ts";
import { createNotifier } from "../../../../server/notifications/notifier.ts";
import { SERVER_PROCEDURES } from "../../../../server/procedures.ts";
import { applyFile } from "../../../../server/projects/apply.ts";
import { nudgeAbandonedBuilds } from "../../../../server/queue/abandoned-builds.ts";
import { createDirectTransport } from "../../../../server/queue/direct.ts";
import type { NudgeHandlers, Transport } from "../../../../server/queue/payload.ts";
import { createQueues } from "../../../../server/queue/queues.ts";
import { startReconciler } from "../../../../server/queue/reconcile.ts";
import { startRelay } from "../../../../server/queue/relay.ts";
import { startTimerSweeper } from "../../../../server/queue/timers.ts";
import { startWorkers } from "../../../../server/queue/workers.ts";
import { createBlobs } from "../../../../server/runners/blobs.ts";
import { createIngest, type Ingest } from "../../../../server/runners/ingest.ts";
import { localRunner } from "../../../../server/runners/join-procedures.ts";
import { createSessions, type Sessions } from "../../../../server/runners/sessions.ts";
import { createSecrets } from "../../../../server/secrets/secrets.ts";
import { keyFileOf, openVault, type Vault } from "../../../../server/secrets/vault.ts";
import { StoreError } from "../../../../server/store/errors.ts";
import { openStore, type Store } from "../../../../server/store/store.ts";
import { watchForStepsBack } from "../../../../server/upkeep/clock-back.ts";
import { temporaryFolder } from "../../../support/services/folder.ts";
import { until } from "../../../support/services/until.ts";
import { createStops } from "../../../support/stops.ts";
import { aHead } from "../../../pipelines/engine/a-head.ts";
import { beginLife, type Death } from "./crashing-store.ts";
import { type Behaviour, playRunner, type PlayedRunner, type Server } from "./played-runner.ts";

/** The machine's time, which a test can put forward. */
export interface MovableClock {
  nowMs(): number;
  /** Time goes by. */
  pass(ms: number): void;
  /** What has gone by in that way. */
  passedMs(): number;
  /** The clock is put forward or back while no time goes by. */
  step(ms: number): void;
}

/** One life of a server: everything that `startServer` puts together but Redis, HTTP, git and Docker. */
export interface Life extends Server {
  readonly host: BuildHost;
  readonly sessions: Sessions;
  readonly gates: WorldGates;
  readonly builds: WorldBuilds;
  readonly deployer: Deployer;
  readonly isDead: () => boolean;
  readonly died: Promise<void>;
  readonly log: readonly string[];
  /**
   * Lets a runner work for this life: it says hello, then takes commands and reports until this life is over, or until
   * it is killed by what this gives.
   */
  serve(runner: PlayedRunner): () => Promise<void>;
  /** Looks at once for what the passing of time has changed. */
  look(): void;
  escalate(): Promise<number>;
  /** Ends it as SIGKILL does: nothing more is written, and nothing is given back. */
  crash(): Promise<void>;
}

export interface LifeOptions {
  readonly death?: Death;
  /** A life beside others that go on, as of a host that was frozen and is thought dead. */
  readonly besides?: boolean;
  /** Whether no repository can be reached at this moment. */
  readonly forgeIsAway?: () => boolean;
  /** Away as long as this says so: as Redis is. */
  readonly queueIsAway?: () => boolean;
  /** Nudges that get lost on their way, as with a Redis that is flushed. */
  readonly loses?: (nudge: { readonly queue: string }) => boolean;
  /** A Redis over which its nudges go; without it they are plain calls. */
  readonly redis?: string;
  /** Without the loops that find work: only what the test hands to the host. */
  readonly idle?: boolean;
}

export interface World {
  readonly base: Store;
  readonly vault: Vault;
  readonly clock: MovableClock;
  readonly folder: string;
  readonly files: BuildFiles;
  begin(options?: LifeOptions): Promise<Life>;
  runner(options?: {
    readonly name?: string;
    readonly places?: number;
    readonly labels?: readonly string[];
    readonly behave?: Behaviour;
  }): Promise<PlayedRunner>;
  /** A build of this Jenkinsfile. */
  build(text: string, project?: string): Promise<number>;
  ends(buildId: number): Promise<string>;
  console(buildId: number): Promise<string>;
  stop(): Promise<void>;
}

/** Somebody who may do everything. */
export const ANN: Actor = { userId: 1, login: "ann", role: "admin", by: "session" };
export const BOB: Actor = { userId: 2, login: "bob", role: "admin", by: "session" };

const Parameters = z.record(z.string(), z.string());
const Event = z.object({ file: z.string().optional() });
const PROJECTS = ["shop", "mill", "mint", "dock"];

export interface WorldOptions {
  /** Of an earlier world, which has ended; kept at the end. */
  readonly folder?: string;
  /** More lines of `sluice.yml`. */
  readonly file?: string;
  /** The Jenkinsfile of a project whose builds nothing but a build, or the clock, asks for. */
  readonly files?: Readonly<Record<string, string>>;
  readonly target?: Target;
  readonly channel?: Channel;
  /** How many lives in a row may end under a build before it is given up; the default is the server's. */
  readonly mostDeaths?: number;
  /** Kept over many worlds, because its threads take their time to start. */
  readonly pool?: EnginePool;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const stops = createStops();
  let ahead = 0;
  let passed = 0;
  const clock: MovableClock = {
    nowMs: () => Date.now() + ahead,
    pass: (ms) => {
      passed += ms;
      ahead += ms;
    },
    passedMs: () => passed,
    step: (ms) => void (ahead += ms),
  };
  const folder = options.folder ?? (await ownFolder((stop) => stops.add(stop)));
  const base = await openStore({ dataFolder: folder, clock, procedures: SERVER_PROCEDURES });
  stops.add(() => base.close());
  const vault = await openVault({ store: base, keyFile: keyFileOf(folder) });
  const config = configOf(folder, options.file ?? "");
  await applyFile({ store: base, vault }, config.file);
  const ownPool = options.pool ?? createEnginePool();
  if (options.pool === undefined) stops.add(() => ownPool.close());
  const files = createBuildFiles(folder);
  let lives = 0;

  return {
    base,
    vault,
    clock,
    folder,
    files,
    async begin(life = {}) {
      lives += 1;
      // Two lives at once may hold the same build, which threads tell apart by its number alone.
      const pool = life.besides === true ? createEnginePool({ threads: 1 }) : ownPool;
      const begun = await beginServer(
        { base, vault, clock, config, files, folder, pool, options },
        life,
        lives,
      );
      stops.add(() => begun.crash());
      if (life.besides === true) stops.add(() => pool.close());
      return begun;
    },
    async runner({ name = "local", ...more } = {}) {
      const id = await base.call(localRunner, { name, keyHash: name });
      return playRunner({ id, ...more });
    },
    async build(text, project = "shop") {
      const { id: projectId } = await base.db
        .selectFrom("projects")
        .select("id")
        .where("key", "=", project)
        .executeTakeFirstOrThrow();
      const made = await base.call(insertBuild, {
        build: {
          projectId,
          deliveryId: null,
          trust: "trusted",
          eventKind: "push",
          event: JSON.stringify({ file: text }),
          ref: "refs/heads/main",
          sha: "a".repeat(40),
          beforeSha: null,
          title: "One",
          author: "ann",
          authorMail: null,
          actor: "ann",
          routes: "{}",
          parameters: "{}",
          dataKey: vault.newDataKey(),
        },
      });
      return made.id;
    },
    ends: (buildId) =>
      until(
        `build ${buildId} ends`,
        async () => {
          const row = await base.db
            .selectFrom("builds")
            .select(["state", "endedAtMs"])
            .where("id", "=", buildId)
            .executeTakeFirstOrThrow();
          return row.endedAtMs !== null && row.state;
        },
        { everyMs: 15 },
      ),
    console: (buildId) => consoleText(files, buildId),
    stop: () => stops.all(),
  };
}

async function ownFolder(add: (stop: () => Promise<unknown>) => void): Promise<string> {
  const folder = await temporaryFolder("kill");
  add(() => folder.remove());
  return folder.path;
}

function configOf(folder: string, more: string): Config {
  const projects = PROJECTS.map((key) => `  ${key}: { forge: here, repo: ${key} }`).join("\n");
  const text = `forges:\n  here: { type: git, url: 'http://127.0.0.1:9/', insecureHttp: true }\nprojects:\n${projects}\n${more}`;
  const read = readSluiceFile(text, "sluice.yml");
  if (read.problems.length > 0) throw new Error(JSON.stringify(read.problems));
  return { ...loadConfig({ SLUICE_DATA: folder }, folder), file: read.file };
}

/** The repositories of projects, of which a played runner checks nothing out. */
function noSources(folder: string, files: Readonly<Record<string, string>> = {}): Sources {
  const none = () => Promise.reject(new Error("there is no repository here"));
  return {
    pathOf: () => folder,
    ensure: async () => {},
    readFile: none,
    readFolders: none,
    refs: async (project) =>
      new Map(files[project.key] === undefined ? [] : [["refs/heads/main", "b".repeat(40)]]),
    facts: none,
    between: async () => [],
    resolveElsewhere: async () => null,
  };
}

interface Parts {
  readonly base: Store;
  readonly vault: Vault;
  readonly clock: MovableClock;
  readonly config: Config;
  readonly files: BuildFiles;
  readonly folder: string;
  readonly pool: EnginePool;
  readonly options: WorldOptions;
}

async function beginServer(parts: Parts, options: LifeOptions, number: number): Promise<Life> {
  const { base, vault, clock, config, files, folder, pool } = parts;
  const nowMs = () => clock.nowMs();
  const said: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void said.push(line) });
  const mortal = await beginLife(base, `life-${number}`, options);
  const { store } = mortal;
  const secrets = createSecrets({ store, vault });
  const seals = createSeals({ store, vault });
  const sealOf = (buildId: number): Promise<BuildSeal> => seals.of(buildId);
  const logs = createStepLogs(files, nowMs);
  const blobs = createBlobs(folder);
  const sources = noSources(folder, parts.options.files);
  const poke = (buildId: number) => host.poke(buildId);
  const closing: (() => Promise<void> | void)[] = [];
  const sessions = createSessions({
    store,
    sealOf,
    poke,
    assigned: () => {},
    log,
    passedMs: () => clock.passedMs(),
  });
  closing.push(() => sessions.stop());
  const beginPorts = createBeginPorts({ store, config, vault, secrets, sources, blobs, nowMs });
  const ports = createHostPorts({
    beginPorts,
    store,
    secrets,
    seals,
    freeze: async (build) => {
      if (options.forgeIsAway?.() === true)
        return { kind: "failed", code: "git_fetch", text: "no answer", isAway: true };
      const key = PROJECTS[build.projectId - 1] ?? "shop";
      const head = aHead(Event.parse(JSON.parse(build.event)).file ?? parts.options.files?.[key] ?? "");
      return {
        kind: "head",
        head: {
          ...head,
          startedAtMs: nowMs(),
          changes: CHANGES,
          project: { ...head.project, key },
          build: { ...head.build, number: build.number },
          parameters: Parameters.parse(JSON.parse(build.parameters)),
          settings: {
            ...head.settings,
            deployTo: Object.keys(config.file.environments),
            mayDeployTo: Object.keys(config.file.environments),
          },
        },
        facts: { title: "One", author: "ann", authorMail: "" },
      };
    },
  });
  const notifier = createNotifier({
    store,
    config,
    channelOf: () => parts.options.channel ?? null,
    failureOf: async () => null,
    sealOf,
    poke,
    log,
  });
  const targetOf = () => {
    if (parts.options.target === undefined) throw new Error("this world has no target");
    return parts.options.target;
  };
  const deployer = createDeployer({
    store,
    vault,
    config,
    secrets,
    targetOf,
    sealOf,
    pokeBuild: poke,
    gateOpened: (gateId) => notifier.gateOpened(gateId),
    ended: (deploymentId) => notifier.deploymentEnded(deploymentId),
    log,
  });
  closing.push(() => deployer.stop());
  const host = createBuildHost({
    store,
    // Threads outlive the lives that use them.
    pool: { load: (build, head) => pool.load(build, head), close: async () => {} },
    files,
    logs,
    ports,
    log,
    version: "0.0.0-test",
    ...(parts.options.mostDeaths === undefined ? {} : { mostDeaths: parts.options.mostDeaths }),
    listeners: {
      turned: (_buildId, result) => {
        if (result.placesChanged) sessions.placesChanged();
      },
      ended: () => sessions.placesChanged(),
    },
  });
  closing.push(() => host.stop());
  const ingest: Ingest = createIngest({
    store,
    blobs,
    logs,
    sealOf,
    scopeOf: (buildId) => ports.scopeOf(buildId),
    ports: () => beginPorts,
    poke,
    commandsAdded: () => {},
    lost: (session, code, text) => sessions.lost(session, code, text),
    log,
  });
  const builds = createBuilds({
    store,
    config,
    vault,
    sources,
    files,
    logs,
    sealOf,
    poke,
    placesChanged: () => sessions.placesChanged(),
    log,
  });
  const gates = createGates({ store, vault, config, secrets, targetOf, sealOf, poke });
  const stopping = new AbortController();
  const looks: (() => void)[] = [];
  const escalation = () => escalate({ store, sealOf, poke });
  let onQueueReady = () => {};
  if (options.idle !== true) startLoops();

  function direct(handlers: NudgeHandlers): Transport {
    const calls = createDirectTransport({ handlers, log });
    closing.push(() => calls.stop());
    return calls;
  }

  function overRedis(address: string, handlers: NudgeHandlers): Transport {
    const queues = createQueues({ address, log });
    closing.push(() => queues.close());
    queues.onReady(() => onQueueReady());
    const workers = startWorkers({ address, holder: store.holder, handlers, log });
    closing.push(() => workers.stop());
    return queues;
  }

  function startLoops(): void {
    const handlers: NudgeHandlers = {
      builds: async (id) => void (await host.handle(id)),
      deployments: async (id) => void deployer.handle(id),
      notifications: (id, _epoch, signal) => notifier.handle(id, signal),
      upkeep: (id) => notifier.buildEnded(id),
    };
    const carrier = options.redis === undefined ? direct(handlers) : overRedis(options.redis, handlers);
    const transport: Transport = {
      send: async (nudges) => {
        if (options.queueIsAway?.() === true) throw new Error("the queue is away");
        await carrier.send(nudges.filter((nudge) => options.loses?.(nudge) !== true));
      },
    };
    const relay = startRelay({ store, transport, log });
    closing.push(() => relay.stop());
    // It may be the call in which this life is to die.
    void notifier.takeUp().catch(() => {});
    const reconciler = startReconciler({
      store,
      log,
      everyMs: 250,
      checks: [
        { name: "abandoned builds", run: () => store.call(nudgeAbandonedBuilds, { limit: 200 }) },
        { name: "builds that may start", run: () => store.call(nudgeStarts, { limit: 200 }) },
        { name: "stops that take too long", run: escalation },
        { name: "deployments", run: () => reconcileDeployments({ store, deployer }) },
        { name: "open gates", run: () => notifier.tellOfGates() },
        { name: "ends of builds", run: () => notifier.tellOfEnds() },
        { name: "messages", run: () => notifier.sweep(stopping.signal) },
        { name: "a clock that stepped back", run: watchForStepsBack(store) },
        { name: "awaited builds", run: () => endAwaitedBuilds({ store, config, sealOf, poke }) },
      ],
    });
    closing.push(() => reconciler.stop());
    const timers = startTimerSweeper({
      store,
      log,
      end: (due) => endDue({ store, sealOf, poke, lastOutputAtMs: (id) => logs.lastOutputAtMs(id) }, due),
    });
    closing.push(() => timers.stop());
    onQueueReady = () => reconciler.wake();
    looks.push(
      () => reconciler.wake(),
      () => timers.wake(),
      () => sessions.placesChanged(),
    );
  }

  let ended: Promise<void> | null = null;
  const work = new Set<Promise<void>>();
  const end = async () => {
    mortal.kill();
    stopping.abort();
    for (const close of closing.toReversed()) await Promise.resolve(close()).catch(() => {});
    await Promise.all(work);
  };
  const server: Server = { store, ingest, sealOf };
  return {
    ...server,
    host,
    sessions,
    gates,
    builds,
    deployer,
    isDead: mortal.isDead,
    died: mortal.died,
    log: said,
    serve(runner) {
      let killed = false;
      const loop = async () => {
        let greeted = false;
        while (!mortal.isDead() && !killed) {
          try {
            if (!greeted) {
              await runner.hello(server);
              sessions.placesChanged();
            }
            greeted = true;
            if (!(await runner.work(server))) await pause(5);
          } catch (error) {
            // A server that answers with an error is asked again, as the real runner does.
            if (!(error instanceof StoreError)) throw error;
            await pause(5);
          }
        }
      };
      const running = loop().finally(() => work.delete(running));
      work.add(running);
      return async () => {
        killed = true;
        await running;
      };
    },
    look: () => {
      for (const look of looks) look();
    },
    escalate: escalation,
    crash: () => (ended ??= end()),
  };
}
