import type {
  BlobOperation,
  Command,
  ExecSecret,
  FileOperation,
  GitCredential,
  Globs,
  ImageOperation,
  Limits,
  RegistryCredential,
  Scm as WireScm,
} from "../../../runners/protocol.ts";
import type {
  AgentContainer,
  BlobRequest,
  ContainerRequest,
  EffectId,
  ExecRequest,
  FileRequest,
  ImageRequest,
  RegistryUse,
  Request,
  Scm,
  SecretRef,
  SessionRequest,
} from "../../../pipelines/ports.ts";
import { unreachable } from "../../../pipelines/unreachable.ts";
import { readContainerArgs } from "./container-args.ts";
import { readImageBuild } from "./image-build-args.ts";
import { type BoundName, loginRef, refOf } from "./secret-refs.ts";

/** A command without what is only known when it is sent: number, session and fence. */
export type CommandBody = Command extends infer C
  ? C extends unknown
    ? Omit<C, "seq" | "session" | "fence">
    : never
  : never;

/** A blob that a command needs, by the name its stash was given. */
export interface StashedBlob {
  readonly sha256: string;
}

/** What the translation must know of the build; everything was looked up beforehand. */
export interface TranslateContext {
  readonly buildName: string;
  readonly projectKey: string;
  readonly trusted: boolean;
  readonly handleOf: (effect: EffectId) => string;
  /** The project's own repository at the build's commit. */
  readonly ownScm: WireScm | null;
  readonly credentials: ReadonlyMap<string, BoundCredential>;
  /** Registry address -> name of the secret that opens it, from project and server. */
  readonly registrySecrets: readonly { readonly host: string; readonly secret: string }[];
  readonly stashes: ReadonlyMap<string, StashedBlob>;
  readonly nonce: string;
  readonly limits: Limits;
}

/** A credential by name, as the vault knows it now. */
export interface BoundCredential extends BoundName {
  readonly type: "string" | "usernamePassword" | "file" | "sshKey";
}

/** The commands of a begin, or why it cannot be carried out. */
export type Translated =
  | { readonly ok: true; readonly commands: readonly CommandBody[] }
  | { readonly ok: false; readonly reason: string; readonly fault: "file" | "sluice" };

type Part<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Name of the container that an agent's steps run in. */
export const MAIN = "main";

/** Names of credentials that a request needs from the vault beside those bound by `withCredentials`. */
export function credentialNames(request: Request): string[] {
  switch (request.kind) {
    case "session":
      return [request.checkout?.credential, request.container?.registry?.credential].filter(isText);
    case "container":
      return [request.container.registry?.credential].filter(isText);
    case "exec":
      return request.registries.map((use) => use.credential).filter(isText);
    case "checkout":
      return [request.scm.credential].filter(isText);
    case "image":
      if (request.op === "build") return request.registries.map((use) => use.credential).filter(isText);
      return request.op === "push" || request.op === "pull"
        ? [request.registry?.credential].filter(isText)
        : [];
    case "blob":
    case "file":
    case "timer":
    case "gate":
    case "deployment":
    case "lock":
    case "throttle":
    case "milestone":
    case "build":
    case "signal":
    case "message":
    case "http":
    case "read":
      return [];
    default:
      return unreachable(request);
  }
}

function isText(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== "";
}

/** What the runner is told for one begin; kinds that no runner carries out have no commands. */
export function commandsFor(id: string, request: Request, context: TranslateContext): Translated {
  const made = bodiesFor(id, request, context);
  return made.ok ? { ok: true, commands: made.value } : { ok: false, reason: made.reason, fault: "file" };
}

function bodiesFor(id: string, request: Request, context: TranslateContext): Part<CommandBody[]> {
  switch (request.kind) {
    case "session":
      return sessionCommands(id, request, context);
    case "container":
      return containerCommands(id, request, context);
    case "exec":
      return one(execCommand(id, request, context));
    case "checkout": {
      const scm = scmFor(request.scm, context);
      return scm.ok ? one({ ok: true, value: checkoutCommand(id, request.scm, scm.value) }) : scm;
    }
    case "image":
      return one(imageCommand(id, request, context));
    case "blob":
      return one(blobCommand(id, request, context));
    case "file":
      return one(fileCommand(id, request));
    case "timer":
    case "gate":
    case "deployment":
    case "lock":
    case "throttle":
    case "milestone":
    case "build":
    case "signal":
    case "message":
    case "http":
    case "read":
      return { ok: true, value: [] };
    default:
      return unreachable(request);
  }
}

function one(part: Part<CommandBody>): Part<CommandBody[]> {
  return part.ok ? { ok: true, value: [part.value] } : part;
}

function sessionCommands(
  id: string,
  request: SessionRequest,
  context: TranslateContext,
): Part<CommandBody[]> {
  const commands: CommandBody[] = [
    {
      type: "open",
      id,
      build: context.buildName,
      project: context.projectKey,
      trust: context.trusted ? "trusted" : "untrusted",
      profile: context.trusted ? "standard" : "untrusted",
      nonce: context.nonce,
      scm: context.ownScm,
      workspace: request.workspace,
      dockerApi: false,
      limits: context.limits,
    },
  ];
  if (request.checkout !== null) {
    const scm = scmFor(request.checkout, context);
    if (!scm.ok) return scm;
    commands.push(checkoutCommand(`${id}.1`, request.checkout, scm.value));
  }
  const container = request.container;
  if (container?.source.kind === "dockerfile") {
    const built = agentImageBuild(`${id}.2`, id, container, context);
    if (!built.ok) return built;
    commands.push(built.value);
    return { ok: true, value: commands };
  }
  const main = mainContainer(`${id}.3`, container, null, context);
  if (!main.ok) return main;
  commands.push(main.value);
  return { ok: true, value: commands };
}

/** The main container of an agent; `builtImage` is the id that a Dockerfile gave. */
export function mainContainer(
  id: string,
  container: AgentContainer | null,
  builtImage: string | null,
  context: TranslateContext,
): Part<CommandBody> {
  const args = readContainerArgs(container?.args ?? []);
  if (!args.ok) return args;
  const image = builtImage ?? (container?.source.kind === "image" ? container.source.image : null);
  return {
    ok: true,
    value: {
      type: "container",
      id,
      name: MAIN,
      image,
      pull: builtImage === null ? (container?.pull ?? "missing") : "never",
      role: "main",
      args: args.args,
      command: null,
      env: { ...args.env, ...container?.env },
      credential: registryCredential(container?.registry ?? null, image, context),
    },
  };
}

function agentImageBuild(
  id: string,
  session: string,
  container: AgentContainer,
  context: TranslateContext,
): Part<CommandBody> {
  if (container.source.kind !== "dockerfile") return { ok: false, reason: "the agent has no Dockerfile" };
  const { dir, filename, buildArgs } = container.source;
  const context_ = dir === "" ? "." : dir;
  const read = readImageBuild(`sluice-dockerfile:${session.toLowerCase()}`, [...buildArgs, context_], {});
  if (!read.ok) return read;
  return {
    ok: true,
    value: {
      type: "image",
      id,
      cwd: WORKSPACE,
      operation: {
        op: "build",
        ...copyOf(read.options),
        context: context_,
        dockerfile: filename,
        credentials: registryCredentials(context),
      },
    },
  };
}

const WORKSPACE = "/sluice/src";

function containerCommands(
  id: string,
  request: ContainerRequest,
  context: TranslateContext,
): Part<CommandBody[]> {
  const args = readContainerArgs(request.container.args);
  if (!args.ok) return args;
  if (request.container.source.kind !== "image")
    return { ok: false, reason: "a further container of an agent needs an image, not a Dockerfile" };
  const image = request.container.source.image;
  return {
    ok: true,
    value: [
      {
        type: "container",
        id,
        name: request.name,
        image,
        pull: request.container.pull,
        role: request.role,
        args: args.args,
        command: request.command.length === 0 ? null : [...request.command],
        env: { ...args.env, ...request.container.env },
        credential: registryCredential(request.container.registry, image, context),
      },
    ],
  };
}

function execCommand(id: string, request: ExecRequest, context: TranslateContext): Part<CommandBody> {
  const login = loginFor(request, context);
  return {
    ok: true,
    value: {
      type: "exec",
      id,
      container: request.container,
      run:
        "script" in request.command
          ? { kind: "script", text: request.command.script, interpreter: null }
          : { kind: "argv", argv: [...request.command.argv] },
      cwd: request.cwd,
      env: { ...login?.env, ...request.env },
      secrets: [...request.secrets.flatMap(execSecrets), ...(login?.secrets ?? [])],
      masks: login?.masks ?? [],
      capture: request.capture ? "stdout" : "none",
      label: request.label,
      // Left out where there is none: a runner of an older release does not know it.
      ...(request.tees.length === 0 ? {} : { tees: [...request.tees] }),
    },
  };
}

/**
 * The login of `withDockerRegistry` for what a script itself does with Docker: a folder of settings of its own. Its place
 * is known beforehand. Builders write beside their settings, and this folder cannot be written to.
 */
function loginFor(
  request: ExecRequest,
  context: TranslateContext,
): { env: Record<string, string>; secrets: ExecSecret[]; masks: string[] } | null {
  const use = request.registries.at(-1);
  const bound =
    use?.credential === null || use === undefined ? undefined : context.credentials.get(use.credential);
  if (use === undefined || bound?.type !== "usernamePassword") return null;
  const ref = loginRef(bound, use.host === "" ? "docker.io" : use.host);
  return {
    env: { DOCKER_CONFIG: `${SECRET_FILES}/${ref}`, BUILDX_CONFIG: "/tmp/.buildx" },
    secrets: [{ ref, variable: "SLUICE_DOCKER_LOGIN", as: "file", fileName: "config.json" }],
    masks: [refOf(bound, "password"), refOf(bound, "userpass")],
  };
}

/** Where a runner puts secrets that are files; their folder is called after the ref. */
const SECRET_FILES = "/.sluice/s/in/f";

/** A bound secret is named `ID:NAME`, with the id of the vault, so that no look-up is needed here. */
function execSecrets(secret: SecretRef): ExecSecret[] {
  return secret.variables.map((variable) => ({
    ref: refOf({ secretId: Number(secret.secret.split(":", 1)[0]), version: secret.version }, variable.part),
    variable: variable.name,
    as: variable.path === null ? ("value" as const) : ("file" as const),
    fileName: variable.path === null ? null : (variable.path.split("/").at(-1) ?? "secret"),
  }));
}

function checkoutCommand(id: string, scm: Scm, wire: WireScm): CommandBody {
  return {
    type: "checkout",
    id,
    dir: scm.dir === "" ? "." : scm.dir,
    scm: wire,
    depth: scm.depth,
    submodules: scm.submodules !== "no",
    lfs: scm.lfs,
  };
}

function scmFor(scm: Scm, context: TranslateContext): Part<WireScm> {
  if (scm.url === null) {
    if (context.ownScm === null) return { ok: false, reason: "this build has no repository to check out" };
    return { ok: true, value: context.ownScm };
  }
  if (scm.sha === null)
    return {
      ok: false,
      reason: `the branch or tag "${scm.ref ?? ""}" of ${scm.url} could not be resolved to a commit`,
    };
  return {
    ok: true,
    value: {
      url: scm.url,
      sha: scm.sha,
      ref: scm.ref ?? "HEAD",
      credential: scm.credential === null ? null : gitCredential(context.credentials.get(scm.credential)),
      mirrorPath: null,
      insecureHttp: false,
    },
  };
}

/** How git shows who it is with a credential of the vault. */
export function gitCredential(bound: BoundCredential | undefined): GitCredential | null {
  if (bound === undefined) return null;
  if (bound.type === "sshKey") return { kind: "ssh", key: refOf(bound, "key"), knownHosts: "" };
  if (bound.type === "usernamePassword")
    return { kind: "basic", username: refOf(bound, "username"), password: refOf(bound, "password") };
  // Every forge takes a token as the password of any user name.
  return { kind: "basic", username: "=oauth2", password: refOf(bound, "text") };
}

function registryCredential(
  use: RegistryUse | null,
  image: string | null,
  context: TranslateContext,
): RegistryCredential | null {
  const host = use !== null && use.host !== "" ? use.host : hostOf(image ?? "");
  const name =
    use?.credential ?? context.registrySecrets.find((known) => known.host === host)?.secret ?? null;
  const bound = name === null ? undefined : context.credentials.get(name);
  if (bound?.type !== "usernamePassword") return null;
  return { server: host, username: refOf(bound, "username"), password: refOf(bound, "password") };
}

function registryCredentials(context: TranslateContext): RegistryCredential[] {
  return context.registrySecrets.flatMap(({ host }) => {
    const found = registryCredential({ url: "", host, credential: null }, null, context);
    return found === null ? [] : [found];
  });
}

/** Host of an image's registry, as Docker reads references; empty for the default one. */
export function hostOf(image: string): string {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost")
    ? first
    : "";
}

/** Repository and tag of an image reference; a digest is left out. */
export function repositoryAndTag(image: string): { repository: string; tag: string } {
  const plain = image.split("@")[0] ?? image;
  const colon = plain.lastIndexOf(":");
  if (colon === -1 || plain.slice(colon).includes("/")) return { repository: plain, tag: "latest" };
  return { repository: plain.slice(0, colon), tag: plain.slice(colon + 1) };
}

function imageCommand(id: string, request: ImageRequest, context: TranslateContext): Part<CommandBody> {
  const operation = imageOperation(request, context);
  if (!operation.ok) return operation;
  const cwd = request.op === "build" ? request.cwd : WORKSPACE;
  return { ok: true, value: { type: "image", id, cwd, operation: operation.value } };
}

function imageOperation(request: ImageRequest, context: TranslateContext): Part<ImageOperation> {
  switch (request.op) {
    case "build": {
      const read = readImageBuild(request.tag, request.args, request.env);
      if (!read.ok) return read;
      const named = request.registries.flatMap((use) => registryCredential(use, null, context) ?? []);
      return {
        ok: true,
        value: {
          op: "build",
          ...copyOf(read.options),
          credentials: [...named, ...registryCredentials(context)],
        },
      };
    }
    case "tag":
      return { ok: true, value: { op: "tag", image: request.image, ...repositoryAndTag(request.to) } };
    case "push":
      return {
        ok: true,
        value: {
          op: "push",
          image: request.image,
          ...repositoryAndTag(request.image),
          credential: registryCredential(withHost(request.registry, request.image), request.image, context),
        },
      };
    case "pull":
      return {
        ok: true,
        value: {
          op: "pull",
          image: request.image,
          credential: registryCredential(withHost(request.registry, request.image), request.image, context),
        },
      };
    case "inspect":
      return { ok: true, value: { op: "inspect", image: request.image } };
    default:
      return unreachable(request);
  }
}

/** A password goes to the host that the image names, never to another that stands around the step. */
function withHost(use: RegistryUse | null, image: string): RegistryUse | null {
  if (use === null) return null;
  return use.host === hostOf(image) ? use : null;
}

function copyOf(options: {
  readonly context: string;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | null;
  readonly pull: boolean;
  readonly noCache: boolean;
  readonly network: "default" | "none";
  readonly platform: string | null;
  readonly cacheFrom: readonly string[];
}) {
  return {
    ...options,
    tags: [...options.tags],
    buildArgs: { ...options.buildArgs },
    labels: { ...options.labels },
    cacheFrom: [...options.cacheFrom],
  };
}

function blobCommand(id: string, request: BlobRequest, context: TranslateContext): Part<CommandBody> {
  const operation = blobOperation(request, context);
  return operation.ok
    ? { ok: true, value: { type: "blob", id, cwd: request.dir, operation: operation.value } }
    : operation;
}

function blobOperation(request: BlobRequest, context: TranslateContext): Part<BlobOperation> {
  switch (request.op) {
    case "stash":
    case "archive":
      return {
        ok: true,
        value: {
          op: request.op,
          globs: {
            ...globsOf(request.includes, request.excludes, request.defaultExcludes),
            ...(request.op === "archive" && !request.caseSensitive ? { ignoreCase: true } : {}),
          },
          allowEmpty: request.allowEmpty,
        },
      };
    case "unstash": {
      const blob = context.stashes.get(request.name);
      if (blob === undefined) return { ok: false, reason: `No such saved stash ‘${request.name}’` };
      return { ok: true, value: { op: "unstash", blob: blob.sha256 } };
    }
    case "fetch":
      return {
        ok: true,
        value: { op: "fetch", files: request.files.map(({ path, blob }) => ({ path, blob })) },
      };
    default:
      return unreachable(request);
  }
}

/** Ant's lists: parted by commas or blanks. */
export function globsOf(includes: string, excludes: string, defaultExcludes: boolean): Globs {
  const words = (text: string) => text.split(/[,\s]+/).filter((word) => word !== "");
  const include = words(includes);
  return { include: include.length === 0 ? ["**"] : include, exclude: words(excludes), defaultExcludes };
}

const JUNIT_FILES = 10_000;
const JUNIT_BYTES = 64 * 1024 * 1024;

function fileCommand(id: string, request: FileRequest): Part<CommandBody> {
  const operation = fileOperation(request);
  if (!operation.ok) return operation;
  const cwd = "dir" in request ? request.dir : WORKSPACE;
  return { ok: true, value: { type: "file", id, cwd, operation: operation.value } };
}

function fileOperation(request: FileRequest): Part<FileOperation> {
  switch (request.op) {
    case "read":
      return {
        ok: true,
        value: { op: "read", path: request.path, as: request.encoding === "Base64" ? "base64" : "text" },
      };
    case "write": {
      const base64 = request.encoding === "Base64";
      const data = base64
        ? { kind: "base64" as const, base64: request.text }
        : { kind: "text" as const, text: request.text };
      return { ok: true, value: { op: "write", path: request.path, data, append: request.append } };
    }
    case "exists":
      return { ok: true, value: { op: "exists", path: request.path } };
    case "touch":
      return { ok: true, value: { op: "touch", path: request.path, atMs: request.atMs } };
    case "find":
      return { ok: true, value: { op: "find", globs: globsOf(request.includes, request.excludes, true) } };
    case "delete":
      if (request.includes !== null)
        return {
          ok: false,
          reason: "deleting by pattern is not carried out here: delete the folder, or use sh",
        };
      return { ok: true, value: { op: "delete", path: request.dir } };
    case "junit":
      return {
        ok: true,
        value: {
          op: "read-all",
          globs: globsOf(request.includes, "", true),
          maxFiles: JUNIT_FILES,
          maxBytes: JUNIT_BYTES,
        },
      };
    case "pack":
      return {
        ok: true,
        value: {
          op: "pack",
          path: request.path,
          format: request.format,
          globs: globsOf(request.includes, request.excludes, true),
        },
      };
    case "unpack":
      return {
        ok: true,
        value: {
          op: "unpack",
          path: request.path,
          format: request.format,
          globs: globsOf(request.includes, "", false),
          purpose: request.purpose,
        },
      };
    default:
      return unreachable(request);
  }
}
