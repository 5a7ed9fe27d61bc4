import { existsSync } from "node:fs";
import { copyFile, lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import { makeBare } from "../mirror-upkeep.ts";
import type { CheckoutCommand, CheckoutValue, Scm } from "../protocol.ts";
import { MIRROR } from "../docker/create-options.ts";
import { checkRemote, git, isFullRef } from "./git.ts";
import type { GitLogin } from "./git.ts";
import type { Mirror, Mirrors } from "./mirrors.ts";
import { insideFolder } from "./paths.ts";
import type { Slot } from "./slots.ts";

/** All that a checkout needs. `mounted`: the mirror that the session's containers see, if any. */
export interface CheckoutPlan {
  readonly command: CheckoutCommand;
  readonly project: string;
  readonly untrusted: boolean;
  readonly slot: Slot;
  readonly mirrors: Mirrors;
  readonly mounted: Mirror | null;
  readonly login: GitLogin | null;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Brings a commit into the workspace. The runner's git keeps its own directory, which the build never sees, and never reads
 * the `.git` of the workspace, in which a build could have planted hooks: that one is made anew each time.
 */
export async function checkout(plan: CheckoutPlan): Promise<CheckoutValue> {
  const { command, slot, mirrors, say, signal } = plan;
  const { scm } = command;
  checkRemote(scm);
  // A bare commit, which no branch was named for.
  if (scm.ref !== "HEAD" && !isFullRef(scm.ref)) throw refused(`"${scm.ref}" is not a full ref`);
  if (command.submodules) throw refused("submodules are not fetched; use a step of your own for them");
  if (command.lfs) throw refused("Git LFS is not fetched; use `git lfs pull` in a step of your own");
  const mirror = await mirrors.place(plan.project, scm, signal);
  say(`Fetching ${scm.sha} of ${scm.ref}\n`);
  await mirrors.fill(mirror, scm, plan.login, say, signal);
  const target = command.dir === "." ? slot.src : await insideFolder(slot.src, command.dir);
  const gitDir = command.dir === "." ? slot.git : await sideGitDir(slot, command.dir);
  await mkdir(target, { recursive: true });
  await fillTree(plan, mirror, gitDir, target);
  const linked = !plan.untrusted && plan.mounted?.folder === mirror.folder && command.depth === null;
  await makeDotGit(plan, mirror, gitDir, target, linked);
  return describe(plan, mirror);
}

async function fillTree(plan: CheckoutPlan, mirror: Mirror, gitDir: string, target: string): Promise<void> {
  const { signal, say, command } = plan;
  const call = { cwd: target, say, signal };
  if (!existsSync(path.join(gitDir, "HEAD")))
    await makeBare(gitDir, (fresh) => git({ ...call, args: ["init", "--quiet", "--bare", fresh] }));
  await writeFile(path.join(gitDir, "objects/info/alternates"), `${mirror.folder}/objects\n`);
  // A git that was killed leaves its lock; nobody else uses this directory.
  await rm(path.join(gitDir, "index.lock"), { force: true });
  const here = [`--git-dir=${gitDir}`, `--work-tree=${target}`];
  await git({ ...call, args: [...here, "checkout", "--quiet", "--force", "--detach", command.scm.sha] });
  // Also what the build left in folders of its own git repositories; `.git` itself is removed below.
  await git({ ...call, args: [...here, "clean", "-ffdxq"] });
}

// `.git` of the build: linked to the mirror that its containers see, or with objects of its own.
async function makeDotGit(
  plan: CheckoutPlan,
  mirror: Mirror,
  gitDir: string,
  target: string,
  linked: boolean,
): Promise<void> {
  const fresh = path.join(plan.slot.folder, `dot-git-${plan.command.id}`);
  const dotGit = path.join(target, ".git");
  try {
    await rm(fresh, { recursive: true, force: true });
    await fillDotGit(plan, mirror, gitDir, fresh, linked);
    await rm(dotGit, { recursive: true, force: true });
    await rename(fresh, dotGit);
  } finally {
    // The half of one may be as large as the repository.
    await rm(fresh, { recursive: true, force: true });
  }
}

async function fillDotGit(
  plan: CheckoutPlan,
  mirror: Mirror,
  gitDir: string,
  fresh: string,
  linked: boolean,
): Promise<void> {
  const { scm, depth } = plan.command;
  const call = { cwd: plan.slot.folder, say: plan.say, signal: plan.signal };
  await git({ ...call, args: ["init", "--quiet", "--bare", "--template=", fresh] });
  if (linked) {
    await mkdir(path.join(fresh, "objects/info"), { recursive: true });
    await writeFile(path.join(fresh, "objects/info/alternates"), `${MIRROR}/objects\n`);
    await copyTags(mirror, fresh, call);
  } else {
    const shallow = depth === null && !plan.untrusted ? [] : [`--depth=${String(depth ?? 1)}`];
    const remote = { url: `file://${mirror.folder}`, login: null, insecureHttp: false, local: true };
    const args = [`--git-dir=${fresh}`, "fetch", "--quiet", "--no-tags", ...shallow, remote.url];
    const env = {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "uploadpack.allowAnySHA1InWant",
      GIT_CONFIG_VALUE_0: "true",
    };
    await git({ ...call, remote, env, args: [...args, `${scm.sha}:refs/sluice/head`] });
  }
  await writeFile(path.join(fresh, "config"), configOf(scm));
  const branch = branchOf(scm.ref);
  if (branch !== null) await writeRef(fresh, `refs/remotes/origin/${branch}`, scm.sha);
  await writeFile(path.join(fresh, "HEAD"), `${scm.sha}\n`);
  await copyFile(path.join(gitDir, "index"), path.join(fresh, "index"));
}

async function copyTags(
  mirror: Mirror,
  fresh: string,
  call: { cwd: string; say: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const format = "--format=%(objectname) %(refname)";
  const tags = await git({
    ...call,
    args: [`--git-dir=${mirror.folder}`, "for-each-ref", format, "refs/tags"],
  });
  if (tags !== "") await writeFile(path.join(fresh, "packed-refs"), tags);
}

async function writeRef(gitDir: string, ref: string, sha: string): Promise<void> {
  const file = path.join(gitDir, ref);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${sha}\n`);
}

function configOf(scm: Scm): string {
  const lines = ["[core]", "\trepositoryformatversion = 0", "\tfilemode = true", "\tbare = false"];
  if (scm.url !== null) {
    const url = scm.url.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    lines.push('[remote "origin"]', `\turl = "${url}"`, "\tfetch = +refs/heads/*:refs/remotes/origin/*");
  }
  return `${lines.join("\n")}\n`;
}

async function describe(plan: CheckoutPlan, mirror: Mirror): Promise<CheckoutValue> {
  const { scm } = plan.command;
  const args = [
    `--git-dir=${mirror.folder}`,
    "log",
    "-1",
    "--no-show-signature",
    "--format=%an <%ae>%n%s",
    scm.sha,
  ];
  const text = await git({ args, cwd: mirror.folder, say: () => undefined, signal: plan.signal });
  const [author = "", message = ""] = text.split("\n");
  plan.say(`Checked out ${scm.sha} (${message.slice(0, 200)})\n`);
  const branch = branchOf(scm.ref);
  return {
    commit: scm.sha,
    author,
    message,
    env: {
      GIT_COMMIT: scm.commit ?? scm.sha,
      ...(branch === null ? {} : { GIT_BRANCH: `origin/${branch}`, GIT_LOCAL_BRANCH: branch }),
      ...(scm.url === null ? {} : { GIT_URL: scm.url }),
    },
  };
}

function branchOf(ref: string): string | null {
  return ref.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : null;
}

// A checkout into a folder of the workspace has a git directory of its own, also out of the build's sight.
async function sideGitDir(slot: Slot, dir: string): Promise<string> {
  const name = Buffer.from(dir).toString("base64url").slice(0, 200);
  const folder = path.join(slot.folder, "side", name);
  await mkdir(path.dirname(folder), { recursive: true });
  return folder;
}

/** Empties a folder without removing it: it is mounted. */
export async function emptyFolder(folder: string): Promise<void> {
  if (!(await lstat(folder)).isDirectory()) return;
  for (const name of await readdir(folder))
    await rm(path.join(folder, name), { recursive: true, force: true });
}

function refused(message: string): RunnerFailure {
  return new RunnerFailure("refused", "file", message);
}
