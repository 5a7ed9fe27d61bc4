import { randomInt, randomUUID } from "node:crypto";
import type {
  Begin,
  ReadRequest,
  SecretKind,
  SecretPart,
  Stored,
  WantedSecret,
} from "../../pipelines/ports.ts";
import { unreachable } from "../../pipelines/unreachable.ts";
import type { Config } from "../config.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { SecretValue } from "../secrets/values.ts";
import { heldNames } from "../locks/held.ts";
import { nodesFitting } from "../runners/nodes-fitting.ts";
import type { BuildState } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import type { BeginScope } from "./prepare-begin.ts";
import type { Sources } from "./sources.ts";
import { artifactsOf } from "./artifacts-of.ts";
import { otherBuild } from "./other-build.ts";
import { refusal } from "./translate/failure.ts";
import type { EffectOutcome } from "./translate/outcome.ts";
import { type SecretPart as RefPart, refOf } from "./translate/secret-refs.ts";

/** The answer of a read, with the versions of secrets that the build holds from now on. */
export interface ReadAnswer {
  readonly outcome: EffectOutcome;
  readonly bindings: readonly { secretId: number; version: number }[];
}

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly sources: Sources;
  readonly nowMs: () => number;
}

const CHANGES_MOST = 100;

/** Answers what a pipeline reads of the changing world; the journal keeps the answer. */
export async function answerRead(deps: Deps, scope: BeginScope, begin: Begin): Promise<ReadAnswer> {
  if (begin.request.kind !== "read") throw new Error(`effect ${begin.id} is no read`);
  const request: ReadRequest = begin.request;
  const plain = (value: Stored): ReadAnswer => ({ outcome: { value }, bindings: [] });
  switch (request.op) {
    case "now":
      return plain({ $: "long", v: `${deps.nowMs()}` });
    case "random":
      return plain({ $: "long", v: `${randomInt(2 ** 47)}` });
    case "uuid":
      return plain(randomUUID());
    case "previousBuild":
      return plain(await previousBuild(deps, scope, request.which, request.before));
    case "changeSets":
      return plain(await changeSets(deps, scope, request.number));
    case "artifacts": {
      const found = await artifactsOf(deps.store, scope, request);
      return found.ok ? plain(found.value) : failed(found.reason, "error_step");
    }
    case "held":
      return plain(await heldNames(deps.store, scope.buildId, request.lock));
    case "nodes":
      return plain(await nodesFitting(deps.store, request.label, request.offline));
    case "credentials":
      return await bindCredentials(deps, scope, request.wanted);
    default:
      return unreachable(request);
  }
}

const WHICH: Readonly<Record<Extract<ReadRequest, { op: "previousBuild" }>["which"], readonly BuildState[]>> =
  {
    previous: ["queued", "running", "waiting", "succeeded", "unstable", "failed", "aborted", "not_built"],
    built: ["succeeded", "unstable", "failed", "aborted"],
    completed: ["succeeded", "unstable", "failed", "aborted", "not_built"],
    failed: ["failed"],
    notFailed: ["succeeded", "unstable"],
    successful: ["succeeded"],
    inProgress: ["running", "waiting"],
  };

async function previousBuild(
  deps: Deps,
  scope: BeginScope,
  which: keyof typeof WHICH,
  before: number,
): Promise<Stored> {
  const row = await deps.store.db
    .selectFrom("builds")
    .selectAll()
    .where("projectId", "=", scope.projectId)
    .where("ref", "=", scope.head.ref)
    .where("number", "<", before)
    .where("state", "in", [...WHICH[which]])
    .orderBy("number", "desc")
    .executeTakeFirst();
  if (row === undefined) return null;
  return otherBuild(row, { key: scope.projectKey, publicUrl: deps.config.publicUrl });
}

async function changeSets(deps: Deps, scope: BeginScope, number: number): Promise<Stored> {
  const project = await deps.store.db
    .selectFrom("projects")
    .select(["id", "key", "forge", "cloneUrl"])
    .where("id", "=", scope.projectId)
    .executeTakeFirstOrThrow();
  const before = await deps.store.db
    .selectFrom("builds")
    .select("sha")
    .where("projectId", "=", scope.projectId)
    .where("ref", "=", scope.head.ref)
    .where("number", "<", number)
    .where("sha", "is not", null)
    .orderBy("number", "desc")
    .executeTakeFirst();
  const from = before?.sha ?? null;
  if (from === null) return [];
  const commits = (await deps.sources.between(project, from, scope.head.commit)).slice(0, CHANGES_MOST);
  return commits.map((commit) => ({
    id: commit.sha,
    title: commit.title,
    message: commit.message,
    author: commit.author,
    authorEmail: commit.authorMail,
    atMs: commit.atMs,
    files: [],
  }));
}

/** Where the runner puts a secret that is handed over as a file: known beforehand, so that scripts may name it. */
export function secretFilePath(ref: string, fileName: string): string {
  return `/.sluice/s/in/f/${ref}/${fileName}`;
}

async function bindCredentials(
  deps: Deps,
  scope: BeginScope,
  wanted: readonly WantedSecret[],
): Promise<ReadAnswer> {
  const bindings: { secretId: number; version: number }[] = [];
  const bound: Stored[] = [];
  for (const want of wanted) {
    if (!scope.trusted)
      return failed(
        `the credential '${want.secret}' is not given to a change of somebody who may not write`,
        "not_allowed",
      );
    const found = await deps.secrets.resolveSecret(scope.projectKey, want.secret);
    if (found === undefined)
      return failed(`Could not find credentials entry with ID '${want.secret}'`, "secret_gone");
    const parts = partsOf(want, found.value);
    if (parts === null)
      return failed(
        `Credentials '${want.secret}' is of type '${TYPE_NAME[found.value.type]}' where '${want.kind ?? ""}' was expected`,
        "error_step",
      );
    const name = { secretId: found.secretId, version: found.version };
    bindings.push(name);
    bound.push({
      secret: `${found.secretId}:${want.secret}`,
      version: found.version,
      kind: want.kind ?? KIND_OF[found.value.type],
      variables: parts.map(({ variable, part, file }) => ({
        name: variable,
        part,
        path: file === null ? null : secretFilePath(refOf(name, part), file),
        masked: part !== "username",
      })),
    });
  }
  return { outcome: { value: bound }, bindings };
}

function failed(message: string, code: string): ReadAnswer {
  return { outcome: { error: refusal(message, code) }, bindings: [] };
}

const TYPE_NAME: Readonly<Record<SecretValue["type"], string>> = {
  string: "Secret text",
  usernamePassword: "Username with password",
  file: "Secret file",
  sshKey: "SSH Username with private key",
};

const KIND_OF: Readonly<Record<SecretValue["type"], SecretKind>> = {
  string: "string",
  usernamePassword: "usernamePassword",
  file: "file",
  sshKey: "sshUserPrivateKey",
};

interface BoundPart {
  readonly variable: string;
  readonly part: SecretPart & RefPart;
  /** Name of the file that holds it; null for a plain value. */
  readonly file: string | null;
}

/** Which variables a binding makes; null where the secret is of another type than was asked for. */
function partsOf(want: WantedSecret, value: SecretValue): BoundPart[] | null {
  const base = want.variables.text ?? "";
  if (want.kind === null) {
    const plain = (suffix: string, part: BoundPart["part"]): BoundPart => ({
      variable: `${base}${suffix}`,
      part,
      file: null,
    });
    if (value.type === "string") return [plain("", "text")];
    if (value.type === "usernamePassword")
      return [plain("", "userpass"), plain("_USR", "username"), plain("_PSW", "password")];
    if (value.type === "file") return [{ variable: base, part: "file", file: value.name }];
    return [
      { variable: base, part: "key", file: "ssh-key" },
      plain("_USR", "username"),
      ...(value.passphrase === undefined ? [] : [plain("_PSW", "passphrase")]),
    ];
  }
  const fits =
    KIND_OF[value.type] === want.kind ||
    (want.kind === "usernameColonPassword" && value.type === "usernamePassword");
  if (!fits) return null;
  const parts: BoundPart[] = [];
  for (const part of ["text", "username", "password", "userpass", "file", "key", "passphrase"] as const) {
    const variable = want.variables[part];
    if (variable === undefined) continue;
    const file = part === "file" && value.type === "file" ? value.name : part === "key" ? "ssh-key" : null;
    parts.push({ variable, part, file });
  }
  return parts;
}

/** One part of a secret's value; null where it has no such part. */
export function partOf(value: SecretValue, part: RefPart): Uint8Array | null {
  const text = (found: string | undefined) => (found === undefined ? null : Buffer.from(found));
  switch (value.type) {
    case "string":
      return part === "text" ? text(value.text) : null;
    case "usernamePassword":
      if (part === "username") return text(value.username);
      if (part === "password") return text(value.password);
      return part === "userpass" ? text(`${value.username}:${value.password}`) : null;
    case "file":
      return part === "file" ? Buffer.from(value.content, "base64") : null;
    case "sshKey":
      if (part === "key")
        return text(value.privateKey.endsWith("\n") ? value.privateKey : `${value.privateKey}\n`);
      if (part === "username") return text(value.username);
      return part === "passphrase" ? text(value.passphrase) : null;
    default:
      return unreachable(value);
  }
}
