import type { Store } from "../store/store.ts";
import { ForgeError } from "./errors.ts";
import type { Forges } from "./forges.ts";
import { startLoop } from "./loop.ts";
import type { Loop } from "./loop.ts";
import { settleFailed, settleRow } from "./settle-rows.ts";
import { TriggerEvent } from "./trigger-event.ts";

const EVERY_MS = 5_000;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 300_000;

/** What settling needs. */
export interface SettleDeps {
  readonly store: Store;
  readonly forges: Forges;
  readonly clock: { nowMs(): number };
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, text: string): void };
}

/**
 * Asks the forges what queued builds need before they may start: whether the author of a change request may write, and
 * which commit a tag is. Until it is known a build waits, saying so; it is never taken as trusted.
 */
export function startSettling(deps: SettleDeps): Loop {
  const tries = new Map<number, Try>();
  const loop = startLoop({
    everyMs: EVERY_MS,
    look: async (signal) => await settleDue(deps, tries, signal),
    onError: (err) => deps.log.warn({ err }, "queued builds could not be settled"),
  });
  const forget = deps.store.onWritten("builds", loop.wake);
  return {
    wake: loop.wake,
    stop: async () => {
      forget();
      await loop.stop();
    },
  };
}

interface Try {
  readonly triedAtMs: number;
  /** How long it rests, and what the next wait doubles. */
  readonly restMs: number;
  readonly waitMs: number;
}

async function settleDue(deps: SettleDeps, tries: Map<number, Try>, signal: AbortSignal): Promise<void> {
  const rows = await waitingForTheirForge(deps.store);
  for (const id of tries.keys()) if (!rows.some((row) => row.id === id)) tries.delete(id);
  for (const row of rows) {
    const tried = tries.get(row.id);
    if (signal.aborted) return;
    if (tried !== undefined && rests(tried, deps.clock.nowMs())) continue;
    try {
      await settleOne(deps, row, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ForgeError)) throw error;
      const waitMs = Math.min(LONGEST_WAIT_MS, (tried?.waitMs ?? FIRST_WAIT_MS / 2) * 2);
      const restMs = Math.max(waitMs, error.retryAfterMs ?? 0);
      tries.set(row.id, { waitMs, restMs, triedAtMs: deps.clock.nowMs() });
      deps.log.warn(
        { project: row.key, build: row.number, code: error.code, text: error.message },
        "a build waits for its forge",
      );
      await deps.store.call(settleFailed, { buildId: row.id, text: error.message.slice(0, 500) });
    }
  }
}

/** A clock that has stepped back since makes no wait longer. */
function rests({ triedAtMs, restMs }: Try, nowMs: number): boolean {
  return nowMs >= triedAtMs && nowMs < triedAtMs + restMs;
}

/** Queued builds of which a forge must say something first. */
export async function waitingForTheirForge(store: Store) {
  return await store.db
    .selectFrom("builds")
    .innerJoin("projects", "projects.id", "builds.projectId")
    .select([
      "builds.id",
      "builds.number",
      "builds.event",
      "builds.ref",
      "builds.sha",
      "builds.trust",
      "builds.title",
      "projects.id as projectId",
      "projects.key",
      "projects.forge",
      "projects.cloneUrl",
    ])
    .where("builds.state", "=", "queued")
    .where("builds.waitCode", "=", "forge")
    // Else it is the files that are waited for, which whoever starts the build asks for.
    .where((eb) => eb.or([eb("builds.trust", "=", "unknown"), eb("builds.sha", "is", null)]))
    .orderBy("builds.id")
    .limit(200)
    .execute();
}

async function settleOne(
  deps: SettleDeps,
  row: Awaited<ReturnType<typeof waitingForTheirForge>>[number],
  signal: AbortSignal,
): Promise<void> {
  const project = { id: row.projectId, key: row.key, forge: row.forge, cloneUrl: row.cloneUrl };
  const mirror = deps.forges.mirrorOf(project);
  const sha = row.sha ?? (await mirror.fetchRef(row.ref, signal));
  const event = TriggerEvent.safeParse(JSON.parse(row.event)).data;
  let trust: "trusted" | "untrusted" = row.trust === "trusted" ? "trusted" : "untrusted";
  if (row.trust === "unknown" && event !== undefined)
    trust = await (await deps.forges.of(project)).trust(event, signal);
  // Only where the commit was fetched anyway: the text is no reason to wait for a repository.
  const info = row.sha === null ? await mirror.commitInfo(sha, signal) : null;
  await deps.store.call(settleRow, {
    buildId: row.id,
    sha,
    trust,
    title: info?.title ?? null,
    author: info?.author ?? null,
    authorMail: info?.authorMail ?? null,
  });
}
