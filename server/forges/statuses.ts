import type { ForgeConfig } from "../config-schema.ts";
import type { Store } from "../store/store.ts";
import { ForgeError, isWorthRepeating } from "./errors.ts";
import type { CommitState } from "./forge.ts";
import type { Forges } from "./forges.ts";
import { startLoop } from "./loop.ts";
import type { Loop } from "./loop.ts";
import { queueStatuses, statusTried } from "./status-rows.ts";

const EVERY_MS = 5_000;
const COALESCE_MS = 1_000;
const BATCH = 50;

const STATES: ReadonlySet<string> = new Set<CommitState>([
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "error",
  "aborted",
  "not_built",
]);

/** What the sender needs. */
export interface StatusDeps {
  readonly store: Store;
  readonly forges: Forges;
  /** Forges by name, as configured: those without a token set no status. */
  readonly config: Readonly<Record<string, ForgeConfig>>;
  readonly publicUrl: string;
  readonly clock: { nowMs(): number };
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, text: string): void };
}

/** Keeps the commit statuses at the forges in line with the builds. A status that cannot be set never hurts a build. */
export function startStatuses(deps: StatusDeps): Loop {
  const loop = startLoop({
    everyMs: EVERY_MS,
    look: async (signal) => await sendStatuses(deps, signal),
    onError: (err) => deps.log.warn({ err }, "commit statuses could not be sent"),
  });
  let soon: NodeJS.Timeout | null = null;
  // A build changes several times a second at its start: the last of them is what people want to see.
  const forget = deps.store.onWritten("builds", () => {
    soon ??= setTimeout(() => {
      soon = null;
      loop.wake();
    }, COALESCE_MS).unref();
  });
  return {
    wake: loop.wake,
    stop: async () => {
      forget();
      if (soon !== null) clearTimeout(soon);
      await loop.stop();
    },
  };
}

/** One look: queues what has changed and sends what is due, oldest first, at most one at a time for a commit. */
export async function sendStatuses(deps: StatusDeps, signal: AbortSignal): Promise<void> {
  const { store } = deps;
  const names = Object.entries(deps.config).flatMap(([name, forge]) =>
    forge.type === "git" || forge.secret === undefined ? [] : [name],
  );
  if (names.length === 0) return;
  await store.call(queueStatuses, { forges: names });
  for (;;) {
    const rows = await store.db
      .selectFrom("forgeStatuses")
      .innerJoin("projects", "projects.id", "forgeStatuses.projectId")
      .innerJoin("builds", "builds.id", "forgeStatuses.buildId")
      .select([
        "forgeStatuses.id",
        "forgeStatuses.sha",
        "forgeStatuses.context",
        "forgeStatuses.status",
        "forgeStatuses.description",
        "forgeStatuses.url",
        "builds.ref",
        "projects.id as projectId",
        "projects.key",
        "projects.forge",
        "projects.cloneUrl",
        "projects.repo",
      ])
      .where("forgeStatuses.state", "in", ["pending", "retrying"])
      .where("forgeStatuses.nextAtMs", "<=", deps.clock.nowMs())
      .orderBy("forgeStatuses.id")
      .limit(BATCH)
      .execute();
    for (const row of rows) {
      if (signal.aborted) return;
      const newer = await store.db
        .selectFrom("forgeStatuses")
        .select("id")
        .where("sha", "=", row.sha)
        .where("context", "=", row.context)
        .where("projectId", "=", row.projectId)
        .where("id", ">", row.id)
        .limit(1)
        .executeTakeFirst();
      if (newer !== undefined) {
        await store.call(statusTried, {
          id: row.id,
          outcome: "sent",
          answer: "a newer one took its place",
          retryAfterMs: null,
        });
        continue;
      }
      await sendOne(deps, row, signal);
    }
    if (rows.length < BATCH) return;
  }
}

interface StatusRow {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  readonly status: string;
  readonly description: string;
  readonly url: string;
  readonly ref: string;
  readonly projectId: number;
  readonly key: string;
  readonly forge: string;
  readonly cloneUrl: string | null;
  readonly repo: string;
}

async function sendOne(deps: StatusDeps, row: StatusRow, signal: AbortSignal): Promise<void> {
  const { store } = deps;
  const { id, sha, ref, repo, context, status: state, description } = row;
  try {
    if (!isState(state)) throw new ForgeError("refused", `there is no state ${state}`);
    const forge = await deps.forges.of({
      id: row.projectId,
      key: row.key,
      forge: row.forge,
      cloneUrl: row.cloneUrl,
    });
    await forge.setStatus(
      { repo, sha, ref, context, state, description, url: deps.publicUrl + row.url },
      signal,
    );
    await store.call(statusTried, { id, outcome: "sent", answer: null, retryAfterMs: null });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ForgeError)) throw error;
    deps.log.warn(
      { project: row.key, sha, code: error.code, text: error.message },
      "a commit status was not set",
    );
    // A missing right may be given tomorrow, a wrong request stays wrong.
    const outcome = isWorthRepeating(error) || error.code === "unauthorised" ? "away" : "refused";
    await store.call(statusTried, { id, outcome, answer: error.message, retryAfterMs: error.retryAfterMs });
  }
}

function isState(text: string): text is CommitState {
  return STATES.has(text);
}
