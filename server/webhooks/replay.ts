import { z } from "zod";
import { hookOf } from "../forges/hooks.ts";
import type { Outcome } from "../http/world.ts";
import { refused } from "../http/world.ts";
import { recordReading } from "./receive.ts";
import type { ReceiveDeps } from "./receive.ts";
import type { Recorded } from "./record.ts";

const Headers = z.record(z.string(), z.string());

/**
 * Judges a stored delivery again by today's routes, as a delivery of its own. It makes nothing twice unless `again`
 * is set; its signature was checked when it came.
 */
export async function replayDelivery(
  deps: ReceiveDeps,
  id: number,
  again: boolean,
): Promise<Outcome<{ project: string; recorded: Recorded }>> {
  const row = await deps.store.db
    .selectFrom("deliveries")
    .innerJoin("projects", "projects.id", "deliveries.projectId")
    .select([
      "projects.hook",
      "deliveries.headers",
      "deliveries.body",
      "deliveries.replayOf",
      "deliveries.address",
    ])
    .where("deliveries.id", "=", id)
    .where("projects.archivedAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return refused(404, "not_found", `there is no delivery ${id} of a project`);
  if (row.body === null) return refused(422, "nothing_to_replay", "nothing of this delivery's body was kept");
  const request = { headers: Headers.parse(JSON.parse(row.headers)), body: Buffer.from(row.body) };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const project = await deps.projects.find(row.hook);
    if (project === null) return refused(404, "not_found", "the project's forge is not configured any more");
    const reading = hookOf(project.forgeType).read(request);
    if (reading.kind === "unreadable") return refused(422, "nothing_to_replay", reading.because);
    const origin = {
      source: "replay" as const,
      dedupeKey: null,
      request,
      address: row.address,
      replayOf: row.replayOf ?? id,
      again,
    };
    const recorded = await recordReading(deps, project, reading, origin);
    if (recorded !== null) return { ok: true, value: { project: project.key, recorded } };
    deps.projects.forget(row.hook);
  }
  return refused(409, "conflict", "the project is being changed; try again");
}
