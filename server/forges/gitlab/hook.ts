import { readPayload } from "../body.ts";
import type { ForgeHook, HookReading, HookRequest } from "../hook.ts";
import { readRef, shaOrNull, skipMark, titleOf } from "../refs.ts";
import { isStandardSigned, sameText } from "../signature.ts";
import { MergeRequestEvent, PushEvent } from "./schema.ts";

const ACTIONS = { open: "opened", reopen: "reopened", update: "updated" } as const;

/** Deliveries of gitlab.com and self-managed GitLab. */
export const gitlabHook: ForgeHook = {
  type: "gitlab",
  eventName: ({ headers }) => headers["x-gitlab-event"] ?? null,
  deliveryId: ({ headers }) => headers["idempotency-key"] ?? headers["x-gitlab-event-uuid"] ?? null,
  isSigned,
  read,
};

// From 19.0 a signing token; before that the secret itself comes in the header.
function isSigned({ headers, body }: HookRequest, secrets: readonly string[], nowMs: number): boolean {
  if (headers["webhook-signature"] !== undefined) return isStandardSigned(headers, body, secrets, nowMs);
  const token = headers["x-gitlab-token"] ?? "";
  return token !== "" && secrets.some((secret) => secret !== "" && sameText(secret, token));
}

function read(request: HookRequest): HookReading {
  const name = request.headers["x-gitlab-event"];
  switch (name) {
    case "Push Hook":
    case "Tag Push Hook":
      return readPush(request);
    case "Merge Request Hook":
      return readChange(request);
    case undefined:
      return { kind: "unreadable", because: "the header X-Gitlab-Event is missing" };
    default:
      return { kind: "ignored", because: `the event ${titleOf(name)} starts nothing` };
  }
}

function readPush(request: HookRequest): HookReading {
  const payload = readPayload(PushEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const push = payload.value;
  const ref = readRef(push.ref);
  if (ref === null) return { kind: "ignored", because: `${titleOf(push.ref)} is neither a branch nor a tag` };
  const after = shaOrNull(push.after);
  const head = push.commits?.find((commit) => commit.id === push.checkout_sha);
  const message = head?.message ?? push.message ?? "";
  const asked = push.push_options?.ci?.skip !== undefined && push.push_options.ci.skip !== false;
  return {
    kind: "event",
    event: {
      kind: ref.kind,
      forge: "gitlab",
      repoId: String(push.project.id),
      repo: push.project.path_with_namespace,
      ref: push.ref,
      name: ref.name,
      before: shaOrNull(push.before),
      after,
      commit: after === null ? null : shaOrNull(push.checkout_sha),
      deleted: after === null,
      skipCi: ref.kind === "push" ? (asked ? "git push -o ci.skip" : skipMark(message)) : null,
      title: titleOf(message),
      author: { name: head?.author?.name ?? push.user_name ?? "", mail: mailOf(head?.author?.email) },
      actor: {
        login: push.user_username ?? "",
        id: typeof push.user_id === "number" ? String(push.user_id) : null,
      },
      change: null,
    },
  };
}

// Commit authors come as "[REDACTED]" where the instance hides them.
function mailOf(text: string | null | undefined): string | null {
  return text?.includes("@") === true ? text : null;
}

function readChange(request: HookRequest): HookReading {
  const payload = readPayload(MergeRequestEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const { object_attributes: merge, project, user } = payload.value;
  const { action } = merge;
  const known = action === "open" || action === "reopen" || action === "update" ? ACTIONS[action] : null;
  const edited = known === "updated" && !merge.oldrev;
  if (known === null || edited) {
    return {
      kind: "ignored",
      because: `merge request ${merge.iid}: ${titleOf(action ?? "")} changes no commit`,
    };
  }
  const sha = shaOrNull(merge.last_commit.id);
  if (sha === null) return { kind: "unreadable", because: "the merge request names no commit" };
  const sourceId = merge.source_project_id ?? null;
  return {
    kind: "event",
    event: {
      kind: "change",
      forge: "gitlab",
      repoId: String(project.id),
      repo: project.path_with_namespace,
      ref: `refs/merge-requests/${merge.iid}/head`,
      name: String(merge.iid),
      before: shaOrNull(merge.oldrev),
      after: sha,
      commit: sha,
      deleted: false,
      skipCi: null,
      title: titleOf(merge.title),
      author: {
        name: merge.last_commit.author?.name ?? user.username,
        mail: mailOf(merge.last_commit.author?.email),
      },
      actor: { login: user.username, id: typeof user.id === "number" ? String(user.id) : null },
      change: {
        number: merge.iid,
        action: known,
        title: titleOf(merge.title),
        headSha: sha,
        headRef: merge.source_branch,
        headRepoId: sourceId === null ? null : String(sourceId),
        baseRef: merge.target_branch,
        fork: sourceId !== merge.target_project_id,
        author: user.username,
        authorId: typeof merge.author_id === "number" ? String(merge.author_id) : null,
        draft: merge.draft ?? false,
      },
    },
  };
}
