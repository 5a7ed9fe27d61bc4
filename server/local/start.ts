import { createServer, type Server } from "node:http";
import { join } from "node:path";
import express from "express";
import type { Logger } from "pino";
import { createBeginPorts } from "../builds/begin-ports.ts";
import { createBuildFiles } from "../builds/console.ts";
import { createEnginePool } from "../builds/engine/pool.ts";
import { escalate } from "../builds/escalate.ts";
import { nudgeStarts } from "../builds/journal/next-starts.ts";
import { createBuildHost } from "../builds/host.ts";
import { createHostPorts } from "../builds/host-ports.ts";
import { answerInput } from "../builds/input-gates.ts";
import { abortBuild } from "../builds/journal/abort-build.ts";
import { insertBuild } from "../builds/journal/insert-build.ts";
import { createStepLogs } from "../builds/logs.ts";
import type { BeginPorts } from "../builds/prepare-begin.ts";
import { createSeals } from "../builds/seals.ts";
import { valuesForRunner } from "../builds/secret-delivery.ts";
import { createSources, type Sources } from "../builds/sources.ts";
import { endDue } from "../builds/timers.ts";
import type { Config } from "../config.ts";
import { createTargets } from "../deployments/targets/create.ts";
import { ForgeError } from "../forges/errors.ts";
import { createMirror } from "../forges/git/mirror.ts";
import type { DecisionRequest } from "../http/contract/gates.ts";
import type { Outcome } from "../http/world.ts";
import { SERVER_PROCEDURES } from "../procedures.ts";
import { applyFile } from "../projects/apply.ts";
import { DEFAULT_CONCURRENCY } from "../projects/settings.ts";
import { nudgeAbandonedBuilds } from "../queue/abandoned-builds.ts";
import { createDirectTransport } from "../queue/direct.ts";
import { startReconciler } from "../queue/reconcile.ts";
import { startRelay } from "../queue/relay.ts";
import { startTimerSweeper } from "../queue/timers.ts";
import { createBlobs } from "../runners/blobs.ts";
import { createIngest } from "../runners/ingest.ts";
import { localRunner } from "../runners/join-procedures.ts";
import { createRunnerLink, hashRunnerKey, newRunnerKey } from "../runners/link.ts";
import { createSessions } from "../runners/sessions.ts";
import { createRunnerStreams } from "../runners/stream.ts";
import { createSecrets } from "../secrets/secrets.ts";
import type { SecretValue } from "../secrets/values.ts";
import { openVault } from "../secrets/vault.ts";
import { systemClock } from "../store/clock.ts";
import { UNFINISHED_BUILD_STATES } from "../store/states.ts";
import { openStore, type Store } from "../store/store.ts";
import { VERSION } from "../version.ts";
import { type LocalRequest, localHead, refOf } from "./head.ts";
import { hiddenOf, planOnly } from "./planned-deploy.ts";
import { type LocalReader, createLocalReader } from "./reader.ts";
import { applySecrets } from "./secrets-file.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a run needs of the machine. */
export interface LocalOptions {
  /** Name of the project, fit for addresses. */
  readonly projectKey: string;
  readonly snapshot: Snapshot;
  readonly request: LocalRequest;
  readonly secrets: ReadonlyMap<string, SecretValue>;
  /** Folder of database, logs and blobs; also of what an earlier run left. */
  readonly dataFolder: string;
  /** What `--config` names, else an empty file. */
  readonly file: Config["file"];
  readonly configFile: string | null;
  readonly dockerHost: string;
  readonly log: Logger;
}

/** A server for one build: no page, no Redis, and nobody but the runner of this process may call it. */
export interface LocalServer {
  readonly url: string;
  readonly runnerName: string;
  readonly runnerKey: string;
  /** Letters in the names of this folder's containers and networks. */
  readonly instance: string;
  /** Starts the build that was asked for. */
  startBuild(): Promise<{ readonly id: number; readonly number: number }>;
  readonly reader: LocalReader;
  /** Stops the build; a level asks for more force than the one before. */
  abort(buildId: number, level: 1 | 2 | 3): Promise<void>;
  /** Answers an `input` as this person. */
  answer(gateId: number, decision: DecisionRequest): Promise<Outcome<null>>;
  stop(): Promise<void>;
}

const FORGE = "local";
const RUNNER = "local";

/**
 * Puts the rooms together for `sluice run`: the same store, engine host, runner link and session rules as those of a
 * server, with nudges as plain calls. Builds that an earlier run left unfinished are stopped.
 */
export async function startLocalServer(options: LocalOptions): Promise<LocalServer> {
  const { log, projectKey, snapshot, request, dataFolder } = options;
  const nowMs = () => systemClock.nowMs();
  const closing: (() => Promise<void> | void)[] = [];
  const closeAll = async () => {
    for (const close of closing.toReversed()) {
      try {
        await close();
      } catch (err) {
        log.error({ err }, "a part of the run did not stop cleanly");
      }
    }
  };
  try {
    return await start();
  } catch (error) {
    await closeAll();
    throw error;
  }

  async function start(): Promise<LocalServer> {
    const store = await openStore({ dataFolder, clock: systemClock, procedures: SERVER_PROCEDURES });
    closing.push(() => store.close());
    const app = express().disable("x-powered-by");
    const server = createServer(app);
    server.requestTimeout = 0;
    const port = await listen(server);
    closing.push(() => stopListening(server));
    const config = configOf(options, port);
    const vault = await openVault({ store, keyFile: config.keyFile });
    const secrets = createSecrets({ store, vault });
    await applyFile({ store, vault }, config.file);
    await applySecrets(secrets, projectKey, options.secrets);

    const seals = createSeals({ store, vault });
    const sealOf = (buildId: number) => seals.of(buildId);
    const files = createBuildFiles(dataFolder);
    const logs = createStepLogs(files, nowMs);
    const blobs = createBlobs(dataFolder);
    const poke = (buildId: number) => host.poke(buildId);
    const streams = createRunnerStreams({ store, sealOf, log });
    closing.push(() => streams.closeAll());
    const sessions = createSessions({
      store,
      sealOf,
      poke,
      assigned: (ids) => streams.poke(ids),
      parkAfterMs: config.parkAfterMs,
      log,
    });
    closing.push(() => sessions.stop());

    const targetOf = createTargets(config.file.targets, config.dockerHost);
    const hidden = hiddenOf(options.secrets.values());
    const sources = localSources(snapshot);
    const beginPorts: BeginPorts = {
      ...createBeginPorts({ store, config, vault, secrets, sources, blobs, nowMs }),
      ownScm: async (scope) => ({ credential: null, scm: scmOf(snapshot, sources, scope.head.ref) }),
      // Nobody is written to because somebody tries a file out.
      messageRoute: () => null,
      planDeployment: (scope, begin, wanted) =>
        planOnly({ store, config, secrets, logs, targetOf, hidden }, scope, begin, wanted),
      otherBuild: async () => ({
        ok: false,
        reason: "sluice run carries out this one build: it starts no other",
      }),
      // Nobody else is here to wait for: a label stands for one resource, and every category has a turn.
      resourcesOf: (label) => [label],
      turnsOf: () => 1,
      buildNamed: async () => null,
      ignoresLabels: true,
    };
    let own: number | null = null;
    const ports = createHostPorts({
      beginPorts,
      store,
      secrets,
      seals,
      freeze: async (build) =>
        build.id === own
          ? {
              kind: "head",
              head: localHead({
                request,
                snapshot,
                build,
                projectKey,
                url: config.publicUrl,
                nowMs: nowMs(),
              }),
              facts: { title: snapshot.title, author: request.person, authorMail: "" },
            }
          : { kind: "failed", code: "internal_error", text: "the run that asked for this build is gone" },
    });
    const host = createBuildHost({
      store,
      pool: createEnginePool({ threads: 1 }),
      files,
      logs,
      ports,
      log,
      version: VERSION,
      listeners: {
        turned: (_buildId, result) => {
          streams.poke(result.commands.map(({ session }) => session));
          if (result.placesChanged) sessions.placesChanged();
        },
        ended: () => sessions.placesChanged(),
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
    app.use(
      "/runner/v1",
      createRunnerLink({
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
    );

    const abort = async (buildId: number, level: 1 | 2 | 3) => {
      const by = request.person;
      const reason = `stopped by ${by}`;
      await store.call(abortBuild, { buildId, by, result: "ABORTED", reason, atLeast: level });
      poke(buildId);
      sessions.placesChanged();
    };
    for (const id of await unfinished(store)) await abort(id, 3);

    const transport = createDirectTransport({
      handlers: {
        builds: async (id) => {
          await host.handle(id);
        },
        // No deployment is sent here and no message, and what a server does after a build is not done.
        deployments: async () => {},
        notifications: async () => {},
        upkeep: async () => {},
      },
      log,
    });
    closing.push(() => transport.stop());
    const relay = startRelay({ store, transport, log });
    closing.push(() => relay.stop());
    const reconciler = startReconciler({
      store,
      log,
      checks: [
        { name: "abandoned builds", run: () => store.call(nudgeAbandonedBuilds, { limit: 200 }) },
        { name: "builds that may start", run: () => store.call(nudgeStarts, { limit: 200 }) },
        { name: "stops that take too long", run: () => escalate({ store, sealOf, poke }) },
      ],
    });
    closing.push(() => reconciler.stop());
    const timers = startTimerSweeper({
      store,
      log,
      end: (due) => endDue({ store, sealOf, poke, lastOutputAtMs: (id) => logs.lastOutputAtMs(id) }, due),
    });
    closing.push(() => timers.stop());

    const runnerKey = newRunnerKey();
    await store.call(localRunner, { name: RUNNER, keyHash: hashRunnerKey(runnerKey) });
    const reader = createLocalReader({ store, files });
    return {
      url: config.publicUrl,
      runnerName: RUNNER,
      runnerKey,
      instance: vault.instance,
      reader,
      abort,
      async startBuild() {
        const project = await store.db
          .selectFrom("projects")
          .select("id")
          .where("key", "=", projectKey)
          .executeTakeFirstOrThrow();
        const made = await store.call(insertBuild, {
          build: newBuild(options, project.id, vault.newDataKey()),
        });
        own = made.id;
        return made;
      },
      async answer(gateId, decision) {
        const gate = await store.db
          .selectFrom("gates")
          .select(["id", "buildId", "effectId", "form"])
          .where("id", "=", gateId)
          .executeTakeFirstOrThrow();
        const actor = { userId: 0, login: request.person, role: "admin", by: "session" } as const;
        return await answerInput({ store, sealOf, poke }, gate, decision, actor);
      },
      stop: closeAll,
    };
  }
}

function configOf(options: LocalOptions, port: number): Config {
  const { file, projectKey, dataFolder, request } = options;
  const url = `http://127.0.0.1:${port}`;
  const project = { forge: FORGE, repo: projectKey, jenkinsfile: request.file.path, ...NO_ROUTES };
  return {
    dataFolder,
    configFile: options.configFile,
    keyFile: join(dataFolder, "secret.key"),
    publicUrl: url,
    publicUrlSet: false,
    port,
    host: "127.0.0.1",
    allowHttp: true,
    parkAfterMs: null,
    databaseUrl: null,
    redisUrl: null,
    dockerHost: options.dockerHost,
    file: {
      ...file,
      forges: { ...file.forges, [FORGE]: { type: "git", url, insecureHttp: false } },
      projects: { [projectKey]: project },
    },
  };
}

const NO_ROUTES = { concurrency: DEFAULT_CONCURRENCY, images: [], tags: {}, routes: [] };

/** The one repository there is: nothing is fetched for it, all of it is here. */
function localSources(snapshot: Snapshot): Sources {
  const away = async () => {
    throw new ForgeError("refused", "a run on this machine asks no forge");
  };
  const mirror = createMirror({ folder: snapshot.folder, remote: away });
  return createSources({ mirrorOf: () => mirror, of: away, remoteOf: away });
}

function scmOf(snapshot: Snapshot, sources: Sources, ref: string) {
  return {
    url: snapshot.url,
    sha: snapshot.commit,
    commit: snapshot.shownCommit,
    ref,
    credential: null,
    mirrorPath: sources.pathOf({ id: 0, key: "", forge: FORGE, cloneUrl: null }),
    // The address is only told to the build; nothing is fetched from it.
    insecureHttp: true,
  };
}

async function unfinished(store: Store): Promise<number[]> {
  const rows = await store.db
    .selectFrom("builds")
    .select("id")
    .where("state", "in", UNFINISHED_BUILD_STATES)
    .execute();
  return rows.map((row) => row.id);
}

function newBuild(options: LocalOptions, projectId: number, dataKey: Uint8Array) {
  const { request, snapshot } = options;
  const ref = refOf(request, snapshot);
  const event = {
    kind: request.tag === null ? "push" : "tag",
    forge: "git",
    repo: options.projectKey,
    ref,
    name: ref.replace(/^refs\/(heads|tags)\//u, ""),
  };
  return {
    projectId,
    deliveryId: null,
    trust: "trusted" as const,
    eventKind: "manual" as const,
    event: JSON.stringify(event),
    ref,
    sha: snapshot.shownCommit,
    beforeSha: null,
    title: snapshot.title,
    author: request.person,
    authorMail: null,
    actor: request.person,
    routes: JSON.stringify({ routes: [], tags: {}, deploy: null, grammar: null, fields: {} }),
    parameters: JSON.stringify(request.parameters),
    dataKey,
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no address");
  return address.port;
}

async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
