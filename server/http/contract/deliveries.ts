import { z } from "zod";
import { BuildRef } from "./builds.ts";
import { AtMs, Id, Page, ProjectKey, listOf } from "./common.ts";

/** What came of a delivery. Refused ones carry no body. */
export const DeliveryState = z.enum(["built", "ignored", "repeated", "refused"]);
export type DeliveryState = z.infer<typeof DeliveryState>;

/** One rule that was tried and what it said, in words. */
export const VerdictLine = z.object({ rule: z.string(), ok: z.boolean(), text: z.string() });
export type VerdictLine = z.infer<typeof VerdictLine>;

export const DeliverySummary = z.object({
  id: Id,
  project: ProjectKey.nullable(),
  hook: z.string().nullable(),
  forge: z.string().nullable(),
  event: z.string().nullable(),
  ref: z.string().nullable(),
  receivedAtMs: AtMs,
  status: z.int(),
  state: DeliveryState,
  verdict: z.string(),
  builds: z.array(BuildRef),
  durationMs: z.int().nonnegative().nullable(),
  source: z.enum(["webhook", "sweep", "replay", "registry"]),
  replayOf: Id.nullable(),
});
export type DeliverySummary = z.infer<typeof DeliverySummary>;
export const Deliveries = listOf(DeliverySummary);

/** One delivery with the rules that were tried; headers are those kept, without secrets. */
export const Delivery = DeliverySummary.extend({
  lines: z.array(VerdictLine),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  sizeBytes: z.int().nonnegative(),
  address: z.string().nullable(),
  mayReplay: z.boolean(),
});
export type Delivery = z.infer<typeof Delivery>;

export const DeliveriesQuery = Page.extend({
  project: z.string().optional(),
  state: DeliveryState.optional(),
});
export type DeliveriesQuery = z.infer<typeof DeliveriesQuery>;

/** Replays make nothing twice unless `again` is set. */
export const ReplayRequest = z.strictObject({ again: z.boolean().default(false) });
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** The answer to a forge and to a replay. */
export const Received = z.object({ deliveryId: Id, verdict: z.string(), builds: z.array(BuildRef) });
export type Received = z.infer<typeof Received>;
