import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git as runGit, startGitServer } from "../services/git.ts";
import type { GitServer } from "../services/git.ts";
import { temporaryFolder } from "../services/folder.ts";

/** A repository on a real git server with a working copy to push from. */
export interface TestRepository {
  readonly server: GitServer;
  readonly url: string;
  readonly work: string;
  git(...args: string[]): Promise<string>;
  /** Writes a file, commits and gives the commit's id. */
  commit(path: string, text: string, message: string): Promise<string>;
  stop(): Promise<void>;
}

const USER = { username: "builder", password: "made-up-password" };

/** Starts the server, which asks for a password, and makes the repository `shop`. */
export async function startRepository(): Promise<TestRepository & { credentials: typeof USER }> {
  const server = await startGitServer({ credentials: USER });
  const url = await server.createRepository("shop");
  const folder = await temporaryFolder("work");
  const header = `Authorization: Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString("base64")}`;
  const git = async (...args: string[]): Promise<string> =>
    await runGit(folder.path, ["-c", `http.extraHeader=${header}`, ...args]);
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", url);
  return {
    server,
    url,
    work: folder.path,
    credentials: USER,
    git,
    commit: async (path, text, message) => {
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), text);
      await git("add", "--all");
      await git("commit", "--quiet", "--message", message);
      return await git("rev-parse", "HEAD");
    },
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
