import type { ForgeError } from "../forges/errors.ts";
import type { ForgeProject, Forges } from "../forges/forges.ts";
import { startLoop } from "../forges/loop.ts";
import type { Loop } from "../forges/loop.ts";
import { isRefName, readRef } from "../forges/refs.ts";
import type { TriggerEvent } from "../forges/trigger-event.ts";
import type { Store } from "../store/store.ts";
import { readSafeMode } from "../upkeep/safe-mode.ts";
import { recordReading } from "./receive.ts";
import type { ReceiveDeps } from "./receive.ts";
import { recordHeads } from "./sweep-rows.ts";

/** How often the refs of every repository are compared with those recorded. */
export const SWEEP_MS = 300_000;

/** What the sweep needs beside receiving. */
export interface SweepDeps extends ReceiveDeps {
  readonly forges: Forges;
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, text: string): void };
}

/** Stands among the recorded heads once a repository was looked at; no branch or tag is called so. */
const LOOKED = { ref: "HEAD", sha: "0".repeat(40) } as const;

/** Looks at start and every five minutes for pushes that no webhook told of. */
export function startSweep(deps: SweepDeps, everyMs = SWEEP_MS): Loop {
  return startLoop({
    everyMs,
    look: async (signal) => await sweepAll(deps, signal),
    onError: (err) => deps.log.warn({ err }, "the repositories could not be swept"),
  });
}

/** Sweeps every project once; one whose forge is away does not keep the others waiting. */
export async function sweepAll(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const projects = await deps.store.db
    .selectFrom("projects")
    .select(["id", "key", "forge", "cloneUrl", "hook"])
    .where("archivedAtMs", "is", null)
    .orderBy("id")
    .execute();
  for (const project of projects) {
    if (signal.aborted) return;
    try {
      await sweepProject(deps, project, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isForgeError(error)) throw error;
      deps.log.warn(
        { project: project.key, code: error.code, text: error.message },
        "a repository could not be swept",
      );
    }
  }
}

/**
 * Compares the refs of one repository with the recorded heads and builds the newest head of each ref that moved, once.
 * The first look only records. The heads are read before the refs: a webhook that comes in between has moved a head
 * by then, and what the sweep saw is dropped.
 */
export async function sweepProject(
  deps: SweepDeps,
  project: ForgeProject & { readonly hook: string },
  signal: AbortSignal,
): Promise<{ readonly built: number }> {
  const recorded = await headsOf(deps.store, project.id);
  const found = await deps.forges.mirrorOf(project).remoteRefs(signal);
  // A restored server cannot know which of these it has built since the backup.
  if ((await readSafeMode(deps.store)) !== null) {
    const heads = [...found].map(([ref, { sha }]) => ({ ref, sha }));
    await deps.store.call(recordHeads, { projectId: project.id, heads, replace: true });
    return { built: 0 };
  }
  if (recorded.size === 0 && !(await hasDeliveries(deps.store, project.id))) {
    await deps.store.call(recordHeads, {
      projectId: project.id,
      // An empty repository leaves no head: without the mark its first push would be a first look again.
      heads: [LOOKED, ...[...found].map(([ref, { sha }]) => ({ ref, sha }))],
    });
    return { built: 0 };
  }
  let built = 0;
  for (const [ref, { sha, commit }] of found) {
    const before = recorded.get(ref) ?? null;
    if (before === sha || signal.aborted) continue;
    built += await sweepRef(deps, project, { ref, before, after: sha, commit });
  }
  for (const [ref, before] of recorded) {
    if (found.has(ref) || readRef(ref) === null || signal.aborted) continue;
    await sweepRef(deps, project, { ref, before, after: null, commit: null });
  }
  return { built };
}

async function sweepRef(
  deps: SweepDeps,
  project: ForgeProject & { readonly hook: string },
  move: { ref: string; before: string | null; after: string | null; commit: string | null },
): Promise<number> {
  const ref = readRef(move.ref);
  if (ref === null || !isRefName(ref.name)) return 0;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const held = await deps.projects.find(project.hook);
    if (held === null) return 0;
    const event: TriggerEvent = {
      kind: ref.kind,
      forge: held.forgeType,
      repoId: null,
      repo: held.repo,
      ref: move.ref,
      name: ref.name,
      before: move.before,
      after: move.after,
      commit: move.commit,
      deleted: move.after === null,
      skipCi: null,
      title: "",
      author: { name: "", mail: null },
      actor: { login: "", id: null },
      change: null,
    };
    const origin = {
      source: "sweep" as const,
      dedupeKey: null,
      request: null,
      address: null,
      replayOf: null,
      again: false,
    };
    const recorded = await recordReading(deps, held, { kind: "event", event }, origin);
    if (recorded !== null) return recorded.verdict.startsWith("repeat") ? 0 : recorded.builds.length;
    deps.projects.forget(project.hook);
  }
  return 0;
}

async function headsOf(store: Store, projectId: number): Promise<ReadonlyMap<string, string>> {
  const rows = await store.db
    .selectFrom("refHeads")
    .select(["ref", "sha"])
    .where("projectId", "=", projectId)
    .execute();
  return new Map(rows.map((row) => [row.ref, row.sha]));
}

async function hasDeliveries(store: Store, projectId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom("deliveries")
    .select("id")
    .where("projectId", "=", projectId)
    .where("state", "in", ["processed", "ignored"])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function isForgeError(error: unknown): error is ForgeError {
  return error instanceof Error && error.name === "ForgeError";
}
