import { z } from "zod";
import { ForgeError, errorOfStatus } from "../errors.ts";
import { cut } from "../forge.ts";
import type { CommitState, CommitStatus, Forge } from "../forge.ts";

const STATES = {
  queued: "pending",
  running: "running",
  waiting: "running",
  succeeded: "success",
  unstable: "success",
  failed: "failed",
  error: "failed",
  aborted: "canceled",
  // The library's types know no `skipped`; success is what branch protection needs of it.
  not_built: "success",
} as const satisfies Record<CommitState, string>;
const MAX_TEXT = 255;
/** From `Developer` on a member may push. */
const DEVELOPER = 30;

const Member = z.object({ access_level: z.int() });

/** GitLab by @gitbeaker/rest, which is loaded at the first call. */
export function createGitlabForge(options: { url: string; token: string }): Forge {
  let client: Promise<Awaited<ReturnType<typeof load>>> | null = null;
  const open = async () => await (client ??= load(options));
  return {
    type: "gitlab",
    hasStatuses: true,
    cloneCredentials: () => (options.token === "" ? null : { username: "oauth2", password: options.token }),
    trust: async (event) => {
      if (event.change === null) return "trusted";
      if (event.change.fork) return "untrusted";
      for (const id of new Set([event.change.authorId, event.actor.id])) {
        if (id === null || !(await mayWrite(event.repo, Number(id)))) return "untrusted";
      }
      return "trusted";
    },
    setStatus: async (status) => await setStatus(status),
  };

  async function mayWrite(repo: string, userId: number): Promise<boolean> {
    const gitlab = await open();
    try {
      const member = Member.parse(await gitlab.ProjectMembers.show(repo, userId, { includeInherited: true }));
      return member.access_level >= DEVELOPER;
    } catch (error) {
      const failed = toForgeError(error, "the rights of a member");
      if (failed.code === "not_found") return false;
      throw failed;
    }
  }

  async function setStatus(status: CommitStatus): Promise<void> {
    const gitlab = await open();
    try {
      await gitlab.Commits.editStatus(status.repo, status.sha, STATES[status.state], {
        ref: status.ref.replace(/^refs\/(?:heads|tags)\//u, ""),
        name: status.context,
        targetUrl: status.url.slice(0, MAX_TEXT),
        description: cut(status.description, MAX_TEXT),
      });
    } catch (error) {
      // The same state twice: what we want stands there already.
      if (descriptionOf(error).includes("Cannot transition status")) return;
      throw toForgeError(error, "the status");
    }
  }
}

async function load({ url, token }: { url: string; token: string }) {
  const { Gitlab } = await import("@gitbeaker/rest");
  return new Gitlab({ host: url, token, queryTimeout: 15_000 });
}

const Failed = z.object({
  cause: z.object({
    description: z.unknown().optional(),
    response: z.object({ status: z.int(), headers: z.instanceof(Headers).optional() }).optional(),
  }),
});

function descriptionOf(error: unknown): string {
  const { data } = Failed.safeParse(error);
  return typeof data?.cause.description === "string"
    ? data.cause.description
    : JSON.stringify(data?.cause.description ?? "");
}

function toForgeError(error: unknown, what: string): ForgeError {
  const { data } = Failed.safeParse(error);
  const response = data?.cause.response;
  if (response === undefined) {
    return new ForgeError("away", `${what}: ${error instanceof Error ? error.message : "no answer"}`, {
      cause: error,
    });
  }
  // Two statuses of one commit at once: the forge holds a lock for some seconds.
  if (response.status === 409)
    return new ForgeError("away", `${what}: ${descriptionOf(error)}`, { cause: error });
  const after = Number(response.headers?.get("retry-after") ?? Number.NaN);
  return errorOfStatus(
    response.status,
    what,
    descriptionOf(error),
    Number.isFinite(after) ? after * 1000 : null,
  );
}
