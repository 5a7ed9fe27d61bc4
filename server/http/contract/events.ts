import { z } from "zod";
import { AtMs, Id, ProjectKey } from "./common.ts";

/**
 * One message of `GET /api/v1/events`. Those with a `seq` are kept, and `Last-Event-ID` asks for what came after it;
 * the data says which thing changed, so that a reader fetches it again.
 */
export const ChangeEvent = z.object({
  type: z.enum([
    "build.changed",
    "step.changed",
    "gate.changed",
    "deployment.changed",
    "runner.changed",
    "notification.changed",
    "delivery.changed",
    "project.changed",
  ]),
  seq: Id,
  project: ProjectKey.nullable(),
  build: Id.nullable(),
  id: Id.nullable(),
  atMs: AtMs,
});
export type ChangeEvent = z.infer<typeof ChangeEvent>;

/** A step's log grew to `sizeBytes`; not kept, without a `seq`. Fetch the range that is missing. */
export const LogAppended = z.object({
  type: z.literal("log.appended"),
  build: Id,
  step: z.int().positive(),
  sizeBytes: z.int().nonnegative(),
});
export type LogAppended = z.infer<typeof LogAppended>;

/** First message of a stream: the server's clock and version. */
export const Hello = z.object({ type: z.literal("hello"), version: z.string(), nowMs: AtMs });
/** Too much was missed: fetch everything on the page again. */
export const Resync = z.object({ type: z.literal("resync") });
/** The server stops; connect again at once. */
export const Bye = z.object({ type: z.literal("bye") });
/** Nothing happened; sent every 15 s so that silence means a dead connection. */
export const KeepAlive = z.object({ type: z.literal("keep-alive"), nowMs: AtMs });

/** Every message; the SSE `event:` field is its `type`, `data:` the object as JSON. */
export const LiveEvent = z.discriminatedUnion("type", [
  ChangeEvent,
  LogAppended,
  Hello,
  Resync,
  Bye,
  KeepAlive,
]);
export type LiveEvent = z.infer<typeof LiveEvent>;

/** `topics` is a comma-separated list: `builds`, `gates`, `deployments`, `deliveries`, `runners`, `notifications`, `p:<project>`, `b:<build>`, `log:<build>.<step>`; none means all but logs. */
export const EventsQuery = z.strictObject({ topics: z.string().max(2000).optional() });
export type EventsQuery = z.infer<typeof EventsQuery>;
