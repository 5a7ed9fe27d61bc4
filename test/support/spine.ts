import { startTestServer } from "./server.ts";
import type { TestServer, TestServerOptions } from "./server.ts";
import { cloneForTests, startGitServer } from "./services/git.ts";
import type { GitServer, WorkingCopy } from "./services/git.ts";
import { createStops } from "./stops.ts";

/** Key of the project of a spine, and name of its repository. */
export const PROJECT = "shop";

/** A server with one project on a real git server that announces every push to it. */
export interface Spine {
  readonly server: TestServer;
  readonly git: GitServer;
  readonly copy: WorkingCopy;
  /** Commits the files and pushes them to a branch (main if none is named); gives the commit. */
  push(message: string, files: Readonly<Record<string, string | null>>, branch?: string): Promise<string>;
  stop(): Promise<void>;
}

/** How a spine's `sluice.yml` is written, and how its server is started. */
export interface SpineOptions extends Omit<TestServerOptions, "file"> {
  /** Further lines of the project, as YAML flow: `routes: [...]`. */
  readonly project?: string;
  /** Further top-level sections. */
  readonly file?: string;
}

/** Starts a git server and a Sluice that is told of pushes by the hook people install. */
export async function startSpine(options: SpineOptions = {}): Promise<Spine> {
  const stops = createStops();
  try {
    const git = await startGitServer();
    stops.add(() => git.stop());
    const more = options.project === undefined ? "" : `, ${options.project}`;
    const file = `forges:
  here: { type: git, url: '${git.url}', insecureHttp: true }
projects:
  ${PROJECT}: { forge: here, repo: ${PROJECT}${more} }
${options.file ?? ""}`;
    const server = await startTestServer({ ...options, file });
    stops.add(() => server.stop());
    const url = await git.createRepository(PROJECT);
    await git.setHook(PROJECT, await server.api.renewHook(PROJECT));
    const copy = await cloneForTests(url);
    stops.add(() => copy.remove());
    return {
      server,
      git,
      copy,
      push: async (message, files, branch = "main") => {
        const commit = await copy.commit(message, files);
        await copy.push(`HEAD:${branch}`);
        return commit;
      },
      stop: () => stops.all(),
    };
  } catch (error) {
    await stops.all();
    throw error;
  }
}
