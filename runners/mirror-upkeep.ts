import type { ChildProcess } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A mirror, and a commit in it, that nothing used for so long may go. */
export const UNUSED_MS = 30 * DAY_MS;
/** Objects that no ref holds stay so long: what reads them now has ended by then. */
const GRACE_MS = 14 * DAY_MS;
/** What git writes and renames within seconds is the rest of a git that was killed when it is older. */
const LEFT_BEHIND_MS = 6 * HOUR_MS;
/** The file whose time says when a mirror was packed last. */
const PACKED = "sluice-packed";
const PINS = join("refs", "sluice");
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/u;

/** What looking after a mirror needs. Whoever calls holds the mirror's lock: nothing else writes to it meanwhile. */
export interface MirrorCare {
  /** The bare repository. */
  readonly gitDir: string;
  /** Runs git in it; throws when git fails. */
  readonly git: (args: readonly string[]) => Promise<unknown>;
  /** Whether something still needs a commit, however long ago it was fetched. */
  readonly keeps: (sha: string) => boolean;
  readonly nowMs: number;
}

/** The ref that holds a commit that builds use, whatever becomes of its branch. */
export function pinOf(sha: string): string {
  return `refs/sluice/${sha}`;
}

/** Says that a commit is used now; false when nothing holds it, so that it could go while it is read. */
export async function renewPin(gitDir: string, sha: string): Promise<boolean> {
  return await touch(join(gitDir, PINS, sha));
}

/** Says that a folder is used now: its time tells when it was used last. */
export async function markUsed(folder: string): Promise<void> {
  await touch(folder);
}

/** Whether a folder was not used for a month. */
export async function isUnused(folder: string, nowMs: number): Promise<boolean> {
  const found = await stat(folder).catch(() => null);
  return found !== null && nowMs - found.mtimeMs > UNUSED_MS;
}

/** The ending of the name under which a repository is made. */
export const UNFINISHED = ".new";

/**
 * Makes a bare repository by `init` so that no crash and no full disk leaves half of one where it belongs: git takes such
 * a folder for no repository, each time it is asked.
 */
export async function makeBare(gitDir: string, init: (folder: string) => Promise<unknown>): Promise<void> {
  const fresh = `${gitDir}${UNFINISHED}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  await init(fresh);
  await rm(gitDir, { recursive: true, force: true });
  await rename(fresh, gitDir);
}

/** Removes a mirror so that no crash leaves half of one: under its new name nobody takes it for a mirror. */
export async function removeMirror(folder: string): Promise<void> {
  const gone = `${folder}.gone`;
  await rm(gone, { recursive: true, force: true });
  await rename(folder, gone);
  await rm(gone, { recursive: true, force: true });
}

/**
 * Keeps a mirror small: what killed gits left goes, commits that nothing needs any more are let go, and git packs the
 * rest, each time that enough has come together. Killed at any point it leaves a mirror that works.
 */
export async function tidyMirror(care: MirrorCare): Promise<"packed" | "left"> {
  const { gitDir, nowMs } = care;
  if ((await stat(join(gitDir, "HEAD")).catch(() => null)) === null) return "left";
  await removeLeftovers(gitDir, nowMs);
  const packedMs = (await stat(join(gitDir, PACKED)).catch(() => null))?.mtimeMs ?? 0;
  const sinceMs = nowMs - packedMs;
  if (sinceMs < HOUR_MS || !isDue(await looseEnds(gitDir), sinceMs)) return "left";
  // First, so that a mirror that cannot be packed is not tried again and again.
  await writeFile(join(gitDir, PACKED), "");
  await utimes(join(gitDir, PACKED), nowMs / 1000, nowMs / 1000);
  await dropPins(care);
  const expire = new Date(nowMs - GRACE_MS).toISOString();
  // Pins stay files of their own: their times say when they were used.
  const settings = ["gc.packRefs=false", "gc.autoDetach=false", "pack.threads=1", "pack.windowMemory=64m"];
  await care.git([...settings.flatMap((setting) => ["-c", setting]), "gc", "--quiet", `--prune=${expire}`]);
  return "packed";
}

/**
 * Ends a git and what it started: packing is done by children of it, which would go on by themselves. It must have been
 * started as the head of a group of its own.
 */
export function endGroupOn(signal: AbortSignal, child: ChildProcess): void {
  const end = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener("abort", end, { once: true });
  child.once("close", () => signal.removeEventListener("abort", end));
  if (signal.aborted) end();
}

/** Packs and single objects of a mirror. */
export interface LooseEnds {
  readonly packs: number;
  readonly objects: number;
}

/** Whether packing a mirror is worth its while, so long after it was last packed. */
export function isDue({ packs, objects }: LooseEnds, sinceMs: number): boolean {
  if (packs >= 50 || objects >= 5000) return sinceMs >= HOUR_MS;
  if (packs >= 10 || objects >= 500) return sinceMs >= DAY_MS;
  return sinceMs >= 7 * DAY_MS && packs + objects > 1;
}

async function looseEnds(gitDir: string): Promise<LooseEnds> {
  const folder = join(gitDir, "objects");
  let objects = 0;
  for (const name of await namesIn(folder))
    if (/^[0-9a-f]{2}$/u.test(name)) objects += (await namesIn(join(folder, name))).length;
  const packs = (await namesIn(join(folder, "pack"))).filter((name) => name.endsWith(".pack")).length;
  return { packs, objects };
}

/** Locks and half packs: a lock that stays would refuse every later fetch, a half pack is as large as the repository. */
async function removeLeftovers(gitDir: string, nowMs: number): Promise<void> {
  const found = [
    ...(await halfPacks(gitDir)),
    join(gitDir, "gc.pid"),
    ...(await locksIn(gitDir, false)),
    ...(await locksIn(join(gitDir, "refs"), true)),
  ];
  for (const file of found) if (await isOlder(file, nowMs - LEFT_BEHIND_MS)) await rm(file, { force: true });
}

/**
 * Removes what a fetch that failed has left: git keeps it, and a disk that it filled would stay full. Whoever calls holds
 * the mirror's lock, and the fetch has ended or nobody wants it any more.
 */
export async function removeHalfPacks(gitDir: string): Promise<void> {
  for (const file of await halfPacks(gitDir)) await rm(file, { force: true });
}

async function halfPacks(gitDir: string): Promise<string[]> {
  const packs = join(gitDir, "objects", "pack");
  return (await namesIn(packs)).filter((name) => /^\.?tmp[-_]/u.test(name)).map((name) => join(packs, name));
}

async function locksIn(folder: string, deep: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: deep }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".lock"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Lets go of commits that were not used for a month, and of refs that hold none: a loss of power leaves such. */
async function dropPins({ gitDir, keeps, nowMs }: MirrorCare): Promise<void> {
  for (const folder of [join(gitDir, PINS), join(gitDir, PINS, "heads")])
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const file = join(folder, entry.name);
      if (!entry.isFile() || entry.name.endsWith(".lock")) continue;
      const sha = (await readFile(file, "utf8")).trim();
      const isBroken = !COMMIT.test(sha);
      if (!(await isOlder(file, nowMs - (isBroken ? LEFT_BEHIND_MS : UNUSED_MS)))) continue;
      if (isBroken || !keeps(sha)) await rm(file, { force: true });
    }
}

async function isOlder(file: string, thanMs: number): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && found.mtimeMs < thanMs;
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return await utimes(path, now, now).then(
    () => true,
    () => false,
  );
}
