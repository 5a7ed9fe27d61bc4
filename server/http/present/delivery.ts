import { z } from "zod";
import type { Store } from "../../store/store.ts";
import { VerdictLine } from "../contract/deliveries.ts";
import type { Delivery, DeliverySummary } from "../contract/deliveries.ts";
import { notFound } from "../problem.ts";
import type { World } from "../world.ts";
import { buildPath } from "./ref.ts";

const Lines = z.array(VerdictLine).catch([]);
const Headers = z.record(z.string(), z.string()).catch({});
const EventRef = z.object({ ref: z.string() });

/** The rows of deliveries without their bodies, before any condition. */
export function selectDeliveries(store: Store) {
  return store.db
    .selectFrom("deliveries")
    .leftJoin("projects", "projects.id", "deliveries.projectId")
    .select([
      "deliveries.id",
      "projects.key as project",
      "deliveries.hook",
      "deliveries.source",
      "deliveries.forge",
      "deliveries.eventName",
      "deliveries.headers",
      "deliveries.bodySize",
      "deliveries.address",
      "deliveries.state",
      "deliveries.status",
      "deliveries.reason",
      "deliveries.verdict",
      "deliveries.event",
      "deliveries.repeatOf",
      "deliveries.replayOf",
      "deliveries.receivedAtMs",
      "deliveries.processedAtMs",
    ]);
}

/** One row of `selectDeliveries`. */
export type DeliveryRow = Awaited<ReturnType<ReturnType<typeof selectDeliveries>["execute"]>>[number];

/** Rows of a list of deliveries, with the builds they made or repeated. */
export async function presentDeliveries(
  store: Store,
  publicUrl: string,
  rows: readonly DeliveryRow[],
): Promise<DeliverySummary[]> {
  const ids = rows.map((row) => row.repeatOf ?? row.id);
  const builds =
    ids.length === 0
      ? []
      : await store.db
          .selectFrom("builds")
          .select(["id", "number", "deliveryId"])
          .where("deliveryId", "in", ids)
          .orderBy("id")
          .execute();
  const byDelivery = Map.groupBy(builds, (build) => build.deliveryId);
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    // Whose address nobody knows is shown; a known one is as good as a key.
    hook: row.project === null ? row.hook : null,
    forge: row.forge,
    event: row.eventName,
    ref: row.event === null ? null : EventRef.parse(JSON.parse(row.event)).ref,
    receivedAtMs: row.receivedAtMs,
    status: row.status,
    state: stateOf(row),
    verdict: row.reason ?? "a build was made",
    builds: (byDelivery.get(row.repeatOf ?? row.id) ?? []).map(({ id, number }) => ({
      id,
      number,
      url: `${publicUrl}${buildPath(row.project ?? "", number)}`,
    })),
    durationMs: row.processedAtMs === null ? null : Math.max(0, row.processedAtMs - row.receivedAtMs),
    source: row.source,
    replayOf: row.replayOf,
  }));
}

function stateOf(row: DeliveryRow): DeliverySummary["state"] {
  if (row.state === "rejected") return "refused";
  if (row.state === "processed") return "built";
  return row.reason?.startsWith("this delivery was seen before") === true || row.repeatOf !== null
    ? "repeated"
    : "ignored";
}

/** How much of a stored body the page gets. */
const MAX_SHOWN = 256 * 1024;

/** One delivery with the rules that were tried. @throws {HttpProblem} 404 */
export async function presentDelivery(world: World, id: number): Promise<Delivery> {
  const { store } = world;
  const row = await selectDeliveries(store).where("deliveries.id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`delivery ${id}`);
  const [summary] = await presentDeliveries(store, world.config.publicUrl, [row]);
  if (summary === undefined) throw notFound(`delivery ${id}`);
  const stored = await store.db
    .selectFrom("deliveries")
    .select("body")
    .where("id", "=", id)
    .executeTakeFirst();
  const body = stored?.body ?? null;
  return {
    ...summary,
    lines: Lines.parse(JSON.parse(row.verdict)),
    headers: Headers.parse(JSON.parse(row.headers)),
    body: body === null ? null : Buffer.from(body).subarray(0, MAX_SHOWN).toString("utf8"),
    sizeBytes: row.bodySize,
    address: row.address,
    mayReplay: body !== null && row.project !== null,
  };
}
