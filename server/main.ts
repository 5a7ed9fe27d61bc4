import { createServer, type Server } from "node:http";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { NO_FAULTS } from "../runners/faults.ts";
import { offerClaim } from "./auth/claim.ts";
import { createBeginPorts } from "./builds/begin-ports.ts";
import { endAwaitedBuilds } from "./builds/awaited-builds.ts";
import { createBuilds } from "./builds/builds.ts";
import { nudgeStarts } from "./builds/journal/next-starts.ts";
import { createBuildFiles } from "./builds/console.ts";
import { createEnginePool } from "./builds/engine/pool.ts";
import { escalate } from "./builds/escalate.ts";
import { findFailure } from "./builds/failure.ts";
import { freeze } from "./builds/freeze.ts";
import { createGates } from "./builds/gates.ts";
import { createBuildHost } from "./builds/host.ts";
import { createHostPorts } from "./builds/host-ports.ts";
import { createStepLogs } from "./builds/logs.ts";
import { createSeals } from "./builds/seals.ts";
import { valuesForRunner } from "./builds/secret-delivery.ts";
import { createSources } from "./builds/sources.ts";
import { endDue } from "./builds/timers.ts";
import { firstRunChecklist } from "./checklist.ts";
import type { Config } from "./config.ts";
import { openDataFolder } from "./data-folder.ts";
import { createDeployer } from "./deployments/deployer.ts";
import { createDeployments } from "./deployments/deployments.ts";
import { reconcileDeployments } from "./deployments/reconcile.ts";
import { createTargets } from "./deployments/targets/create.ts";
import { createForges } from "./forges/forges.ts";
import { startSettling } from "./forges/settle.ts";
import { startStatuses } from "./forges/statuses.ts";
import { createApp } from "./http/app.ts";
import type { World } from "./http/world.ts";
import { grantFree } from "./locks/grant-free.ts";
import { metricsText } from "./metrics.ts";
import { createChannels } from "./notifications/create-channels.ts";
import { createNotifier } from "./notifications/notifier.ts";
import type { OutsideFaults } from "./outside-points.ts";
import { SERVER_PROCEDURES } from "./procedures.ts";
import { applyFile } from "./projects/apply.ts";
import { nudgeAbandonedBuilds } from "./queue/abandoned-builds.ts";
import { startOwnRedis } from "./queue/own-redis.ts";
import type { NudgeHandlers } from "./queue/payload.ts";
import { createQueues } from "./queue/queues.ts";
import { unsafeRedis } from "./queue/unsafe-redis.ts";
import { startReconciler } from "./queue/reconcile.ts";
import { startRelay } from "./queue/relay.ts";
import { startTimerSweeper } from "./queue/timers.ts";
import { startWorkers } from "./queue/workers.ts";
import { checkReadiness } from "./readiness.ts";
import { createBlobs } from "./runners/blobs.ts";
import { createIngest } from "./runners/ingest.ts";
import { localRunner } from "./runners/join-procedures.ts";
import { createRunnerLink, hashRunnerKey, newRunnerKey } from "./runners/link.ts";
import { createSessions } from "./runners/sessions.ts";
import { createRunnerStreams } from "./runners/stream.ts";
import { startSchedules } from "./schedules/loop.ts";
import { createSecrets } from "./secrets/secrets.ts";
import { openVault } from "./secrets/vault.ts";
import { type MovedClock, systemClock } from "./store/clock.ts";
import { followClock } from "./store/follow-clock.ts";
import { openStore } from "./store/store.ts";
import { watchForStepsBack } from "./upkeep/clock-back.ts";
import { freePart, holdForDisk } from "./upkeep/disk.ts";
import { isolateUnknown } from "./upkeep/isolate-unknown.ts";
import { startTidyMirrors } from "./upkeep/tidy-mirrors.ts";
import { startUpkeep } from "./upkeep/upkeep.ts";
import { VERSION } from "./version.ts";
import { startSweep } from "./webhooks/sweep.ts";

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** The link by which the first person becomes administrator; null when the server has an owner. */
  readonly claimUrl: string | null;
  /** Makes the row of the runner inside this server and gives its key, new at each start. */
  localRunnerKey(name: string): Promise<string>;
  /** Says on `/readyz` that it goes, stops taking work and gives back what it holds; running steps go on. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly webFolder?: string | null;
  /** Where calls to the outside are to fail, for tests; commits read the environment themselves. */
  readonly faults?: OutsideFaults;
  /** A clock that steps, for tests; default: the machine's. */
  readonly clock?: MovedClock | undefined;
  /** Starts although Redis may lose what is given to it. */
  readonly allowUnsafeRedis?: boolean;
}

/**
 * Puts the server together and starts it: database, vault, what sluice.yml says, then the rooms, then the ear for the
 * outside, and last the queues that bring work.
 */
export async function startServer({
  config,
  log,
  webFolder,
  faults = NO_FAULTS,
  clock: moved,
  allowUnsafeRedis = false,
}: ServerOptions): Promise<RunningServer> {
  await openDataFolder(config.dataFolder);
  const clock = moved ?? systemClock;
  const nowMs = () => clock.nowMs();
  const store = await openStore({
    dataFolder: config.dataFolder,
    databaseUrl: config.databaseUrl ?? undefined,
    clock,
    procedures: SERVER_PROCEDURES,
  });
  const closing: (() => Promise<void> | void)[] = [() => store.close()];
  const closeAll = async () => {
    for (const close of closing.toReversed()) {
      try {
        await close();
      } catch (err) {
        log.error({ err }, "a part of the server did not stop cleanly");
      }
    }
  };
  try {
    return await start();
  } catch (error) {
    await closeAll();
    throw error;
  }

  async function start(): Promise<RunningServer> {
    const vault = await openVault({ store, keyFile: config.keyFile });
    for (const row of await store.call(isolateUnknown, { version: VERSION }))
      log.error({ ...row }, "a row in a state that this release does not know was set apart");
    const secrets = createSecrets({ store, vault });
    for (const change of await applyFile({ store, vault }, config.file))
      log.info({ change }, "applied sluice.yml");

    const own = config.redisUrl === null ? await startOwnRedis({ dataFolder: config.dataFolder, log }) : null;
    if (own !== null) closing.push(() => own.stop());
    const address = own?.address ?? config.redisUrl ?? "";
    const queues = createQueues({ address, log, faults });
    closing.push(() => queues.close());
    if (moved !== undefined) {
      const follower = followClock({ store, clock: moved, log });
      closing.push(() => follower.stop());
    }

    const forges = createForges({
      forges: config.file.forges,
      secrets,
      folder: join(config.dataFolder, "mirrors"),
      faults,
    });
    const sources = createSources(forges);
    const seals = createSeals({ store, vault });
    const sealOf = (buildId: number) => seals.of(buildId);
    const files = createBuildFiles(config.dataFolder);
    const logs = createStepLogs(files, nowMs);
    const blobs = createBlobs(config.dataFolder);
    const poke = (buildId: number) => host.poke(buildId);

    const streams = createRunnerStreams({ store, sealOf, log });
    closing.push(() => streams.closeAll());
    const sessions = createSessions({
      store,
      sealOf,
      poke,
      assigned: (ids) => streams.poke(ids),
      log,
      parkAfterMs: config.parkAfterMs,
    });
    closing.push(() => sessions.stop());
    const beginPorts = createBeginPorts({ store, config, vault, secrets, sources, blobs, nowMs });
    const ports = createHostPorts({
      beginPorts,
      store,
      secrets,
      seals,
      freeze: (build) => freeze({ store, config, sources, nowMs }, build),
    });

    const notifier = createNotifier({
      store,
      config,
      channelOf: createChannels({ file: config.file, secrets, publicUrl: config.publicUrl, nowMs, faults }),
      failureOf: (buildId) => findFailure({ store, logs }, buildId),
      sealOf,
      poke,
      log,
    });
    const targetOf = createTargets(config.file.targets, config.dockerHost, faults);
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
      pool: createEnginePool(),
      files,
      logs,
      ports,
      log,
      version: VERSION,
      holdStarts: async () => holdForDisk(await freePart(config.dataFolder)),
      listeners: {
        turned: (buildId, result) => {
          streams.poke(result.commands.map(({ session }) => session));
          if (result.placesChanged) sessions.placesChanged();
          for (const gate of result.gates)
            void notifier
              .gateOpened(gate)
              .catch((err: unknown) => log.warn({ build: buildId, err }, "nobody could be told of a gate"));
        },
        ended: (buildId) => {
          logs.forget(buildId);
          sessions.placesChanged();
          void endAwaitedBuilds({ store, config, sealOf, poke }).catch((err: unknown) =>
            log.warn({ build: buildId, err }, "builds that wait for this one could not be told yet"),
          );
        },
      },
    });
    closing.push(() => host.stop());

    const ingest = createIngest({
      store,
      blobs,
      logs,
      sealOf,
      scopeOf: (buildId) => ports.scopeOf(buildId),
      ports: () => beginPorts,
      poke,
      commandsAdded: (session) => streams.poke([session]),
      lost: (session, code, text) => sessions.lost(session, code, text),
      log,
    });
    let draining = false;
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
    const world: World = {
      config,
      version: VERSION,
      store,
      vault,
      secrets,
      clock,
      builds,
      logs,
      gates: createGates({ store, vault, config, secrets, targetOf, sealOf, poke }),
      deployments: createDeployments({ store, vault, config, secrets, sources, targetOf, deployer }),
      resendNotification: (id) => notifier.resend(id),
      async artifactFile(artifactId) {
        const row = await store.db
          .selectFrom("artifacts")
          .select(["buildId", "name", "digest"])
          .where("id", "=", artifactId)
          .where("kind", "=", "file")
          .executeTakeFirst();
        if (row === undefined || row.digest === null) return null;
        return { path: blobs.pathOf(row.buildId, row.digest), name: row.name.split("/").at(-1) ?? row.name };
      },
      runnerLink: createRunnerLink({
        store,
        instance: vault.instance,
        streams,
        ingest,
        logs,
        blobs,
        secrets: (buildId, refs) => valuesForRunner({ store, secrets }, buildId, refs),
        missing: (session, runner) =>
          sessions.lost(session, "runner_lost", `the runner ${runner} does not have this agent any more`),
        placesChanged: () => sessions.placesChanged(),
        log,
      }),
      readiness: () =>
        checkReadiness({ store, queues, dataFolder: config.dataFolder, draining: () => draining }),
      checklist: () => firstRunChecklist({ store, config }),
      metrics: () =>
        metricsText({ store, loaded: () => host.loaded().length, deployments: () => deployer.busy() }),
      webFolder: webFolder ?? builtPage(),
      log,
    };
    const app = createApp(world);
    const server = createServer(app.handler);
    // Streams live as long as their readers.
    server.requestTimeout = 0;
    await queues.whenKnown();
    const unsafe = unsafeRedis((await queues.check()).problems);
    if (unsafe !== null && !allowUnsafeRedis) throw unsafe;
    if (unsafe !== null) log.warn({ err: unsafe }, "Redis may lose what waits in the queues");
    const port = await listen(server, config);
    closing.push(() => stopListening(server, () => app.close()));
    const claimUrl = await offerClaim({ store, dataFolder: config.dataFolder, publicUrl: config.publicUrl });

    const handlers: NudgeHandlers = {
      builds: async (id) => {
        await host.handle(id);
      },
      deployments: async (id) => {
        // A roll-out takes minutes and a job must not: the row brings back what a crash forgets.
        void deployer.handle(id);
      },
      notifications: (id, _epoch, signal) => notifier.handle(id, signal),
      upkeep: (id) => notifier.buildEnded(id),
    };
    const workers = startWorkers({ address, holder: store.holder, handlers, log, faults });
    closing.push(() => workers.stop());
    const relay = startRelay({ store, transport: queues, log, faults });
    closing.push(() => relay.stop());
    const stopping = new AbortController();
    await notifier.takeUp();
    const reconciler = startReconciler({
      store,
      log,
      checks: [
        { name: "abandoned builds", run: () => store.call(nudgeAbandonedBuilds, { limit: 200 }) },
        { name: "builds that may start", run: () => store.call(nudgeStarts, { limit: 200 }) },
        { name: "stops that take too long", run: () => escalate({ store, sealOf, poke }) },
        { name: "deployments", run: () => reconcileDeployments({ store, deployer }) },
        { name: "open gates", run: () => notifier.tellOfGates() },
        { name: "ends of builds", run: () => notifier.tellOfEnds() },
        { name: "messages", run: () => notifier.sweep(stopping.signal) },
        { name: "a clock that stepped back", run: watchForStepsBack(store) },
        { name: "locks", run: () => grantFree({ store, poke }) },
        { name: "awaited builds", run: () => endAwaitedBuilds({ store, config, sealOf, poke }) },
      ],
    });
    closing.push(() => reconciler.stop());
    queues.onReady(() => reconciler.wake());
    const timers = startTimerSweeper({
      store,
      log,
      end: (due) => endDue({ store, sealOf, poke, lastOutputAtMs: (id) => logs.lastOutputAtMs(id) }, due),
    });
    closing.push(() => timers.stop());
    const loops = [
      startSettling({ store, forges, clock, log }),
      startStatuses({ store, forges, config: config.file.forges, publicUrl: config.publicUrl, clock, log }),
      startSweep({ ...app.receive, forges, log }),
      startSchedules({ store, config, vault, sources, log }),
      startUpkeep({ store, files, blobs, retention: config.file.retention, log }),
      // By the machine's own clock, which is that of its files.
      startTidyMirrors({ store, mirrors: forges.mirrors, nowMs: Date.now, log }),
    ];
    for (const loop of loops) closing.push(() => loop.stop());
    closing.push(() => {
      draining = true;
      stopping.abort();
    });
    log.info({ port, version: VERSION }, "sluice serves");
    return {
      url: config.publicUrl,
      port,
      claimUrl,
      async localRunnerKey(name) {
        const key = newRunnerKey();
        await store.call(localRunner, { name, keyHash: hashRunnerKey(key) });
        return key;
      },
      stop: closeAll,
    };
  }
}

/** The folder of the built page, if it was built. */
function builtPage(): string | null {
  const folder = join(import.meta.dirname, "..", "web", "dist");
  return existsSync(join(folder, "index.html")) ? folder : null;
}

async function listen(server: Server, config: Config): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : config.port;
}

const CLOSE_MS = 3_000;

async function stopListening(server: Server, closeStreams: () => void): Promise<void> {
  closeStreams();
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
