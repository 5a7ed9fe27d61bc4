import { ForgeError, errorOfStatus } from "../errors.ts";
import { cut } from "../forge.ts";
import type { CommitState, CommitStatus, Forge } from "../forge.ts";

const STATES: Readonly<Record<CommitState, "error" | "failure" | "pending" | "success">> = {
  queued: "pending",
  running: "pending",
  waiting: "pending",
  succeeded: "success",
  unstable: "success",
  failed: "failure",
  error: "error",
  aborted: "error",
  not_built: "success",
};
const MAX_DESCRIPTION = 140;
const WRITERS: ReadonlySet<string> = new Set(["admin", "maintain", "write"]);

/** GitHub by octokit, which is loaded at the first call. */
export function createGithubForge(options: { apiUrl: string; token: string }): Forge {
  let client: Promise<Awaited<ReturnType<typeof load>>> | null = null;
  const open = async () => await (client ??= load(options));
  return {
    type: "github",
    hasStatuses: true,
    cloneCredentials: () =>
      options.token === "" ? null : { username: "x-access-token", password: options.token },
    trust: async (event, signal) => {
      if (event.change === null) return "trusted";
      if (event.change.fork) return "untrusted";
      for (const username of new Set([event.change.author, event.actor.login])) {
        if (!(await mayWrite(event.repo, username, signal))) return "untrusted";
      }
      return "trusted";
    },
    setStatus: async (status, signal) => await setStatus(status, signal),
  };

  async function mayWrite(repo: string, username: string, signal: AbortSignal): Promise<boolean> {
    const octokit = await open();
    try {
      const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({
        ...parts(repo),
        username,
        request: { signal, retries: 0 },
      });
      return WRITERS.has(data.permission);
    } catch (error) {
      const failed = toForgeError(error, `the rights of ${username}`);
      if (failed.code === "not_found") return false;
      throw failed;
    }
  }

  async function setStatus(status: CommitStatus, signal: AbortSignal): Promise<void> {
    const octokit = await open();
    try {
      await octokit.rest.repos.createCommitStatus({
        ...parts(status.repo),
        sha: status.sha,
        state: STATES[status.state],
        context: status.context,
        description: cut(status.description, MAX_DESCRIPTION),
        target_url: status.url,
        request: { signal, retries: 0 },
      });
    } catch (error) {
      throw toForgeError(error, "the status");
    }
  }
}

async function load({ apiUrl, token }: { apiUrl: string; token: string }) {
  const { Octokit } = await import("octokit");
  return new Octokit({
    ...(token === "" ? {} : { auth: token }),
    baseUrl: apiUrl,
    userAgent: "sluice",
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    // The library's limiter and repeats are one per process and sleep inside a call; ours are rows with a time.
    throttle: { enabled: false },
    retry: { enabled: false },
  });
}

function parts(repo: string): { owner: string; repo: string } {
  const [owner = "", name = ""] = repo.split("/", 2);
  return { owner, repo: name };
}

function toForgeError(error: unknown, what: string): ForgeError {
  if (error instanceof ForgeError) return error;
  if (typeof error === "object" && error !== null && "status" in error && typeof error.status === "number") {
    const text = error instanceof Error ? error.message : "";
    // The library gives 500 to a connection that broke.
    const hasAnswer = "response" in error && error.response !== undefined;
    return hasAnswer
      ? errorOfStatus(error.status, what, text, retryAfter(error.response))
      : new ForgeError("away", `${what}: ${text}`, { cause: error });
  }
  return new ForgeError("away", `${what}: ${error instanceof Error ? error.message : "no answer"}`, {
    cause: error,
  });
}

function retryAfter(response: unknown): number | null {
  if (typeof response !== "object" || response === null || !("headers" in response)) return null;
  const { headers } = response;
  if (typeof headers !== "object" || headers === null) return null;
  const after = "retry-after" in headers ? Number(headers["retry-after"]) : Number.NaN;
  if (Number.isFinite(after)) return after * 1000;
  const left = "x-ratelimit-remaining" in headers ? headers["x-ratelimit-remaining"] : null;
  return String(left) === "0" ? 60_000 : null;
}
