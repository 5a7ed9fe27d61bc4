import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";

/** A repository as the server reaches it. The credential never stands in an argument, where every process could read it. */
export interface MirrorRepo {
  /** Key of the project; names the mirror's folder. */
  readonly project: string;
  readonly url: string;
  readonly credential: { readonly username: string; readonly password: string } | null;
}

/** A commit's facts as git prints them. */
export interface CommitFacts {
  readonly sha: string;
  readonly author: string;
  readonly authorMail: string;
  readonly atMs: number;
  readonly message: string;
}

/** Why a repository could not be read, in words for a person; `missing`: it was reached and does not have it. */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
  readonly kind: "away" | "denied" | "missing";
  constructor(kind: "away" | "denied" | "missing", message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Bare copies of repositories, one for each project, filled by what builds ask for. */
export interface Mirrors {
  pathOf(project: string): string;
  /** Brings a commit (or the commit that a tag object names) into the mirror and gives its id. @throws {MirrorError} */
  ensure(repo: MirrorRepo, sha: string, ref: string): Promise<string>;
  /** A file's text at a commit that is in the mirror; null when there is none. */
  readFile(repo: MirrorRepo, commit: string, path: string): Promise<string | null>;
  /** All branches and tags as they are now; a tag's commit where it is annotated. @throws {MirrorError} */
  refs(repo: MirrorRepo): Promise<Map<string, string>>;
  /** The commit of a branch, tag or whole ref; null when there is none. @throws {MirrorError} */
  resolve(repo: MirrorRepo, ref: string): Promise<string | null>;
  facts(repo: MirrorRepo, commit: string): Promise<CommitFacts>;
  /** Commits in `to` that are not in `from`, newest first, at most `limit`. */
  between(repo: MirrorRepo, from: string, to: string, limit: number): Promise<CommitFacts[]>;
}

const FETCH_LIMIT_MS = 15 * 60_000;
const READ_LIMIT_MS = 30_000;
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** No prompt, no configuration of this machine's user, no maintenance in the middle of a build. */
const QUIET = [
  "-c",
  "maintenance.auto=false",
  "-c",
  "gc.auto=0",
  "-c",
  "protocol.version=2",
  "-c",
  "credential.helper=",
];

export function createMirrors(dataFolder: string): Mirrors {
  const locks = new Map<string, Promise<unknown>>();
  const pathOf = (project: string) => join(dataFolder, "mirrors", `${project}.git`);

  async function locked<T>(project: string, work: () => Promise<T>): Promise<T> {
    const before = locks.get(project) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.catch(() => {});
    locks.set(project, settled);
    try {
      return await mine;
    } finally {
      if (locks.get(project) === settled) locks.delete(project);
    }
  }

  async function opened(repo: MirrorRepo): Promise<string> {
    const path = pathOf(repo.project);
    const there = await access(join(path, "HEAD")).then(
      () => true,
      () => false,
    );
    if (!there) {
      await mkdir(path, { recursive: true });
      await git(["init", "--quiet", "--bare", path], null, READ_LIMIT_MS);
    }
    return path;
  }

  async function commitIn(path: string, sha: string): Promise<string | null> {
    return await git(
      ["-C", path, "rev-parse", "--quiet", "--verify", `${sha}^{commit}`],
      null,
      READ_LIMIT_MS,
    ).then(
      (out) => out.trim(),
      () => null,
    );
  }

  async function fetch(path: string, repo: MirrorRepo, refspec: string): Promise<void> {
    const args = [
      "-C",
      path,
      ...QUIET,
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--force",
      repo.url,
      refspec,
    ];
    await git(args, repo, FETCH_LIMIT_MS);
  }

  return {
    pathOf,
    async ensure(repo, sha, ref) {
      return await locked(repo.project, async () => {
        const path = await opened(repo);
        const known = await commitIn(path, sha);
        if (known !== null) return known;
        // By id two requests are enough; a server that does not allow it is asked for the whole ref.
        await fetch(path, repo, `+${sha}:${ref}`).catch(async (error: unknown) => {
          if (error instanceof MirrorError && error.kind === "denied") throw error;
          await fetch(path, repo, `+${ref}:${ref}`);
        });
        const found = await commitIn(path, sha);
        if (found === null) throw new MirrorError("missing", `${repo.url} does not have the commit ${sha}`);
        return found;
      });
    },
    async readFile(repo, commit, file) {
      const path = await opened(repo);
      return await git(["-C", path, "cat-file", "blob", `${commit}:${file}`], null, READ_LIMIT_MS).catch(
        () => null,
      );
    },
    async refs(repo) {
      const out = await git(
        [...QUIET, "ls-remote", "--quiet", "--heads", "--tags", repo.url],
        repo,
        READ_LIMIT_MS * 2,
      );
      const refs = new Map<string, string>();
      for (const line of out.split("\n")) {
        const [sha, name] = line.split("\t");
        if (sha === undefined || name === undefined) continue;
        // An annotated tag is listed twice; the line ending in ^{} names its commit.
        refs.set(name.replace(/\^\{\}$/, ""), sha);
      }
      return refs;
    },
    async resolve(repo, ref) {
      const names =
        ref.startsWith("refs/") || ref === "HEAD" ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
      const out = await git(
        [...QUIET, "ls-remote", "--quiet", repo.url, ...names, ...names.map((name) => `${name}^{}`)],
        repo,
        READ_LIMIT_MS * 2,
      );
      const found = new Map(
        out.split("\n").map((line) => [line.split("\t")[1] ?? "", line.split("\t")[0] ?? ""]),
      );
      for (const name of names) {
        const sha = found.get(`${name}^{}`) ?? found.get(name);
        if (sha !== undefined) return sha;
      }
      return null;
    },
    async facts(repo, commit) {
      const [facts] = await log(pathOf(repo.project), ["-1", commit]);
      if (facts === undefined) throw new MirrorError("missing", `the commit ${commit} is not in the mirror`);
      return facts;
    },
    async between(repo, from, to, limit) {
      return await log(pathOf(repo.project), [`--max-count=${limit}`, to, `^${from}`]).catch(() => []);
    },
  };
}

const FORMAT = "%H%x1f%an%x1f%ae%x1f%at%x1f%B%x1e";

async function log(path: string, args: readonly string[]): Promise<CommitFacts[]> {
  const out = await git(["-C", path, "log", `--format=${FORMAT}`, ...args, "--"], null, READ_LIMIT_MS);
  return out
    .split("\u001e")
    .map((entry) => entry.trimStart().split("\u001f"))
    .filter((parts) => parts.length === 5)
    .map(([sha = "", author = "", authorMail = "", at = "0", message = ""]) => ({
      sha,
      author,
      authorMail,
      atMs: Number(at) * 1000,
      message: message.trim(),
    }));
}

/** Runs git with nothing of this machine's user in it. @throws {MirrorError} */
async function git(args: readonly string[], repo: MirrorRepo | null, timeoutMs: number): Promise<string> {
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C",
    ...environmentOf(repo),
  };
  return await new Promise((resolve, reject) => {
    execFile("git", args, { env, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(errorOf(stderr === "" ? error.message : stderr, error));
    });
  });
}

function environmentOf(repo: MirrorRepo | null): Record<string, string> {
  const env: Record<string, string> = {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ASKPASS: "true",
  };
  if (repo === null || repo.credential === null) return env;
  const { username, password } = repo.credential;
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return {
    ...env,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${repo.url}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

function errorOf(text: string, cause: Error): MirrorError {
  const said = text.trim().slice(0, 512);
  const denied = /authentication failed|could not read (username|password)|403|401|permission denied/iu.test(
    said,
  );
  const missing =
    /not found|couldn't find remote ref|not our ref|does not appear to be a git repository/iu.test(said);
  return new MirrorError(denied ? "denied" : missing ? "missing" : "away", said, { cause });
}
