import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import { KeyedLock } from "../keyed-lock.ts";
import {
  isUnused,
  makeBare,
  markUsed,
  pinOf,
  removeHalfPacks,
  removeMirror,
  renewPin,
  tidyMirror,
  UNFINISHED,
} from "../mirror-upkeep.ts";
import type { Scm } from "../protocol.ts";
import { git } from "./git.ts";
import type { GitLogin } from "./git.ts";

/** Packing a large repository takes its time; a checkout that wants the mirror waits for it. */
const TIDY_LIMIT_MS = 600_000;

/** A bare repository that holds the commit asked for, on this machine. */
export interface Mirror {
  readonly folder: string;
}

/** What the workspaces of a runner still use. */
export interface InUse {
  /** Folders of mirrors. */
  readonly mirrors: ReadonlySet<string>;
  readonly commits: ReadonlySet<string>;
}

/**
 * Bare mirrors of the repositories that builds use, one per project and address: fetched by commit, never pruned while
 * something may use them. A server on this machine lends its own instead, which is only read.
 */
export class Mirrors {
  readonly #folder: string;
  readonly #locks = new KeyedLock();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the mirror of a project's repository is or will be; made empty if it is not there, so that it can be mounted. */
  async place(project: string, scm: Pick<Scm, "url" | "mirrorPath">, signal: AbortSignal): Promise<Mirror> {
    if (scm.mirrorPath !== null && existsSync(path.join(scm.mirrorPath, "objects"))) {
      return { folder: scm.mirrorPath };
    }
    const key = createHash("sha256")
      .update(`${project}\n${scm.url ?? ""}`)
      .digest("hex")
      .slice(0, 32);
    const folder = path.join(this.#folder, `${key}.git`);
    await this.#locks.run(folder, async () => {
      if (existsSync(path.join(folder, "HEAD"))) return await markUsed(folder);
      const init = ["init", "--quiet", "--bare", "--initial-branch=main"];
      await makeBare(folder, (fresh) =>
        git({ cwd: fresh, say: () => undefined, signal, args: [...init, fresh] }),
      );
    });
    return { folder };
  }

  /** Makes sure that the mirror has the commit: nothing is fetched if it is there already. */
  async fill(
    mirror: Mirror,
    scm: Scm,
    login: GitLogin | null,
    say: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#locks.run(mirror.folder, async () => {
      const isLent = mirror.folder === scm.mirrorPath;
      if ((await has(mirror, scm.sha, signal)) && (isLent || (await isHeld(mirror, scm.sha, signal)))) return;
      if (scm.url === null || isLent) {
        const message = `commit ${scm.sha} is not in the mirror on this machine, and there is no address to fetch it from`;
        throw new RunnerFailure("checkout_failed", "sluice", message);
      }
      const remote = { url: scm.url, login, insecureHttp: scm.insecureHttp, local: false };
      const call = { cwd: mirror.folder, remote, say, signal };
      const args = [
        `--git-dir=${mirror.folder}`,
        "fetch",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--end-of-options",
        scm.url,
      ];
      const fetch = async (refspec: string): Promise<void> => {
        try {
          await git({ ...call, args: [...args, refspec] });
        } catch (error) {
          await removeHalfPacks(mirror.folder);
          throw error;
        }
      };
      try {
        // By commit: git asks for it without listing refs first.
        await fetch(`+${scm.sha}:${pinOf(scm.sha)}`);
      } catch (error) {
        if (signal.aborted || (error instanceof RunnerFailure && error.code === "no_space")) throw error;
        // Some servers give only what a ref names.
        await fetch(`+${scm.ref}:refs/sluice/heads/${scm.sha}`);
        if (!(await has(mirror, scm.sha, signal))) {
          const message = `commit ${scm.sha} is not in ${scm.ref} of ${scm.url} (any more)`;
          throw new RunnerFailure("checkout_failed", "sluice", message, error);
        }
      }
    });
  }

  /** Packs mirrors that have grown; those that nothing used for a month go. Failures are told, not thrown. */
  async tidy(
    use: InUse,
    nowMs: number,
    signal: AbortSignal,
    onError: (mirror: string, error: unknown) => void,
  ): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (signal.aborted) return;
      const folder = path.join(this.#folder, name);
      try {
        if (name.endsWith(".gone")) await rm(folder, { recursive: true, force: true });
        else if (name.endsWith(UNFINISHED)) await this.#removeUnfinished(folder);
        else await this.#locks.run(folder, () => tidyOne(folder, use, nowMs, signal));
      } catch (error) {
        if (!signal.aborted) onError(name, error);
      }
    }
  }

  /** The lock is that of the mirror that may just be made. */
  async #removeUnfinished(folder: string): Promise<void> {
    await this.#locks.run(folder.slice(0, -UNFINISHED.length), () =>
      rm(folder, { recursive: true, force: true }),
    );
  }
}

async function tidyOne(folder: string, use: InUse, nowMs: number, signal: AbortSignal): Promise<void> {
  if (!use.mirrors.has(folder) && (await isUnused(folder, nowMs))) return await removeMirror(folder);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIDY_LIMIT_MS)]);
  const call = { cwd: folder, say: () => undefined, signal: limit, endsGroup: true };
  await tidyMirror({
    gitDir: folder,
    git: (args) => git({ ...call, args: [`--git-dir=${folder}`, ...args] }),
    keeps: (sha) => use.commits.has(sha),
    nowMs,
  });
}

/** Makes sure that a commit that is here stays; false when a part of it may be gone already. */
async function isHeld(mirror: Mirror, sha: string, signal: AbortSignal): Promise<boolean> {
  if (await renewPin(mirror.folder, sha)) return true;
  const call = { cwd: mirror.folder, say: () => undefined, signal };
  const here = `--git-dir=${mirror.folder}`;
  try {
    await git({ ...call, args: [here, "rev-list", "--objects", "--quiet", sha, "--not", "--all"] });
    await git({ ...call, args: [here, "update-ref", pinOf(sha), sha] });
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

async function has(mirror: Mirror, sha: string, signal: AbortSignal): Promise<boolean> {
  try {
    const args = [`--git-dir=${mirror.folder}`, "cat-file", "-e", `${sha}^{commit}`];
    await git({ args, cwd: mirror.folder, say: () => undefined, signal });
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}
