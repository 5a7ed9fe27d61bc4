import type { Config } from "../config.ts";
import type { MirrorRepo } from "../forges/git/mirror.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { GitCredential } from "../../runners/protocol.ts";
import type { BoundCredential } from "./translate/commands.ts";
import { literalRef, refOf } from "./translate/secret-refs.ts";

/** A project's repository, as the server's own git reaches it. */
export async function repositoryOf(
  deps: { readonly config: Config; readonly secrets: Secrets },
  project: { readonly key: string; readonly forge: string; readonly cloneUrl: string | null },
): Promise<MirrorRepo> {
  const forge = deps.config.file.forges[project.forge];
  const url = project.cloneUrl ?? "";
  const secret =
    forge?.secret === undefined ? undefined : await deps.secrets.resolveSecret(project.key, forge.secret);
  const value = secret?.value;
  if (value?.type === "usernamePassword")
    return { project: project.key, url, credential: { username: value.username, password: value.password } };
  if (value?.type === "string")
    return {
      project: project.key,
      url,
      credential: { username: forge?.username ?? tokenUser(forge?.type), password: value.text },
    };
  return { project: project.key, url, credential: null };
}

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
