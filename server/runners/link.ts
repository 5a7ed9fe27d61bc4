import { createHash, randomBytes } from "node:crypto";
import express, { type Request, type Response, type Router } from "express";
import type { Logger } from "pino";
import {
  EventsRequest,
  Handle,
  HelloRequest,
  JoinRequest,
  type ImagesAnswer,
  ImagesRequest,
  LeftoversRequest,
  PROTOCOL_VERSION,
  SecretsRequest,
  Sha256,
} from "../../runners/protocol.ts";
import type { StepLogs } from "../builds/logs.ts";
import type { Store } from "../store/store.ts";
import type { Blobs } from "./blobs.ts";
import { knownCommands, type KnownCommand } from "./command-procedures.ts";
import type { Ingest } from "./ingest.ts";
import { joinRunner } from "./join-procedures.ts";
import { neededImages } from "./needed-images.ts";
import { helloRunner, noteRunnerDisk, runnerGone, seenRunner } from "./runner-procedures.ts";
import type { RunnerStreams } from "./stream.ts";

interface Deps {
  readonly store: Store;
  readonly instance: string;
  readonly streams: RunnerStreams;
  readonly ingest: Ingest;
  readonly logs: StepLogs;
  readonly blobs: Blobs;
  /** Values of refs for a session's build; those that are gone. */
  readonly secrets: (
    buildId: number,
    refs: readonly string[],
  ) => Promise<{ values: Record<string, { base64: string; mask: boolean }>; gone: string[] }>;
  readonly missing: (session: string, runner: string) => Promise<void>;
  readonly placesChanged: () => void;
  readonly log: Logger;
}

/** Who calls: a runner whose key is valid. */
interface Caller {
  readonly id: number;
  readonly name: string;
}

const CALLER_MS = 5_000;
/** How long a runner may take to remove a session that was closed. */
const CLOSING_MS = 30_000;
const BODY_LIMIT = "16mb";
const LOG_LIMIT = "8mb";

/** The hash under which a runner's key is kept. */
export function hashRunnerKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** A new key; it is shown once. */
export function newRunnerKey(): string {
  return `slr_${randomBytes(24).toString("base64url")}`;
}

/** The server's side of the runner link, as a router to mount at `/runner/v1`. */
export function createRunnerLink(deps: Deps): Router {
  const { store, log } = deps;
  const router = express.Router();
  const callers = new Map<string, { caller: Caller; atMs: number }>();

  async function callerOf(request: Request): Promise<Caller | null> {
    const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (key === undefined) return null;
    const keyHash = hashRunnerKey(key);
    const known = callers.get(keyHash);
    // Briefly, so that a revoked key ends soon.
    if (known !== undefined && performance.now() - known.atMs < CALLER_MS) return known.caller;
    const row = await store.db
      .selectFrom("runners")
      .select(["id", "name"])
      .where("keyHash", "=", keyHash)
      .where("state", "!=", "revoked")
      .executeTakeFirst();
    if (row === undefined) return null;
    callers.set(keyHash, { caller: row, atMs: performance.now() });
    return row;
  }

  const disks = new Map<number, number | null>();
  async function noteDisk(runnerId: number, freePercent: number | null): Promise<void> {
    if (disks.get(runnerId) === freePercent) return;
    await store.call(noteRunnerDisk, { runnerId, freePercent });
    disks.set(runnerId, freePercent);
    deps.placesChanged();
  }

  type Handler = (request: Request, response: Response, caller: Caller) => Promise<void>;
  const guarded = (handler: Handler) => async (request: Request, response: Response) => {
    const caller = await callerOf(request);
    if (caller === null) {
      response.status(401).json({ error: "the runner's key is not valid here" });
      return;
    }
    await handler(request, response, caller);
  };

  router.post("/join", express.json({ limit: "64kb" }), async (request: Request, response: Response) => {
    const body = JoinRequest.safeParse(request.body);
    if (!body.success) {
      response.status(400).json({ error: "a join needs a token and a name" });
      return;
    }
    const key = newRunnerKey();
    const tokenHash = createHash("sha256").update(body.data.token).digest("hex");
    const joined = await store.call(joinRunner, {
      tokenHash,
      name: body.data.name,
      keyHash: hashRunnerKey(key),
    });
    if (joined.ok) response.json({ key, runner: joined.name });
    else response.status(joined.status).json({ error: joined.reason });
  });

  router.post(
    "/hello",
    express.json({ limit: BODY_LIMIT }),
    guarded(async (request, response, caller) => {
      const body = HelloRequest.safeParse(request.body);
      if (!body.success) {
        response
          .status(400)
          .json({ error: `the hello cannot be read: ${body.error.issues[0]?.message ?? ""}` });
        return;
      }
      const hello = body.data;
      if (hello.protocol !== PROTOCOL_VERSION) {
        response.status(409).json({
          error: `this runner speaks dialect ${hello.protocol}, the server ${PROTOCOL_VERSION}: bring both to one version`,
        });
        return;
      }
      const result = await store.call(helloRunner, {
        runnerId: caller.id,
        boot: hello.boot,
        labels: hello.labels,
        places: hello.places,
        draining: hello.draining,
        versions: JSON.stringify({ ...hello.versions, agentImage: hello.agentImage.present }),
        problem: hello.agentImage.present
          ? null
          : `the image ${hello.agentImage.name} of agents without one is not there`,
        sessions: hello.sessions.map(({ id, fence, parked }) => ({ id, fence, parked })),
      });
      response.json({ instance: deps.instance, name: caller.name, keep: result.keep, close: result.close });
      for (const session of result.missing) await deps.missing(session, caller.name);
      deps.placesChanged();
    }),
  );

  router.get(
    "/stream",
    guarded(async (_request, response, caller) => {
      const row = await store.db
        .selectFrom("runners")
        .select("boot")
        .where("id", "=", caller.id)
        .executeTakeFirst();
      const boot = row?.boot ?? "";
      await deps.streams.open(caller.id, response);
      if (deps.streams.isOpen(caller.id)) return; // another connection of the same runner took over
      await store
        .call(runnerGone, { runnerId: caller.id, boot })
        .catch((err: unknown) =>
          log.debug({ runner: caller.id, err }, "a closed connection could not be noted"),
        );
    }),
  );

  router.post(
    "/events",
    express.json({ limit: BODY_LIMIT }),
    guarded(async (request, response, caller) => {
      const body = EventsRequest.safeParse(request.body);
      if (!body.success) {
        log.warn(
          { runner: caller.name, issue: body.error.issues[0] },
          "events of a runner could not be read",
        );
        response
          .status(400)
          .json({ error: `the events cannot be read: ${body.error.issues[0]?.message ?? ""}` });
        return;
      }
      await noteDisk(caller.id, body.data.diskFreePercent);
      if (body.data.events.length === 0) {
        await store.call(seenRunner, { runnerId: caller.id });
        response.json({ acked: [], refused: [] });
        return;
      }
      response.json(await deps.ingest.take(caller.id, body.data.events));
    }),
  );

  router.post(
    "/images",
    express.json({ limit: "1mb" }),
    guarded(async (request, response) => {
      const body = ImagesRequest.safeParse(request.body);
      if (!body.success) {
        response.status(400).json({ error: "the images cannot be read" });
        return;
      }
      response.json({ needed: await neededImages(store, body.data.images) } satisfies ImagesAnswer);
    }),
  );

  router.post(
    "/leftovers",
    express.json({ limit: "1mb" }),
    guarded(async (request, response) => {
      const body = LeftoversRequest.safeParse(request.body);
      if (!body.success) {
        response.status(400).json({ error: "the sessions cannot be read" });
        return;
      }
      response.json({ over: await sessionsOver(body.data.sessions) });
    }),
  );

  /** Of these, the sessions that were lost, or closed so long ago that their own runner would have cleaned up. */
  async function sessionsOver(sessions: readonly string[]): Promise<string[]> {
    if (sessions.length === 0) return [];
    const closedBeforeMs = (await store.nowMs()) - CLOSING_MS;
    const rows = await store.db
      .selectFrom("sessions")
      .select("id")
      .where("id", "in", [...sessions])
      .where((eb) =>
        eb.or([
          eb("state", "=", "lost"),
          eb.and([eb("state", "=", "closed"), eb("closedAtMs", "<", closedBeforeMs)]),
        ]),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  /** The command a log or blob belongs to, if the session is still this runner's. */
  async function ownCommand(caller: Caller, id: string, fence: number): Promise<KnownCommand | null> {
    const cached = commands.get(id);
    if (cached !== undefined && cached.fence === fence && cached.runnerId === caller.id) return cached;
    const [command] = await store.call(knownCommands, { ids: [id] });
    if (command === undefined || command.runnerId !== caller.id || command.fence !== fence) return null;
    if (command.sessionState === "lost") return null;
    commands.set(id, command);
    const oldest = commands.keys().next().value;
    if (commands.size > 1000 && oldest !== undefined) commands.delete(oldest);
    return command;
  }
  const commands = new Map<string, KnownCommand>();

  router.put(
    "/steps/:command/log",
    express.raw({ type: () => true, limit: LOG_LIMIT }),
    guarded(async (request, response, caller) => {
      const id = Handle.safeParse(request.params["command"]);
      const at = Number(request.query["at"]);
      const fence = Number(request.query["fence"]);
      if (!id.success || !Number.isSafeInteger(at) || at < 0) {
        response.status(400).json({ error: "a log needs a command and an offset" });
        return;
      }
      const command = await ownCommand(caller, id.data, fence);
      if (command === null) {
        response.status(410).json({ error: "the session is not this runner's any more" });
        return;
      }
      const bytes: unknown = request.body;
      if (command.stepNo === null) {
        // Nothing shows it: taken and let go, so that the runner can forget it.
        response.json({ stored: at + (Buffer.isBuffer(bytes) ? bytes.length : 0) });
        return;
      }
      const written = await deps.logs.write(
        command.buildId,
        command.stepNo,
        at,
        Buffer.isBuffer(bytes) ? bytes : new Uint8Array(),
      );
      if (written.kind === "full") {
        log.warn({ runner: caller.name, build: command.buildId, step: command.stepNo }, "a log is too long");
        response
          .status(410)
          .json({ error: "the log is longer than a step's may be: no more of it is taken" });
        return;
      }
      response.status(written.kind === "stored" ? 200 : 409).json({ stored: written.length });
    }),
  );

  async function sessionBuild(caller: Caller, session: unknown, fence: unknown): Promise<number | null> {
    const id = Handle.safeParse(session);
    if (!id.success) return null;
    const row = await store.db
      .selectFrom("sessions")
      .select(["buildId", "fence", "state"])
      .where("id", "=", id.data)
      .where("runnerId", "=", caller.id)
      .executeTakeFirst();
    return row === undefined || row.fence !== Number(fence) || row.state === "lost" ? null : row.buildId;
  }

  router.post(
    "/sessions/:session/secrets",
    express.json({ limit: "1mb" }),
    guarded(async (request, response, caller) => {
      const body = SecretsRequest.safeParse(request.body);
      if (!body.success) {
        response.status(400).json({ error: "the refs cannot be read" });
        return;
      }
      const buildId = await sessionBuild(caller, request.params["session"], body.data.fence);
      if (buildId === null) {
        response.status(410).json({ error: "the session is not this runner's any more" });
        return;
      }
      response.set("cache-control", "no-store").json(await deps.secrets(buildId, body.data.refs));
    }),
  );

  router.put(
    "/blobs/:sha256",
    guarded(async (request, response, caller) => {
      const sha256 = Sha256.safeParse(request.params["sha256"]);
      const buildId = await sessionBuild(caller, request.query["session"], request.query["fence"]);
      if (!sha256.success || buildId === null) {
        response.status(sha256.success ? 410 : 400).json({ error: "the blob cannot be taken" });
        return;
      }
      const stored = await deps.blobs.put(buildId, sha256.data, request);
      if (stored) response.status(204).end();
      else response.status(422).json({ error: "the bytes have another hash" });
    }),
  );

  router.get(
    "/blobs/:sha256",
    guarded(async (request, response, caller) => {
      const sha256 = Sha256.safeParse(request.params["sha256"]);
      const buildId = await sessionBuild(caller, request.query["session"], request.query["fence"]);
      if (!sha256.success || buildId === null) {
        response.status(sha256.success ? 410 : 400).json({ error: "the blob cannot be given" });
        return;
      }
      const found = await openBlob(buildId, sha256.data);
      if (found === null) {
        response.status(404).json({ error: "there is no such blob" });
        return;
      }
      response.set("content-length", `${found.size}`);
      found.stream.pipe(response);
    }),
  );

  /** A build that restarts another reads that one's stashes. */
  async function openBlob(buildId: number, sha256: string) {
    const own = await deps.blobs.open(buildId, sha256);
    if (own !== null) return own;
    const row = await store.db
      .selectFrom("builds")
      .select("restartOf")
      .where("id", "=", buildId)
      .executeTakeFirst();
    return row?.restartOf === null || row?.restartOf === undefined
      ? null
      : await deps.blobs.open(row.restartOf, sha256);
  }

  return router;
}
