import type { GitCredential } from "../../runners/protocol.ts";
import type { BoundCredential } from "./translate/commands.ts";
import { literalRef, refOf } from "./translate/secret-refs.ts";

/** The user name that a forge wants beside a token. */
export function tokenUser(type: string | undefined): string {
  return type === "github" ? "x-access-token" : "oauth2";
}

/** The same credential as a runner is told of it: by refs, never by value. */
export function credentialRefs(bound: BoundCredential, username: string): GitCredential | null {
  if (bound.type === "usernamePassword")
    return { kind: "basic", username: refOf(bound, "username"), password: refOf(bound, "password") };
  if (bound.type === "string")
    return { kind: "basic", username: literalRef(username), password: refOf(bound, "text") };
  return null;
}
