import { readPayload } from "../body.ts";
import type { ForgeHook, HookReading, HookRequest } from "../hook.ts";
import { readRef, shaOrNull, skipMark, titleOf } from "../refs.ts";
import { isHexHmac, isStandardSigned } from "../signature.ts";
import { PostReceive } from "./schema.ts";

/** Deliveries of a plain git server's post-receive hook, signed by Standard Webhooks or as GitHub does. */
export const gitHook: ForgeHook = {
  type: "git",
  eventName: () => "post-receive",
  deliveryId: ({ headers }) => headers["webhook-id"] ?? null,
  isSigned: ({ headers, body }, secrets, nowMs) =>
    headers["webhook-signature"] === undefined
      ? isHexHmac((headers["x-hub-signature-256"] ?? "").replace(/^sha256=/u, ""), body, secrets)
      : isStandardSigned(headers, body, secrets, nowMs),
  read,
};

function read(request: HookRequest): HookReading {
  const payload = readPayload(PostReceive, request);
  if (!payload.ok) return { kind: "unreadable", because: payload.because };
  const push = payload.value;
  const ref = readRef(push.ref);
  if (ref === null) return { kind: "ignored", because: `${titleOf(push.ref)} is neither a branch nor a tag` };
  const before = shaOrNull(push.before);
  const after = shaOrNull(push.after);
  if (before === after) return { kind: "ignored", because: "nothing was pushed" };
  const message = push.message ?? "";
  return {
    kind: "event",
    event: {
      kind: ref.kind,
      forge: "git",
      repoId: null,
      repo: typeof push.repository === "string" ? push.repository : push.repository.full_name,
      ref: push.ref,
      name: ref.name,
      before,
      after,
      // A tag may be an object of its own; which commit it names is asked of the repository.
      commit: ref.kind === "tag" ? null : after,
      deleted: after === null,
      skipCi: ref.kind === "push" ? skipMark(message) : null,
      title: titleOf(message),
      author: { name: push.pusher ?? "", mail: null },
      actor: { login: push.pusher ?? "", id: null },
      change: null,
    },
  };
}
