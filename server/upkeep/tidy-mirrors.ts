import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isUnused, removeMirror } from "../../runners/mirror-upkeep.ts";
import { startLoop } from "../forges/loop.ts";
import type { Loop } from "../forges/loop.ts";
import { mirrorName } from "../forges/forges.ts";
import type { Mirrors } from "../forges/forges.ts";
import type { Store } from "../store/store.ts";

const EVERY_MS = 1_800_000;

/** What looking after the mirrors of this server's disk needs. */
export interface TidyDeps {
  readonly store: Store;
  readonly mirrors: Mirrors;
  readonly nowMs: () => number;
  readonly log: {
    info(fields: Readonly<Record<string, unknown>>, text: string): void;
    warn(fields: Readonly<Record<string, unknown>>, text: string): void;
  };
}

/** Looks at the mirrors of repositories at start and every half hour. */
export function startTidyMirrors(deps: TidyDeps): Loop {
  return startLoop({
    everyMs: EVERY_MS,
    look: (signal) => tidyMirrors(deps, signal),
    onError: (err) => deps.log.warn({ err }, "mirrors could not be looked after; it is tried again"),
  });
}

/**
 * Packs the mirrors that have grown and removes those that nobody needs. The commits of all builds that are kept stay,
 * whatever was pushed since. Each server looks after its own disk.
 */
export async function tidyMirrors(deps: TidyDeps, signal: AbortSignal): Promise<void> {
  const owners = await ownersOf(deps.store);
  await removeUnneeded(deps, owners, signal);
  for (const [name, mirror] of deps.mirrors.opened()) {
    if (signal.aborted) return;
    const project = owners.get(name);
    const needed = project === undefined ? new Set<string>() : await commitsOf(deps.store, project);
    try {
      const done = await mirror.tidy((sha) => needed.has(sha), deps.nowMs(), signal);
      if (done === "packed") deps.log.info({ mirror: name }, "a mirror was packed");
    } catch (err) {
      if (!signal.aborted) deps.log.warn({ err, mirror: name }, "a mirror could not be packed");
    }
  }
}

/** Mirrors that a project has, by name. A project that was removed has one as long as a build of it is under way. */
async function ownersOf(store: Store): Promise<ReadonlyMap<string, number>> {
  const rows = await store.db
    .selectFrom("projects")
    .select(["id", "cloneUrl"])
    .where((on) =>
      on.or([
        on("archivedAtMs", "is", null),
        on.exists(
          on
            .selectFrom("builds")
            .select("builds.id")
            .whereRef("builds.projectId", "=", "projects.id")
            .where("builds.endedAtMs", "is", null),
        ),
      ]),
    )
    .execute();
  return new Map(rows.map((row) => [mirrorName(row), row.id]));
}

async function commitsOf(store: Store, projectId: number): Promise<ReadonlySet<string>> {
  const rows = await store.db
    .selectFrom("builds")
    .select("sha")
    .distinct()
    .where("projectId", "=", projectId)
    .where("sha", "is not", null)
    .execute();
  return new Set(rows.flatMap(({ sha }) => (sha === null ? [] : [sha])));
}

/** Of projects that are gone, of addresses that changed, of libraries that no file names any more. */
async function removeUnneeded(
  { mirrors, nowMs, log }: TidyDeps,
  owners: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> {
  for (const name of await readdir(mirrors.folder).catch(() => [])) {
    if (signal.aborted) return;
    const folder = join(mirrors.folder, name);
    if (name.endsWith(".gone")) await rm(folder, { recursive: true, force: true });
    else if (!owners.has(name) && (await isUnused(folder, nowMs()))) {
      const opened = mirrors.opened().get(name);
      await (opened === undefined ? removeMirror(folder) : opened.remove(signal));
      log.info({ mirror: name }, "a mirror that nothing needs was removed");
    }
  }
}
