import { payloadText, readPayload } from "../body.ts";
import type { ForgeHook, HookReading, HookRequest } from "../hook.ts";
import { isRefName, readRef, shaOrNull, skipMark, titleOf } from "../refs.ts";
import { isHexHmac } from "../signature.ts";
import { DeleteEvent, PullRequestEvent, PushEvent } from "./schema.ts";

const ACTIONS = { opened: "opened", reopened: "reopened", synchronized: "updated" } as const;

/** Deliveries of Gitea and Forgejo. */
export const giteaHook: ForgeHook = {
  type: "gitea",
  eventName,
  deliveryId: ({ headers }) => headers["x-forgejo-delivery"] ?? headers["x-gitea-delivery"] ?? null,
  isSigned,
  read,
};

function eventName({ headers }: HookRequest): string | null {
  return headers["x-forgejo-event"] ?? headers["x-gitea-event"] ?? null;
}

// A form is signed over its decoded payload, not over its bytes (seen with 1.26).
function isSigned({ headers, body }: HookRequest, secrets: readonly string[]): boolean {
  const signature = headers["x-forgejo-signature"] ?? headers["x-gitea-signature"] ?? "";
  const signed = payloadText(headers["content-type"] ?? "", body);
  return signed !== null && isHexHmac(signature, isForm(headers) ? signed : body, secrets);
}

function isForm(headers: Readonly<Record<string, string>>): boolean {
  return (headers["content-type"] ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
}

function read(request: HookRequest): HookReading {
  const name = eventName(request);
  switch (name) {
    case "push":
      return readPush(request);
    case "pull_request":
      return readChange(request);
    case "delete":
      return readDelete(request);
    case "create":
      // A new branch or tag sends a push as well, and only that names the commit.
      return { kind: "ignored", because: "the push of the same branch or tag is what counts" };
    case null:
      return { kind: "unreadable", because: "the header X-Gitea-Event is missing" };
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
  const before = shaOrNull(push.before);
  const after = shaOrNull(push.after);
  if (before === after) return { kind: "ignored", because: "a test of the hook: nothing was pushed" };
  const message = push.head_commit?.message ?? "";
  const actor = push.pusher ?? push.sender ?? null;
  return {
    kind: "event",
    event: {
      kind: ref.kind,
      forge: "gitea",
      repoId: String(push.repository.id),
      repo: push.repository.full_name,
      ref: push.ref,
      name: ref.name,
      before,
      after,
      commit: after === null ? null : shaOrNull(push.head_commit?.id),
      deleted: after === null,
      skipCi: ref.kind === "push" ? skipMark(message) : null,
      title: titleOf(message),
      author: { name: push.head_commit?.author.name ?? "", mail: push.head_commit?.author.email ?? null },
      actor: { login: actor?.login ?? "", id: actor === null ? null : String(actor.id) },
      change: null,
    },
  };
}

function readDelete(request: HookRequest): HookReading {
  const payload = readPayload(DeleteEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const { ref, ref_type: type, repository, sender } = payload.value;
  if (type !== "branch")
    return { kind: "ignored", because: `the push of the deleted ${titleOf(type)} is what counts` };
  if (!isRefName(ref))
    return { kind: "unreadable", because: "the branch has a name that git does not allow" };
  return {
    kind: "event",
    event: {
      kind: "push",
      forge: "gitea",
      repoId: String(repository.id),
      repo: repository.full_name,
      ref: `refs/heads/${ref}`,
      name: ref,
      before: null,
      after: null,
      commit: null,
      deleted: true,
      skipCi: null,
      title: "",
      author: { name: "", mail: null },
      actor: { login: sender?.login ?? "", id: sender ? String(sender.id) : null },
      change: null,
    },
  };
}

function readChange(request: HookRequest): HookReading {
  const payload = readPayload(PullRequestEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const { action, number, pull_request: pull, repository, sender } = payload.value;
  const known =
    action === "opened" || action === "reopened" || action === "synchronized" ? ACTIONS[action] : null;
  if (known === null)
    return { kind: "ignored", because: `pull request ${number}: ${titleOf(action)} changes no commit` };
  const sha = shaOrNull(pull.head.sha);
  if (sha === null) return { kind: "unreadable", because: "the pull request names no commit" };
  return {
    kind: "event",
    event: {
      kind: "change",
      forge: "gitea",
      repoId: String(repository.id),
      repo: repository.full_name,
      ref: `refs/pull/${number}/head`,
      name: String(number),
      before: null,
      after: sha,
      commit: sha,
      deleted: false,
      skipCi: null,
      title: titleOf(pull.title),
      author: { name: pull.user.login, mail: null },
      actor: { login: sender?.login ?? pull.user.login, id: sender ? String(sender.id) : null },
      change: {
        number,
        action: known,
        title: titleOf(pull.title),
        headSha: sha,
        headRef: pull.head.ref,
        headRepoId: pull.head.repo_id > 0 ? String(pull.head.repo_id) : null,
        baseRef: pull.base.ref,
        fork: pull.head.repo_id !== pull.base.repo_id,
        author: pull.user.login,
        authorId: String(pull.user.id),
        draft: pull.draft ?? false,
      },
    },
  };
}
