import { readPayload } from "../body.ts";
import type { ForgeHook, HookReading, HookRequest } from "../hook.ts";
import { readRef, shaOrNull, skipMark, titleOf } from "../refs.ts";
import { isHexHmac } from "../signature.ts";
import { PullRequestEvent, PushEvent } from "./schema.ts";

const ACTIONS = { opened: "opened", reopened: "reopened", synchronize: "updated" } as const;

/** Deliveries of github.com and GitHub Enterprise Server. */
export const githubHook: ForgeHook = {
  type: "github",
  eventName: ({ headers }) => headers["x-github-event"] ?? null,
  deliveryId: ({ headers }) => headers["x-github-delivery"] ?? null,
  // The old sha1 header is still sent and never read.
  isSigned: ({ headers, body }, secrets) =>
    isHexHmac((headers["x-hub-signature-256"] ?? "").replace(/^sha256=/u, ""), body, secrets),
  read,
};

function read(request: HookRequest): HookReading {
  const name = request.headers["x-github-event"];
  switch (name) {
    case "push":
      return readPush(request);
    case "pull_request":
      return readChange(request);
    case "ping":
      return { kind: "ignored", because: "the forge asked whether we are here" };
    case undefined:
      return { kind: "unreadable", because: "the header X-GitHub-Event is missing" };
    default:
      return { kind: "ignored", because: `the event ${name} starts nothing` };
  }
}

function readPush(request: HookRequest): HookReading {
  const payload = readPayload(PushEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const push = payload.value;
  const ref = readRef(push.ref);
  if (ref === null) return { kind: "ignored", because: `${titleOf(push.ref)} is neither a branch nor a tag` };
  const after = shaOrNull(push.after);
  const message = push.head_commit?.message ?? "";
  return {
    kind: "event",
    event: {
      kind: ref.kind,
      forge: "github",
      repoId: String(push.repository.id),
      repo: push.repository.full_name,
      ref: push.ref,
      name: ref.name,
      before: shaOrNull(push.before),
      after,
      commit: after === null ? null : shaOrNull(push.head_commit?.id),
      deleted: after === null,
      skipCi: ref.kind === "push" ? skipMark(message) : null,
      title: titleOf(message),
      author: { name: push.head_commit?.author.name ?? "", mail: push.head_commit?.author.email ?? null },
      actor: {
        login: push.sender?.login ?? push.pusher?.name ?? "",
        id: push.sender ? String(push.sender.id) : null,
      },
      change: null,
    },
  };
}

function readChange(request: HookRequest): HookReading {
  const payload = readPayload(PullRequestEvent, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const { action, number, pull_request: pull, repository, sender } = payload.value;
  const known =
    action === "opened" || action === "reopened" || action === "synchronize" ? ACTIONS[action] : null;
  if (known === null)
    return { kind: "ignored", because: `pull request ${number}: ${titleOf(action)} changes no commit` };
  const sha = shaOrNull(pull.head.sha);
  if (sha === null) return { kind: "unreadable", because: "the pull request names no commit" };
  const fork = pull.head.repo?.id !== pull.base.repo.id;
  return {
    kind: "event",
    event: {
      kind: "change",
      forge: "github",
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
        headRepoId: pull.head.repo ? String(pull.head.repo.id) : null,
        baseRef: pull.base.ref,
        fork,
        author: pull.user.login,
        authorId: typeof pull.user.id === "number" ? String(pull.user.id) : null,
        draft: pull.draft ?? false,
      },
    },
  };
}
