import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeBare } from "../../runners/mirror-upkeep.ts";
import { LocalGitError, localGit, tryLocalGit } from "./git.ts";

/** What a run leaves in the folder, and the file of its secrets: never a part of what is built. */
export const RUN_FOLDER = ".sluice";
export const SECRETS_FILE = ".sluice.env";

/** A folder as one commit. */
export interface Snapshot {
  /** Holds the bare repository `mirror.git` with the commit. */
  readonly folder: string;
  /** Tracked, changed and new files; the commit of HEAD itself where nothing was changed. */
  readonly commit: string;
  /** What the build is told as its commit: HEAD's, or `commit` where there is none. */
  readonly shownCommit: string;
  readonly branch: string | null;
  /** Files that differ from HEAD; null outside a work tree. */
  readonly changed: number | null;
  readonly title: string;
  /** Address of the remote `origin`, where a build may know it: without user or password. */
  readonly url: string | null;
}

/** Each run may add a pack; with more than these the copy is made anew. */
const PACKS_MOST = 50;

/** The top of the work tree that a folder belongs to; null outside of one. */
export async function workTreeOf(folder: string): Promise<string | null> {
  const inside = await tryLocalGit(["rev-parse", "--show-toplevel"], { cwd: folder });
  const top = inside.out.replace(/\n$/u, "");
  if (inside.code === 0 && top !== "") return top;
  if (/dubious ownership/u.test(inside.said)) throw new LocalGitError(inside.said.trim());
  return null;
}

/**
 * Makes a commit of the folder as it stands, in a repository of its own below `.sluice`, by an index of its own: the
 * person's index, refs and objects stay as they are.
 * @throws {LocalGitError}
 */
export async function takeSnapshot(root: string, inWorkTree: boolean): Promise<Snapshot> {
  const folder = join(root, RUN_FOLDER, "source");
  const mirror = join(folder, "mirror.git");
  await makeMirror(folder, mirror);
  const scratch = await mkdtemp(join(folder, "scratch-"));
  try {
    return inWorkTree
      ? await ofWorkTree({ root, folder, mirror, scratch })
      : await ofFolder({ root, folder, mirror, scratch });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Places {
  readonly root: string;
  readonly folder: string;
  readonly mirror: string;
  readonly scratch: string;
}

async function makeMirror(folder: string, mirror: string): Promise<void> {
  const packs = await readdir(join(mirror, "objects", "pack")).catch(() => []);
  if (packs.filter((name) => name.endsWith(".pack")).length > PACKS_MOST)
    await rm(mirror, { recursive: true, force: true });
  if (existsSync(join(mirror, "HEAD"))) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const init = ["init", "--quiet", "--bare", "--template=", "--initial-branch=main"];
  await makeBare(mirror, (fresh) => localGit([...init, fresh], { cwd: folder }));
}

async function ofWorkTree(places: Places): Promise<Snapshot> {
  const { root, folder, mirror, scratch } = places;
  const line = async (...args: string[]) => {
    const found = await tryLocalGit(args, { cwd: root });
    return found.code === 0 ? found.out.trim() : null;
  };
  const head = await line("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  const ref = await line("symbolic-ref", "--quiet", "HEAD");
  const branch = ref?.startsWith("refs/heads/") === true ? ref.slice("refs/heads/".length) : null;
  const title = head === null ? "" : ((await line("log", "-1", "--no-show-signature", "--format=%s")) ?? "");
  const url = publicAddress(await line("config", "--get", "remote.origin.url"));
  const objects = await line("rev-parse", "--path-format=absolute", "--git-path", "objects");
  if (objects === null) throw new LocalGitError(`${root} has no objects that git could read`);
  if (head !== null) await copyHistory(places);
  const env = {
    GIT_INDEX_FILE: await ownIndex(root, scratch),
    GIT_OBJECT_DIRECTORY: join(scratch, "objects"),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
  };
  await mkdir(join(scratch, "objects"));
  const call = { cwd: root, env };
  await localGit(["add", "--all", "--", "."], call);
  await leaveOutOurs(call);
  const tree = (await localGit(["write-tree"], call)).trim();
  if (head !== null && tree === (await line("rev-parse", "HEAD^{tree}")))
    return { folder, commit: head, shownCommit: head, branch, changed: 0, title, url };
  const commit = await commitOf(tree, head, title, call);
  await copyObjects(places, commit, head, call);
  const changed = await changedFiles(head, call);
  return { folder, commit, shownCommit: head ?? commit, branch, changed, title, url };

  async function changedFiles(from: string | null, at: typeof call): Promise<number> {
    const listed =
      from === null
        ? await localGit(["ls-files", "--cached", "-z"], at)
        : await localGit(["diff-index", "--cached", "--name-only", "-z", from], at);
    return listed.split("\0").filter((name) => name !== "").length;
  }

  async function copyHistory({ mirror: into }: Places): Promise<void> {
    const refs = ["+HEAD:refs/sluice/head", "+refs/tags/*:refs/tags/*"];
    const fetch = ["fetch", "--quiet", "--no-tags", "--update-shallow", "--no-write-fetch-head"];
    await localGit([`--git-dir=${into}`, ...fetch, root, ...refs], { cwd: folder });
  }

  async function copyObjects(to: Places, made: string, from: string | null, at: typeof call): Promise<void> {
    const input = `${made}\n${from === null ? "" : `^${from}\n`}`;
    const pack = join(to.mirror, "objects", "pack", "pack");
    await mkdir(join(to.mirror, "objects", "pack"), { recursive: true });
    await localGit(["pack-objects", "--quiet", "--revs", pack], { ...at, input });
    await localGit([`--git-dir=${mirror}`, "update-ref", "refs/sluice/work", made], { cwd: folder });
  }
}

/** A copy of the person's index, so that what they staged counts and git knows which files are unchanged. */
async function ownIndex(root: string, scratch: string): Promise<string> {
  const path = await localGit(["rev-parse", "--path-format=absolute", "--git-path", "index"], { cwd: root });
  const own = join(scratch, "index");
  const theirs = path.replace(/\n$/u, "");
  if (existsSync(theirs)) await copyFile(theirs, own);
  return own;
}

async function ofFolder({ root, folder, mirror, scratch }: Places): Promise<Snapshot> {
  const env = { GIT_DIR: mirror, GIT_WORK_TREE: root, GIT_INDEX_FILE: join(scratch, "index") };
  const call = { cwd: root, env };
  const excluded = [RUN_FOLDER, SECRETS_FILE].map((name) => `:(exclude,top)${name}`);
  await localGit(["add", "--all", "--force", "--", ".", ...excluded], call);
  await leaveOutOurs(call);
  const tree = (await localGit(["write-tree"], call)).trim();
  const commit = await commitOf(tree, null, "", call);
  await localGit([`--git-dir=${mirror}`, "update-ref", "refs/sluice/work", commit], { cwd: folder });
  return { folder, commit, shownCommit: commit, branch: null, changed: null, title: "", url: null };
}

async function leaveOutOurs(call: { cwd: string; env: Record<string, string> }): Promise<void> {
  const remove = ["rm", "--cached", "-r", "--quiet", "--force", "--ignore-unmatch"];
  await localGit([...remove, "--", RUN_FOLDER, SECRETS_FILE], call);
}

/** The same files on the same HEAD make the same commit, so that nothing is copied twice. */
async function commitOf(
  tree: string,
  head: string | null,
  title: string,
  call: { cwd: string; env: Record<string, string> },
): Promise<string> {
  const format = "--format=%an%x00%ae%x00%ad";
  const facts =
    head === null
      ? ""
      : await localGit(["log", "-1", "--no-show-signature", "--date=raw", format, head], call);
  const [name = "", mail = "", date = ""] = facts.trim().split("\0");
  const who = {
    NAME: name === "" ? "Working tree" : name,
    EMAIL: mail === "" ? "nobody@localhost" : mail,
    DATE: date === "" ? "@1000000000 +0000" : date,
  };
  const env: Record<string, string> = { ...call.env };
  for (const role of ["AUTHOR", "COMMITTER"])
    for (const [part, value] of Object.entries(who)) env[`GIT_${role}_${part}`] = value;
  const parents = head === null ? [] : ["-p", head];
  const input = title === "" ? "Working tree\n" : `${title}\n\nWith the changes of the working tree.\n`;
  return (await localGit(["commit-tree", "--no-gpg-sign", tree, ...parents], { ...call, env, input })).trim();
}

function publicAddress(address: string | null): string | null {
  const url = address === null ? null : URL.parse(address);
  if (url === null || !["https:", "http:", "ssh:"].includes(url.protocol)) return null;
  url.password = "";
  if (url.protocol !== "ssh:") url.username = "";
  return url.href;
}
