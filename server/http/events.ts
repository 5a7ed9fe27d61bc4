import type { Request, Response } from "express";
import { z } from "zod";
import type { LiveEvent } from "./contract/events.ts";
import { ChangeEvent } from "./contract/events.ts";
import type { World } from "./world.ts";

/** How often a stream says that it lives, looks for what other servers wrote, and how much one reader may lag. */
const KEEP_ALIVE_MS = 15_000;
const LOOK_MS = 2_000;
const BATCH = 500;
/** Rows behind which a reader is told to fetch everything again. */
const MAX_BEHIND = 5_000;
const MAX_BUFFERED = 256 * 1024;

const Body = z.object({ id: z.int().positive().nullish() }).catch({});
const KINDS: ReadonlySet<string> = new Set(ChangeEvent.shape.type.options);

/** The live streams of one server: one look at the table serves all of them. */
export interface EventStreams {
  /** Turns the answer into a stream from `afterSeq` on; null: from now. */
  open(
    request: Request,
    response: Response,
    topics: readonly string[] | null,
    afterSeq: number | null,
  ): Promise<void>;
  /** Tells every reader to connect elsewhere, and ends. */
  close(): void;
}

interface Reader {
  readonly response: Response;
  readonly topics: ReadonlySet<string> | null;
  seq: number;
}

/** Makes the streams. Timers run while somebody reads. */
export function createEventStreams(world: World): EventStreams {
  const readers = new Set<Reader>();
  let looking: Promise<void> | null = null;
  let again = false;
  let timers: NodeJS.Timeout[] = [];
  const stopListening = [
    world.store.onWritten("events", () => void look()),
    world.logs.onAppended(({ buildId, stepNo, sizeBytes }) => {
      const event = { type: "log.appended" as const, build: buildId, step: stepNo, sizeBytes };
      for (const reader of readers)
        if (reader.topics?.has(`log:${buildId}.${stepNo}`)) send(reader, event, null);
    }),
  ];
  return { open, close };

  async function open(
    request: Request,
    response: Response,
    topics: readonly string[] | null,
    afterSeq: number | null,
  ): Promise<void> {
    const newest = await newestSeq();
    const reader: Reader = {
      response,
      topics: topics === null ? null : new Set(topics),
      seq: afterSeq ?? newest,
    };
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      connection: "keep-alive",
    });
    response.write("retry: 2000\n\n");
    send(reader, { type: "hello", version: world.version, nowMs: world.clock.nowMs() }, null);
    if (newest - reader.seq > MAX_BEHIND || reader.seq > newest) {
      send(reader, { type: "resync" }, null);
      reader.seq = newest;
    }
    request.on("close", () => leave(reader));
    response.on("error", () => leave(reader));
    if (request.destroyed || response.destroyed) return;
    readers.add(reader);
    start();
    await look();
  }

  function leave(reader: Reader): void {
    readers.delete(reader);
    if (readers.size === 0) stop();
  }

  function start(): void {
    if (timers.length > 0) return;
    timers = [
      setInterval(() => void look(), LOOK_MS),
      setInterval(() => {
        for (const reader of readers) send(reader, { type: "keep-alive", nowMs: world.clock.nowMs() }, null);
      }, KEEP_ALIVE_MS),
    ];
    for (const timer of timers) timer.unref();
  }

  function stop(): void {
    for (const timer of timers) clearInterval(timer);
    timers = [];
  }

  /** One look at a time; what is written meanwhile is looked at right after. */
  async function look(): Promise<void> {
    if (looking !== null) {
      again = true;
      return await looking;
    }
    looking = (async () => {
      do {
        again = false;
        await deliver();
      } while (again);
    })();
    try {
      await looking;
    } catch (err) {
      world.log.warn({ err }, "live events could not be read");
    } finally {
      looking = null;
    }
  }

  async function deliver(): Promise<void> {
    for (;;) {
      if (readers.size === 0) return;
      const from = Math.min(...[...readers].map((reader) => reader.seq));
      const rows = await world.store.db
        .selectFrom("events")
        .leftJoin("projects", "projects.id", "events.projectId")
        .select([
          "events.id",
          "events.kind",
          "events.buildId",
          "events.body",
          "events.atMs",
          "projects.key as project",
        ])
        .where("events.id", ">", from)
        .orderBy("events.id")
        .limit(BATCH)
        .execute();
      for (const row of rows) {
        for (const reader of readers) {
          if (reader.seq >= row.id) continue;
          reader.seq = row.id;
          const type = ChangeEvent.shape.type.safeParse(row.kind).data;
          if (type === undefined || !wants(reader, type, row)) continue;
          const { id } = Body.parse(JSON.parse(row.body));
          send(
            reader,
            { type, seq: row.id, project: row.project, build: row.buildId, id: id ?? null, atMs: row.atMs },
            row.id,
          );
        }
      }
      if (rows.length < BATCH) return;
    }
  }

  async function newestSeq(): Promise<number> {
    const row = await world.store.db
      .selectFrom("events")
      .select("id")
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? 0;
  }

  function send(reader: Reader, event: LiveEvent, seq: number | null): void {
    const { response } = reader;
    if (response.destroyed || response.writableEnded) return;
    if (response.writableLength > MAX_BUFFERED) {
      // Whoever cannot keep up starts afresh: the browser connects again with the last number it has seen.
      response.destroy();
      return;
    }
    const id = seq === null ? "" : `id: ${seq}\n`;
    response.write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  function close(): void {
    for (const stopOne of stopListening) stopOne();
    stop();
    for (const reader of readers) {
      send(reader, { type: "bye" }, null);
      reader.response.end();
    }
    readers.clear();
  }
}

function wants(
  reader: Reader,
  type: ChangeEvent["type"],
  row: { buildId: number | null; project: string | null },
): boolean {
  const { topics } = reader;
  if (topics === null) return KINDS.has(type);
  return topics.has(TOPICS[type]) || topics.has(`b:${row.buildId}`) || topics.has(`p:${row.project}`);
}

const TOPICS: Readonly<Record<ChangeEvent["type"], string>> = {
  "build.changed": "builds",
  "step.changed": "steps",
  "gate.changed": "gates",
  "deployment.changed": "deployments",
  "runner.changed": "runners",
  "notification.changed": "notifications",
  "delivery.changed": "deliveries",
  "project.changed": "projects",
};
