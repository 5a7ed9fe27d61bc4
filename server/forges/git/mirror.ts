import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  makeBare,
  markUsed,
  pinOf,
  removeHalfPacks,
  removeMirror,
  renewPin,
  tidyMirror,
} from "../../../runners/mirror-upkeep.ts";
import { ForgeError } from "../errors.ts";
import { titleOf } from "../refs.ts";
import { Sha } from "../trigger-event.ts";
import { openObjects } from "./objects.ts";
import type { GitObject } from "./objects.ts";
import { commitOf, entryIn } from "./read-objects.ts";
import { checkRemote, gitError, runGit } from "./run.ts";
import type { GitRemote, GitResult } from "./run.ts";

/** Largest file that is read out of a repository. */
export const MAX_FILE_BYTES = 1024 * 1024;
const LIMIT_MS = 120_000;
/** Packing a large repository takes its time; whoever wants the mirror waits for it. */
const TIDY_LIMIT_MS = 600_000;
/** Modes of a tree's entries that are no files. */
const FOLDER = "40000";
const OTHER_REPOSITORY = "160000";

/** A file at a commit. */
export type FileReading =
  | { readonly kind: "file"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly because: string };

/** What is known of a commit. */
export interface CommitInfo {
  readonly sha: string;
  readonly title: string;
  readonly message: string;
  readonly author: string;
  readonly authorMail: string;
  readonly atMs: number;
}

/** The repository of one project, copied as far as it was needed. One call runs at a time. */
export interface Mirror {
  /** Its folder, a bare repository; others only read it. */
  readonly path: string;
  /** All branches and tags with the object and, for tags, the commit they name. @throws {ForgeError} */
  remoteRefs(
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, { readonly sha: string; readonly commit: string }>>;
  /** Fetches a commit, unless it is here; `ref` helps where a server gives no bare commits. @throws {ForgeError} */
  fetchCommit(sha: string, ref: string | null, signal?: AbortSignal): Promise<void>;
  /** Fetches a ref as it stands now and gives its commit. @throws {ForgeError} `not_found` */
  fetchRef(ref: string, signal?: AbortSignal): Promise<string>;
  /** Reads a file of a fetched commit. Links, folders and large files are refused in words. @throws {ForgeError} */
  readFile(sha: string, path: string, signal?: AbortSignal): Promise<FileReading>;
  /** Plain files below some folders of a fetched commit, with their sizes. @throws {ForgeError} */
  listFiles(
    sha: string,
    folders: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly { readonly path: string; readonly sizeBytes: number }[]>;
  commitInfo(sha: string, signal?: AbortSignal): Promise<CommitInfo>;
  /** Commits that `to` has and `from` has not, newest first, as far as they are here. */
  commitsBetween(from: string, to: string, signal?: AbortSignal): Promise<readonly CommitInfo[]>;
  /** Packs it and lets go of commits that were not used for long, when there is enough of that. @throws {ForgeError} */
  tidy(keeps: (sha: string) => boolean, nowMs: number, signal?: AbortSignal): Promise<"packed" | "left">;
  /** Removes it; what needs it later makes it anew. */
  remove(signal?: AbortSignal): Promise<void>;
}

/** Makes the mirror of a repository in a folder of its own. `remote` is asked anew at each call: tokens change. */
export function createMirror(options: { folder: string; remote: () => Promise<GitRemote> }): Mirror {
  const gitDir = join(options.folder, "mirror.git");
  const objects = openObjects({ gitDir, home: options.folder });
  let last: Promise<unknown> = Promise.resolve();
  return {
    path: gitDir,
    remoteRefs: (signal) => alone(signal, remoteRefs),
    fetchCommit: (sha, ref, signal) => alone(signal, async (s) => await fetchCommit(sha, ref, s)),
    fetchRef: (ref, signal) => alone(signal, async (s) => await fetchRef(ref, s)),
    readFile: (sha, path, signal) => alone(signal, async (s) => await readFile(sha, path, s)),
    listFiles: (sha, folders, signal) => alone(signal, async (s) => await listFiles(sha, folders, s)),
    commitInfo: (sha, signal) =>
      alone(signal, async (s) => {
        const commit = await objects.read(`${checked(sha)}^{commit}`, s);
        if (commit === null) throw new ForgeError("not_found", `commit ${sha} is not here`);
        return commitOf(commit);
      }),
    commitsBetween: (from, to, signal) =>
      alone(signal, async (s) => await log(["-200", checked(to), `^${checked(from)}`], s)),
    tidy: (keeps, nowMs, signal) => alone(signal, async (s) => await tidy(keeps, nowMs, s), TIDY_LIMIT_MS),
    remove: (signal) =>
      alone(signal, async () => {
        objects.close();
        await removeMirror(options.folder);
      }),
  };

  /** Runs after what runs now, with a limit of time. */
  function alone<Result>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<Result>,
    limitMs = LIMIT_MS,
  ): Promise<Result> {
    const run = async (): Promise<Result> => {
      const limit = AbortSignal.timeout(limitMs);
      return await work(signal === undefined ? limit : AbortSignal.any([signal, limit]));
    };
    const result = last.then(run, run);
    last = result.catch(() => {});
    return result;
  }

  async function git(args: readonly string[], signal: AbortSignal, remote?: GitRemote): Promise<GitResult> {
    return await runGit(args, { home: options.folder, signal, ...(remote === undefined ? {} : { remote }) });
  }

  async function inMirror(
    args: readonly string[],
    signal: AbortSignal,
    remote?: GitRemote,
  ): Promise<GitResult> {
    return await git([`--git-dir=${gitDir}`, ...args], signal, remote);
  }

  async function ready(signal: AbortSignal): Promise<void> {
    const isThere = await stat(join(gitDir, "HEAD")).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await makeBare(gitDir, async (fresh) => {
      const made = await git(["init", "--quiet", "--bare", fresh], signal);
      if (made.code !== 0) throw gitError("the mirror could not be made", made);
    });
  }

  async function fetch(refspecs: readonly string[], signal: AbortSignal): Promise<GitResult> {
    const remote = await options.remote();
    checkRemote(remote);
    await ready(signal);
    await markUsed(options.folder);
    const args = [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-recurse-submodules",
      "--no-write-fetch-head",
      "--end-of-options",
      remote.url,
      ...refspecs,
    ];
    const result = await fetchedWhole(() => inMirror(args, signal, remote));
    if (result.code === 0 || !/\.lock': File exists/u.test(result.stderr)) return result;
    // A git that was killed left its lock: what is here can all be fetched again.
    objects.close();
    await rm(gitDir, { recursive: true, force: true });
    await ready(signal);
    return await fetchedWhole(() => inMirror(args, signal, remote));
  }

  /** A fetch that leaves nothing behind when it fails or is given up. */
  async function fetchedWhole(fetch: () => Promise<GitResult>): Promise<GitResult> {
    let isWhole = false;
    try {
      const result = await fetch();
      isWhole = result.code === 0;
      return result;
    } finally {
      if (!isWhole) await removeHalfPacks(gitDir);
    }
  }

  async function has(sha: string, signal: AbortSignal): Promise<boolean> {
    await ready(signal);
    return (await objects.read(`${sha}^{tree}`, signal)) !== null;
  }

  /** Makes sure that a commit that is here stays; false when a part of it may be gone already. */
  async function isHeld(sha: string, signal: AbortSignal): Promise<boolean> {
    await markUsed(options.folder);
    if (await renewPin(gitDir, sha)) return true;
    const whole = await inMirror(["rev-list", "--objects", "--quiet", sha, "--not", "--all"], signal);
    if (whole.code !== 0) return false;
    return (await inMirror(["update-ref", pinOf(sha), sha], signal)).code === 0;
  }

  async function tidy(
    keeps: (sha: string) => boolean,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<"packed" | "left"> {
    const run = async (args: readonly string[]): Promise<void> => {
      const result = await runGit([`--git-dir=${gitDir}`, ...args], {
        home: options.folder,
        signal,
        endsGroup: true,
      });
      if (result.code !== 0) throw gitError("the mirror could not be packed", result);
    };
    return await tidyMirror({ gitDir, git: run, keeps, nowMs });
  }

  async function fetchCommit(sha: string, ref: string | null, signal: AbortSignal): Promise<void> {
    if ((await has(checked(sha), signal)) && (await isHeld(sha, signal))) return;
    const bare = await fetch([`+${sha}:${pinOf(sha)}`], signal);
    if (bare.code === 0 && (await has(sha, signal))) return;
    if (ref === null) throw gitError(`commit ${sha} could not be fetched`, bare);
    const byRef = await fetch([`+${checkedRef(ref)}:${pinOf(sha)}`], signal);
    if (byRef.code !== 0) throw gitError(`${ref} could not be fetched`, byRef);
    if (!(await has(sha, signal)))
      throw new ForgeError("not_found", `${ref} does not hold commit ${sha} any more`);
  }

  async function fetchRef(ref: string, signal: AbortSignal): Promise<string> {
    const local = `refs/sluice/heads/${Buffer.from(ref).toString("hex")}`;
    const fetched = await fetch([`+${checkedRef(ref)}:${local}`], signal);
    if (fetched.code !== 0) throw gitError(`${ref} could not be fetched`, fetched);
    const named = await inMirror(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", `${local}^{commit}`],
      signal,
    );
    const sha = Sha.safeParse(named.stdout.toString("utf8").trim()).data;
    if (sha === undefined) throw new ForgeError("not_found", `${ref} names no commit`);
    return sha;
  }

  async function remoteRefs(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, { sha: string; commit: string }>> {
    const remote = await options.remote();
    checkRemote(remote);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const listed = await git(
      ["ls-remote", "--heads", "--tags", "--end-of-options", remote.url],
      signal,
      remote,
    );
    if (listed.code !== 0) throw gitError("the repository's refs could not be listed", listed);
    const refs = new Map<string, { sha: string; commit: string }>();
    for (const line of listed.stdout.toString("utf8").split("\n")) {
      const [sha, name] = line.split("\t");
      if (sha === undefined || name === undefined || !Sha.safeParse(sha).success) continue;
      const peeled = name.endsWith("^{}") ? refs.get(name.slice(0, -3)) : undefined;
      if (peeled !== undefined) peeled.commit = sha;
      else refs.set(name, { sha, commit: sha });
    }
    return refs;
  }

  async function readFile(sha: string, path: string, signal: AbortSignal): Promise<FileReading> {
    if (
      path.startsWith("/") ||
      path.startsWith("-") ||
      path.split("/").some((part) => part === ".." || part === "")
    ) {
      return { kind: "refused", because: `${path} is no path inside the repository` };
    }
    const object = await objects.read(`${checked(sha)}^{tree}`, signal);
    if (object === null) throw new ForgeError("not_found", `commit ${sha} is not here`);
    const parts = path.split("/");
    const name = parts.pop() ?? "";
    const folder = await folderIn(object, parts, signal);
    const entry = folder === null ? null : entryIn(folder, name);
    if (entry === null) return { kind: "missing" };
    const { mode, id } = entry;
    if (mode === FOLDER || mode === OTHER_REPOSITORY)
      return { kind: "refused", because: `${path} is a folder or another repository, not a file` };
    if (mode !== "100644" && mode !== "100755")
      return { kind: "refused", because: `${path} is a link; a file is needed` };
    const file = await objects.read(id, signal);
    if (file === null)
      throw new ForgeError("away", `${path} could not be read at ${sha}: its object is not here`);
    if (file.content === null || file.sizeBytes > MAX_FILE_BYTES)
      return { kind: "refused", because: `${path} has more than ${MAX_FILE_BYTES} bytes` };
    return { kind: "file", text: file.content.toString("utf8") };
  }

  async function listFiles(
    sha: string,
    folders: readonly string[],
    signal: AbortSignal,
  ): Promise<{ path: string; sizeBytes: number }[]> {
    const listed = await inMirror(
      [
        "ls-tree",
        "-r",
        "-z",
        "-l",
        "--full-tree",
        checked(sha),
        "--",
        ...folders.map((folder) => `:(literal)${folder}`),
      ],
      signal,
    );
    if (listed.code !== 0) throw gitError(`the files of ${sha} could not be listed`, listed);
    const files: { path: string; sizeBytes: number }[] = [];
    for (const line of listed.stdout.toString("utf8").split("\0")) {
      const entry = /^100(?:644|755) blob [0-9a-f]+ +(\d+)\t(.+)$/su.exec(line);
      if (entry?.[2] !== undefined) files.push({ path: entry[2], sizeBytes: Number(entry[1]) });
    }
    return files;
  }

  async function folderIn(
    root: GitObject,
    parts: readonly string[],
    signal: AbortSignal,
  ): Promise<GitObject | null> {
    let folder = root;
    for (const part of parts) {
      const entry = entryIn(folder, part);
      const inner = entry?.mode === FOLDER ? await objects.read(entry.id, signal) : null;
      if (inner === null) return null;
      folder = inner;
    }
    return folder;
  }

  async function log(range: readonly string[], signal: AbortSignal): Promise<CommitInfo[]> {
    const read = await inMirror(
      ["log", "-z", "--no-show-signature", "--format=%H%n%an%n%ae%n%ct%n%B", ...range, "--"],
      signal,
    );
    if (read.code !== 0) throw gitError("the history could not be read", read);
    return read.stdout
      .toString("utf8")
      .split("\0")
      .filter((text) => text !== "")
      .map((text) => {
        const [sha = "", author = "", authorMail = "", seconds = "0", ...message] = text.split("\n");
        return {
          sha,
          author,
          authorMail,
          atMs: Number(seconds) * 1000,
          title: titleOf(message[0] ?? ""),
          message: message.join("\n").trimEnd(),
        };
      });
  }
}

function checked(sha: string): string {
  if (Sha.safeParse(sha).success) return sha;
  throw new ForgeError("refused", "this is no commit id");
}

function checkedRef(ref: string): string {
  if (
    /^refs\/(heads|tags|pull|merge-requests)\//u.test(ref) &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\.lock(\/|$)/u.test(ref)
  )
    return ref;
  throw new ForgeError("refused", "this is no ref that could be fetched");
}
