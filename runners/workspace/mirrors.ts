import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import { KeyedLock } from "../keyed-lock.ts";
import type { Scm } from "../protocol.ts";
import { git } from "./git.ts";
import type { GitLogin } from "./git.ts";

/** A bare repository that holds the commit asked for, on this machine. */
export interface Mirror {
  readonly folder: string;
}

/**
 * Bare mirrors of the repositories that builds use, one per project and address: fetched by commit, never pruned while
 * something may use them. A server on this machine lends its own instead.
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
      if (existsSync(path.join(folder, "HEAD"))) return;
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const call = { cwd: folder, say: () => undefined, signal };
      await git({ ...call, args: ["init", "--quiet", "--bare", "--initial-branch=main", folder] });
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
      if (await has(mirror, scm.sha, signal)) return;
      if (scm.url === null || mirror.folder === scm.mirrorPath) {
        const message = `commit ${scm.sha} is not in the mirror on this machine, and there is no address to fetch it from`;
        throw new RunnerFailure("checkout_failed", "sluice", message);
      }
      const remote = { url: scm.url, login, insecureHttp: scm.insecureHttp, local: false };
      const call = { cwd: mirror.folder, remote, say, signal };
      const fetch = [
        `--git-dir=${mirror.folder}`,
        "fetch",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--end-of-options",
        scm.url,
      ];
      try {
        // By commit: git asks for it without listing refs first.
        await git({ ...call, args: [...fetch, `+${scm.sha}:refs/sluice/${scm.sha}`] });
      } catch (error) {
        if (signal.aborted) throw error;
        // Some servers give only what a ref names.
        await git({ ...call, args: [...fetch, `+${scm.ref}:refs/sluice/heads/${scm.sha}`] });
        if (!(await has(mirror, scm.sha, signal))) {
          const message = `commit ${scm.sha} is not in ${scm.ref} of ${scm.url} (any more)`;
          throw new RunnerFailure("checkout_failed", "sluice", message, error);
        }
      }
    });
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
