import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ForgeError } from "../forges/errors.ts";
import type { ForgeProject, Forges } from "../forges/forges.ts";
import { type CommitInfo, createMirror } from "../forges/git/mirror.ts";

/** The repositories of projects, as builds need them. */
export interface Sources {
  /** Folder of the mirror, for a runner on this machine. */
  pathOf(project: ForgeProject): string;
  /** Brings a commit into the mirror. @throws {ForgeError} */
  ensure(project: ForgeProject, sha: string, ref: string): Promise<void>;
  /** A file at a commit of the mirror; null when there is none. @throws {ForgeError} also for links and folders. */
  readFile(project: ForgeProject, commit: string, path: string): Promise<string | null>;
  /** Branches and tags by whole name, with the commits they name now. @throws {ForgeError} */
  refs(project: ForgeProject): Promise<ReadonlyMap<string, string>>;
  /** Texts of the plain files below some folders at a commit of the mirror. @throws {ForgeError} */
  readFolders(
    project: ForgeProject,
    commit: string,
    folders: readonly string[],
  ): Promise<Record<string, string>>;
  facts(project: ForgeProject, commit: string): Promise<CommitInfo>;
  /** Commits in `to` that are not in `from`, newest first; none where the history is not known. */
  between(project: ForgeProject, from: string, to: string): Promise<readonly CommitInfo[]>;
  /** The commit of a branch, tag or whole ref of any repository; null when there is none. @throws {ForgeError} */
  resolveElsewhere(
    url: string,
    ref: string,
    login: { readonly username: string; readonly password: string } | null,
  ): Promise<string | null>;
}

/** Most that a shared library may hold. */
const FOLDER_FILES = 2000;
const FOLDER_BYTES = 8 * 1024 * 1024;

export function createSources(forges: Forges): Sources {
  return {
    pathOf: (project) => forges.mirrorOf(project).path,
    ensure: (project, sha, ref) => forges.mirrorOf(project).fetchCommit(sha, ref),
    async readFile(project, commit, path) {
      const read = await forges.mirrorOf(project).readFile(commit, path);
      if (read.kind === "refused") throw new ForgeError("refused", read.because);
      return read.kind === "file" ? read.text : null;
    },
    async refs(project) {
      const refs = await forges.mirrorOf(project).remoteRefs();
      return new Map([...refs].map(([name, { commit }]) => [name, commit]));
    },
    async readFolders(project, commit, folders) {
      const mirror = forges.mirrorOf(project);
      const listed = await mirror.listFiles(commit, folders);
      const size = listed.reduce((sum, file) => sum + file.sizeBytes, 0);
      if (listed.length > FOLDER_FILES || size > FOLDER_BYTES)
        throw new ForgeError(
          "refused",
          `more than ${FOLDER_FILES} files or ${FOLDER_BYTES / 1024 / 1024} MiB stand in ${folders.join(", ")}`,
        );
      const texts: Record<string, string> = {};
      for (const { path } of listed) {
        const read = await mirror.readFile(commit, path);
        if (read.kind === "file") texts[path] = read.text;
      }
      return texts;
    },
    facts: (project, commit) => forges.mirrorOf(project).commitInfo(commit),
    between: (project, from, to) =>
      forges
        .mirrorOf(project)
        .commitsBetween(from, to)
        .catch(() => []),
    async resolveElsewhere(url, ref, login) {
      const folder = await mkdtemp(join(tmpdir(), "sluice-refs-"));
      try {
        const remote = { url, credentials: login, insecureHttp: false };
        const refs = await createMirror({ folder, remote: async () => remote }).remoteRefs();
        const names = ref.startsWith("refs/") ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
        for (const name of names) {
          const found = refs.get(name);
          if (found !== undefined) return found.commit;
        }
        return null;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
