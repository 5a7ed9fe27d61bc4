import { z } from "zod";
import { ForgeError, errorOfStatus } from "../errors.ts";
import { cut } from "../forge.ts";
import type { CommitState, CommitStatus, Forge } from "../forge.ts";

// Gitea stores any word without a check and then keeps the commit pending for ever: only these may be sent.
const STATES: Readonly<Record<CommitState, "pending" | "success" | "failure" | "error">> = {
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
const WRITERS: ReadonlySet<string> = new Set(["owner", "admin", "write"]);
const LIMIT_MS = 15_000;
const MAX_ANSWER = 1024 * 1024;
const MAX_DESCRIPTION = 255;

const Permission = z.object({ permission: z.string() });

/** Gitea and Forgejo by their own API. */
export function createGiteaForge(options: { url: string; token: string }): Forge {
  const base = `${options.url.replace(/\/+$/u, "")}/api/v1`;
  return {
    type: "gitea",
    hasStatuses: true,
    cloneCredentials: () =>
      options.token === "" ? null : { username: "x-access-token", password: options.token },
    trust: async (event, signal) => {
      if (event.change === null) return "trusted";
      if (event.change.fork) return "untrusted";
      // Anybody who can read may open an AGit request in the base repository itself: the accounts' rights decide.
      for (const name of new Set([event.change.author, event.actor.login])) {
        if (!(await mayWrite(event.repo, name, signal))) return "untrusted";
      }
      return "trusted";
    },
    setStatus: async (status, signal) => await setStatus(status, signal),
  };

  async function mayWrite(repo: string, name: string, signal: AbortSignal): Promise<boolean> {
    try {
      const path = `/repos/${pathOf(repo)}/collaborators/${encodeURIComponent(name)}/permission`;
      const answer = Permission.safeParse(await call("GET", path, `the rights of ${name}`, signal));
      return answer.success && WRITERS.has(answer.data.permission);
    } catch (error) {
      if (error instanceof ForgeError && error.code === "not_found") return false;
      throw error;
    }
  }

  async function setStatus(status: CommitStatus, signal: AbortSignal): Promise<void> {
    await call("POST", `/repos/${pathOf(status.repo)}/statuses/${status.sha}`, "the status", signal, {
      state: STATES[status.state],
      target_url: status.url,
      description: cut(status.description, MAX_DESCRIPTION),
      context: status.context,
    });
  }

  async function call(
    method: string,
    path: string,
    what: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(base + path, {
        method,
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
        headers: {
          accept: "application/json",
          ...(options.token === "" ? {} : { authorization: `token ${options.token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = (await response.text()).slice(0, MAX_ANSWER);
    } catch (cause) {
      throw new ForgeError("away", `${what}: the forge does not answer`, { cause });
    }
    if (!response.ok) {
      const after = Number(response.headers.get("retry-after") ?? Number.NaN);
      // A commit it does not know is a 500 there.
      const status = response.status === 500 && text.includes("does not exist") ? 404 : response.status;
      throw errorOfStatus(status, what, text, Number.isFinite(after) ? after * 1000 : null);
    }
    return JSON.parse(text);
  }
}

function pathOf(repo: string): string {
  return repo.split("/").map(encodeURIComponent).join("/");
}
