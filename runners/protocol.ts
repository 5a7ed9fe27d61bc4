/**
 * The runner link: everything a runner and a server say to each other, and the only file the two rooms share.
 *
 * | call | body -> answer |
 * | --- | --- |
 * | `POST /runner/v1/join` | JoinRequest -> JoinAnswer (no key; the one-time token is in the body) |
 * | `POST /runner/v1/hello` | HelloRequest -> HelloAnswer |
 * | `GET /runner/v1/stream`, `Last-Event-ID: CURSOR` | server-sent events: `event: command` with a Command, `event: control` with a Control; comments keep it alive |
 * | `POST /runner/v1/events` | EventsRequest -> EventsAnswer |
 * | `PUT /runner/v1/steps/:command/log?at=BYTES&session=ID&fence=N` | bytes -> 200 LogAnswer; 409 LogAnswer (wrong offset, with the right one); 410 (session refused) |
 * | `POST /runner/v1/sessions/:session/secrets` | SecretsRequest -> SecretsAnswer; 410 (session refused) |
 * | `PUT /runner/v1/blobs/:sha256?session=ID&fence=N` | bytes -> 204 (a repeat too) |
 * | `GET /runner/v1/blobs/:sha256?session=ID&fence=N` | bytes; 404 |
 * | `POST /runner/v1/leftovers` | LeftoversRequest -> LeftoversAnswer |
 * | `POST /runner/v1/images` | ImagesRequest -> ImagesAnswer |
 *
 * Every call but `join` carries `Authorization: Bearer KEY`; 401 means that the key is not (or no longer) valid.
 */
import { z } from "zod";

/** Number of this dialect; a server refuses a hello with another one, naming both versions. */
export const PROTOCOL_VERSION = 1;

/** A session's or a command's id: the handle of its effect (`b118.0.2-1_4`), fit for file and Docker names. */
export const Handle = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/);
export type Handle = z.infer<typeof Handle>;

/** Rises with each placement of a session; what carries an older one is refused. */
export const Fence = z.int().nonnegative();

/** Names one value of the vault that is bound in this build; opaque to the runner. */
export const SecretRef = z.string().min(1).max(512);
export type SecretRef = z.infer<typeof SecretRef>;

/** Content address of a blob: 64 hexadecimal digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Full commit id, SHA-1 or SHA-256. */
export const CommitId = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** Whose fault a failure is; the words of a build's reason. */
export const Fault = z.enum(["command", "file", "sluice", "person"]);
export type Fault = z.infer<typeof Fault>;

/** Why a command did not give its value. */
export const FailureCode = z.enum([
  "agent_lost", // the session is gone as a whole
  "cancelled", // ended by a cancel; nothing is said about what the command itself would have answered
  "checkout_failed",
  "container_gone",
  "container_exited", // a container of ours ended by itself
  "docker_daemon", // the Docker daemon was away or stopped our container
  "docker_refused", // the Docker Engine answered a request with an error
  "exit_lost", // the step ended and nobody can say how
  "file_missing",
  "image_build_failed",
  "image_missing",
  "limit", // larger than we carry
  "no_space",
  "oom",
  "path_refused", // outside the workspace, or through a link
  "registry_denied",
  "registry_unreachable",
  "refused", // asked for something that Sluice does not do, said in the message
  "secret_gone",
  "session_unknown",
  "stale_fence",
  "internal",
]);
export type FailureCode = z.infer<typeof FailureCode>;

/** A failure in words for a person, with whose fault it is. */
export const Failure = z.strictObject({ code: FailureCode, message: z.string(), fault: Fault });
export type Failure = z.infer<typeof Failure>;

/** Environment as a change of what the container has: null takes a variable away. */
export const EnvMap = z.record(z.string().min(1), z.string().nullable());
export type EnvMap = z.infer<typeof EnvMap>;

// ---- join, hello -------------------------------------------------------------------------------------------------

/** A new runner hands in its one-time token. */
export const JoinRequest = z.strictObject({ token: z.string().min(1), name: z.string().min(1).max(100) });
export type JoinRequest = z.infer<typeof JoinRequest>;

/** The runner's own key, shown this once. */
export const JoinAnswer = z.strictObject({ key: z.string().min(1), runner: z.string().min(1) });
export type JoinAnswer = z.infer<typeof JoinAnswer>;

/** How far a command has come on the runner. */
export const CommandState = z.enum(["received", "running", "ended"]);
export type CommandState = z.infer<typeof CommandState>;

/** Said after start and after each reconnect. `boot` differs for each process of the runner. */
export const HelloRequest = z.strictObject({
  protocol: z.int(),
  boot: z.string().min(1),
  labels: z.array(z.string().min(1)),
  places: z.int().positive(),
  draining: z.boolean(),
  versions: z.strictObject({ runner: z.string(), engine: z.string(), api: z.string(), git: z.string() }),
  /** The image of `agent any` and label agents; not present: those agents are refused with that text. */
  agentImage: z.strictObject({ name: z.string(), present: z.boolean() }),
  sessions: z.array(
    z.strictObject({
      id: Handle,
      fence: Fence,
      parked: z.boolean(),
      commands: z.array(z.strictObject({ id: Handle, state: CommandState })),
    }),
  ),
});
export type HelloRequest = z.infer<typeof HelloRequest>;

/**
 * `instance` is the six letters that begin every Docker name of ours. Sessions in `close` (unknown, ended, or held
 * under a newer fence) are removed with their containers and directory; all others go on.
 */
export const HelloAnswer = z.strictObject({
  instance: z.string().regex(/^[a-z0-9]{1,12}$/),
  name: z.string().min(1),
  keep: z.array(Handle),
  close: z.array(Handle),
});
export type HelloAnswer = z.infer<typeof HelloAnswer>;

// ---- commands ----------------------------------------------------------------------------------------------------

/** How git shows who it is. Values are refs, fetched when needed. */
export const GitCredential = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("basic"), username: SecretRef, password: SecretRef }),
  z.strictObject({ kind: z.literal("ssh"), key: SecretRef, knownHosts: z.string() }),
]);
export type GitCredential = z.infer<typeof GitCredential>;

/** A commit of a repository. `mirrorPath` is the server's own bare mirror, given when the server runs on the runner's machine. */
export const Scm = z.strictObject({
  url: z.string().min(1).nullable(),
  sha: CommitId,
  ref: z.string().min(1),
  credential: GitCredential.nullable(),
  mirrorPath: z.string().startsWith("/").nullable(),
  /** Plain http is spoken only to a forge that the administrator marked so. */
  insecureHttp: z.boolean(),
  /** The commit that the build is told of, where it is not `sha`: a working tree's is the one it began from. */
  commit: CommitId.optional(),
});
export type Scm = z.infer<typeof Scm>;

/** Ceilings of a session's containers; null: that of the profile. `logHeadBytes`, `logTailBytes`: what is stored of one step's log. */
export const Limits = z.strictObject({
  memoryBytes: z.int().positive().nullable(),
  cpus: z.number().positive().nullable(),
  pids: z.int().positive().nullable(),
  logHeadBytes: z.int().positive().nullable(),
  logTailBytes: z.int().positive().nullable(),
});
export type Limits = z.infer<typeof Limits>;

/** Who may sign in where: the runner sends it to the host it names and to no other. */
export const RegistryCredential = z.strictObject({
  server: z.string().min(1),
  username: SecretRef,
  password: SecretRef,
});
export type RegistryCredential = z.infer<typeof RegistryCredential>;

/** `args` of a docker agent, parsed and checked by whoever sends the command; what is not listed here does not exist. */
export const ContainerArgs = z.strictObject({
  user: z.string().nullable(),
  hostname: z.string().nullable(),
  workdir: z.string().startsWith("/").nullable(),
  memoryBytes: z.int().positive().nullable(),
  cpus: z.number().positive().nullable(),
  shmBytes: z.int().positive().nullable(),
  tmpfs: z.array(z.string().startsWith("/")),
  extraHosts: z.array(z.string()),
  aliases: z.array(z.string()),
  /** Caches of this project, mounted as volumes of ours: name -> path inside. */
  caches: z.array(z.strictObject({ name: z.string().min(1).max(100), path: z.string().startsWith("/") })),
  /** `-v /var/run/docker.sock…` was written. */
  dockerSocket: z.boolean(),
});
export type ContainerArgs = z.infer<typeof ContainerArgs>;

const base = { seq: z.int().positive(), session: Handle, fence: Fence, id: Handle };
const path = z.string().min(1).max(4096);

/** Takes a place, a workspace and a session directory. `nonce` marks every Docker object of the session. */
export const OpenCommand = z.strictObject({
  ...base,
  type: z.literal("open"),
  build: z.string().min(1),
  project: z.string().min(1),
  trust: z.enum(["trusted", "untrusted"]),
  profile: z.enum(["standard", "untrusted"]),
  nonce: z.string().regex(/^[0-9a-f]{24,64}$/),
  scm: Scm.nullable(),
  /** `customWorkspace`, `ws`: a named slot; null: any slot of the project. */
  workspace: z.string().min(1).nullable(),
  dockerApi: z.boolean(),
  limits: Limits,
});
export type OpenCommand = z.infer<typeof OpenCommand>;

/** Starts a container. `main` and `inside` run our supervisor; `service` and `run` run the image's own command. `image` null: the runner's agent image. */
export const ContainerCommand = z.strictObject({
  ...base,
  type: z.literal("container"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/),
  image: z.string().min(1).nullable(),
  pull: z.enum(["missing", "always", "never"]),
  role: z.enum(["main", "inside", "service", "run"]),
  args: ContainerArgs,
  /** Arguments behind the image's entrypoint; only for `service` and `run`. */
  command: z.array(z.string()).nullable(),
  env: EnvMap,
  credential: RegistryCredential.nullable(),
});
export type ContainerCommand = z.infer<typeof ContainerCommand>;

/** Brings a commit into `dir` (relative to the workspace; `.` is the workspace itself). `depth` null: whole history. */
export const CheckoutCommand = z.strictObject({
  ...base,
  type: z.literal("checkout"),
  dir: path,
  scm: Scm,
  depth: z.int().positive().nullable(),
  submodules: z.boolean(),
  lfs: z.boolean(),
});
export type CheckoutCommand = z.infer<typeof CheckoutCommand>;

/** One secret value for an exec: as a variable's value, or as a file (0400, the container's user) whose path the variable holds. */
export const ExecSecret = z.strictObject({
  ref: SecretRef,
  variable: z.string().min(1),
  as: z.enum(["value", "file"]),
  fileName: z.string().min(1).max(100).nullable(),
});
export type ExecSecret = z.infer<typeof ExecSecret>;

/** A script's text: its `#!` line, else `interpreter`, else `/bin/sh -xe`. */
export const ExecRun = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("script"),
    text: z.string(),
    interpreter: z.array(z.string().min(1)).min(1).nullable(),
  }),
  z.strictObject({ kind: z.literal("argv"), argv: z.array(z.string()).min(1) }),
]);
export type ExecRun = z.infer<typeof ExecRun>;

/** Runs a command in a container of the session. `masks`: further refs whose values this log must not show. */
export const ExecCommand = z.strictObject({
  ...base,
  type: z.literal("exec"),
  container: z.string().min(1),
  run: ExecRun,
  cwd: z.string().startsWith("/"),
  env: EnvMap,
  secrets: z.array(ExecSecret),
  masks: z.array(SecretRef),
  capture: z.enum(["none", "stdout"]),
  label: z.string().nullable(),
  /** Files of the workspace that the log's text is appended to when the step has ended. */
  tees: z.array(z.string().startsWith("/")).optional(),
});
export type ExecCommand = z.infer<typeof ExecCommand>;

/** Bytes in a message: text as it is, anything else as base64; what is larger than 1 MiB goes as a blob. */
export const Data = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text: z.string() }),
  z.strictObject({ kind: z.literal("base64"), base64: z.base64() }),
  z.strictObject({ kind: z.literal("blob"), blob: Sha256, bytes: z.int().nonnegative() }),
]);
export type Data = z.infer<typeof Data>;

/** Ant patterns (`**` crosses folders), relative to the directory of the command. `defaultExcludes`: leave out what Ant leaves out (.git, *~ …). */
export const Globs = z.strictObject({
  include: z.array(z.string().min(1)),
  exclude: z.array(z.string().min(1)),
  defaultExcludes: z.boolean(),
  ignoreCase: z.boolean().optional(),
});
export type Globs = z.infer<typeof Globs>;

/** What to do with a file. Paths are relative to `cwd`, or absolute below the workspace or its temporary folder. */
export const FileOperation = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("read"), path, as: z.enum(["text", "base64"]) }),
  z.strictObject({ op: z.literal("write"), path, data: Data, append: z.boolean() }),
  z.strictObject({ op: z.literal("exists"), path }),
  /** `atMs`: the time to give it; null for now. */
  z.strictObject({ op: z.literal("touch"), path, atMs: z.int().nullable() }),
  z.strictObject({ op: z.literal("mkdir"), path }),
  /** Removes the folder `path` and all below it; the workspace itself is emptied, not removed. */
  z.strictObject({ op: z.literal("delete"), path }),
  z.strictObject({ op: z.literal("find"), globs: Globs }),
  /** All files that match, with their text: test reports. */
  z.strictObject({
    op: z.literal("read-all"),
    globs: Globs,
    maxFiles: z.int().positive(),
    maxBytes: z.int().positive(),
  }),
  /** Files below `cwd` that match, as an archive in the workspace; whatever stood there is replaced. */
  z.strictObject({ op: z.literal("pack"), path, format: z.enum(["zip", "tar", "tgz"]), globs: Globs }),
  /** What matches of an archive: `write` below `cwd`, `read` as texts, or `test` whether all of it can be read. */
  z.strictObject({
    op: z.literal("unpack"),
    path,
    format: z.enum(["zip", "tar"]),
    globs: Globs,
    purpose: z.enum(["write", "read", "test"]),
  }),
]);
export type FileOperation = z.infer<typeof FileOperation>;

/** A file step. `cwd` is the path as the build sees it. */
export const FileCommand = z.strictObject({
  ...base,
  type: z.literal("file"),
  cwd: z.string().startsWith("/"),
  operation: FileOperation,
});
export type FileCommand = z.infer<typeof FileCommand>;

/** stash and cache-save make one tar blob; archive makes one blob per file. */
export const BlobOperation = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("stash"), globs: Globs, allowEmpty: z.boolean() }),
  z.strictObject({ op: z.literal("unstash"), blob: Sha256 }),
  z.strictObject({ op: z.literal("archive"), globs: Globs, allowEmpty: z.boolean() }),
  /** Single files, to places relative to `cwd`. */
  z.strictObject({ op: z.literal("fetch"), files: z.array(z.strictObject({ path, blob: Sha256 })) }),
  z.strictObject({ op: z.literal("cache-save"), globs: Globs }),
  z.strictObject({ op: z.literal("cache-restore"), blob: Sha256 }),
]);
export type BlobOperation = z.infer<typeof BlobOperation>;

/** Files of the workspace into blobs, or back. */
export const BlobCommand = z.strictObject({
  ...base,
  type: z.literal("blob"),
  cwd: z.string().startsWith("/"),
  operation: BlobOperation,
});
export type BlobCommand = z.infer<typeof BlobCommand>;

/** Images through the runner's engine. `imageId` of a push is the one its build recorded. */
export const ImageOperation = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("build"),
    /** Folder of the context, and the Dockerfile relative to it. */
    context: path,
    dockerfile: path,
    tags: z.array(z.string().min(1)),
    buildArgs: z.record(z.string(), z.string()),
    labels: z.record(z.string(), z.string()),
    target: z.string().min(1).nullable(),
    pull: z.boolean(),
    noCache: z.boolean(),
    network: z.enum(["default", "none"]),
    platform: z.string().min(1).nullable(),
    cacheFrom: z.array(z.string().min(1)),
    credentials: z.array(RegistryCredential),
  }),
  z.strictObject({
    op: z.literal("tag"),
    image: z.string().min(1),
    repository: z.string().min(1),
    tag: z.string().min(1),
  }),
  z.strictObject({
    op: z.literal("push"),
    image: z.string().min(1),
    repository: z.string().min(1),
    tag: z.string().min(1),
    credential: RegistryCredential.nullable(),
  }),
  z.strictObject({
    op: z.literal("pull"),
    image: z.string().min(1),
    credential: RegistryCredential.nullable(),
  }),
  z.strictObject({ op: z.literal("inspect"), image: z.string().min(1) }),
]);
export type ImageOperation = z.infer<typeof ImageOperation>;

/** An image step. `cwd` is the folder that a relative context starts from. */
export const ImageCommand = z.strictObject({
  ...base,
  type: z.literal("image"),
  cwd: z.string().startsWith("/"),
  operation: ImageOperation,
});
export type ImageCommand = z.infer<typeof ImageCommand>;

/** Ends another command: TERM, `graceMs` later KILL, then what escaped. Answered at once; the command's own `ended` follows. */
export const CancelCommand = z.strictObject({
  ...base,
  type: z.literal("cancel"),
  command: Handle,
  graceMs: z.int().nonnegative(),
});
export type CancelCommand = z.infer<typeof CancelCommand>;

/** Removes one container. */
export const DropCommand = z.strictObject({
  ...base,
  type: z.literal("drop"),
  container: z.string().min(1),
});
export type DropCommand = z.infer<typeof DropCommand>;

/** Stops the session's containers; their file systems and the workspace stay. */
export const ParkCommand = z.strictObject({ ...base, type: z.literal("park") });
export type ParkCommand = z.infer<typeof ParkCommand>;

/** Starts them again. */
export const UnparkCommand = z.strictObject({ ...base, type: z.literal("unpark") });
export type UnparkCommand = z.infer<typeof UnparkCommand>;

/** Ends the session: containers and session directory are removed, the workspace goes back to its slot. */
export const CloseCommand = z.strictObject({ ...base, type: z.literal("close") });
export type CloseCommand = z.infer<typeof CloseCommand>;

/** What a server tells a runner. `seq` counts per session; a command is sent again until its `ended` is acked. */
export const Command = z.discriminatedUnion("type", [
  OpenCommand,
  ContainerCommand,
  CheckoutCommand,
  ExecCommand,
  FileCommand,
  BlobCommand,
  ImageCommand,
  CancelCommand,
  DropCommand,
  ParkCommand,
  UnparkCommand,
  CloseCommand,
]);
export type Command = z.infer<typeof Command>;
export type CommandType = Command["type"];

/** Said to the runner as a whole: take no new session; take them again; say hello again. */
export const Control = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("drain") }),
  z.strictObject({ type: z.literal("resume") }),
  z.strictObject({ type: z.literal("hello") }),
]);
export type Control = z.infer<typeof Control>;

// ---- values of commands ------------------------------------------------------------------------------------------

/** `env` holds NODE_NAME, WORKSPACE and their like; `dockerApi` says whether the session has its own Docker socket. */
export const OpenedValue = z.strictObject({
  workspace: z.string(),
  temp: z.string(),
  node: z.string(),
  slot: z.string(),
  dockerApi: z.boolean(),
  env: z.record(z.string(), z.string()),
});
export type OpenedValue = z.infer<typeof OpenedValue>;

/** `env` is the image's own environment, `user` what steps run as, `imageId` the local id, `digest` of the registry where known. */
export const ReadyValue = z.strictObject({
  containerId: z.string(),
  imageId: z.string(),
  digest: z.string().nullable(),
  user: z.string(),
  home: z.string(),
  env: z.record(z.string(), z.string()),
});
export type ReadyValue = z.infer<typeof ReadyValue>;

/** `env` holds GIT_COMMIT, GIT_BRANCH, GIT_URL and their like; `message` is the commit's first line. */
export const CheckoutValue = z.strictObject({
  commit: CommitId,
  author: z.string(),
  message: z.string(),
  env: z.record(z.string(), z.string()),
});
export type CheckoutValue = z.infer<typeof CheckoutValue>;

/** What a container may use of the machine's memory, and the most that it has used. */
export const MemoryUse = z.strictObject({
  limitBytes: z.int().nonnegative().nullable(),
  peakBytes: z.int().nonnegative().nullable(),
});
export type MemoryUse = z.infer<typeof MemoryUse>;

/** `oom`: the kernel killed something of the container while the step ran, with `memory` as it was then. `cancelled`: we ended it. `incomplete`: output may be missing, said in the log. */
export const ExecValue = z.strictObject({
  exit: z.int().min(0).max(255),
  signal: z.string().nullable(),
  oom: z.boolean(),
  memory: MemoryUse.optional(),
  cancelled: z.boolean(),
  incomplete: z.boolean(),
  out: Data.nullable(),
});
export type ExecValue = z.infer<typeof ExecValue>;

/** One file as `findFiles` shows it; `path` is relative to the command's directory. */
export const FileFact = z.strictObject({
  name: z.string(),
  path: z.string(),
  directory: z.boolean(),
  bytes: z.int().nonnegative(),
  modifiedAtMs: z.int(),
});
export type FileFact = z.infer<typeof FileFact>;

/** By operation: read `data`; find, pack and writing unpack `files`; read-all and reading unpack `texts`; others `done`. */
export const FileValue = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("data"), data: Data }),
  z.strictObject({ kind: z.literal("done"), done: z.boolean() }),
  z.strictObject({ kind: z.literal("files"), files: z.array(FileFact) }),
  z.strictObject({
    kind: z.literal("texts"),
    texts: z.array(z.strictObject({ path: z.string(), modifiedAtMs: z.int(), data: Data })),
    /** Files that matched and were left out because of a limit. */
    left: z.int().nonnegative(),
  }),
]);
export type FileValue = z.infer<typeof FileValue>;

/** `blob` is the tar of stash and cache-save; `files` are the single files of archive. */
export const BlobValue = z.strictObject({
  blob: Sha256.nullable(),
  bytes: z.int().nonnegative(),
  count: z.int().nonnegative(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), blob: Sha256 })),
});
export type BlobValue = z.infer<typeof BlobValue>;

/** `digest` is the registry's (push, pull), null where the image never was in one. */
export const ImageValue = z.strictObject({
  imageId: z.string(),
  digest: z.string().nullable(),
  tags: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
});
export type ImageValue = z.infer<typeof ImageValue>;

/** Cancel, drop, park, unpark and close have nothing to say but that it is done. */
export const DoneValue = z.strictObject({});
export type DoneValue = z.infer<typeof DoneValue>;

/** A command's value, told apart by the type of the command it answers. */
export const CommandValue = z.discriminatedUnion("of", [
  z.strictObject({ of: z.literal("open"), value: OpenedValue }),
  z.strictObject({ of: z.literal("container"), value: ReadyValue }),
  z.strictObject({ of: z.literal("checkout"), value: CheckoutValue }),
  z.strictObject({ of: z.literal("exec"), value: ExecValue }),
  z.strictObject({ of: z.literal("file"), value: FileValue }),
  z.strictObject({ of: z.literal("blob"), value: BlobValue }),
  z.strictObject({ of: z.literal("image"), value: ImageValue }),
  z.strictObject({ of: z.literal("cancel"), value: DoneValue }),
  z.strictObject({ of: z.literal("drop"), value: DoneValue }),
  z.strictObject({ of: z.literal("park"), value: DoneValue }),
  z.strictObject({ of: z.literal("unpark"), value: DoneValue }),
  z.strictObject({ of: z.literal("close"), value: DoneValue }),
]);
export type CommandValue = z.infer<typeof CommandValue>;

/** How a command ended: a value or a failure, never neither. */
export const Outcome = z.union([
  z.strictObject({ ok: z.literal(true), result: CommandValue }),
  z.strictObject({ ok: z.literal(false), failure: Failure }),
]);
export type Outcome = z.infer<typeof Outcome>;

// ---- events ------------------------------------------------------------------------------------------------------

const about = { no: z.int().positive(), session: Handle, fence: Fence };

/**
 * What a runner tells a server. `no` counts per boot. `started` may come late, with the next post; `progress` shows that
 * a long command lives (its words are in its log); `lost` says that a session ended by itself (its open commands have had their own `ended`).
 */
export const RunnerEvent = z.discriminatedUnion("type", [
  z.strictObject({ ...about, type: z.literal("started"), command: Handle, pid: z.int().nullable() }),
  z.strictObject({ ...about, type: z.literal("progress"), command: Handle, text: z.string() }),
  z.strictObject({ ...about, type: z.literal("ended"), command: Handle, outcome: Outcome }),
  z.strictObject({ ...about, type: z.literal("lost"), failure: Failure }),
]);
export type RunnerEvent = z.infer<typeof RunnerEvent>;

/** Posted at once when none is in flight, else with the next; an empty list is the heartbeat. */
export const EventsRequest = z.strictObject({
  boot: z.string().min(1),
  /** How much of the runner's disk is free while that is too little for new agents; null: enough. */
  diskFreePercent: z.int().min(0).max(100).nullable().default(null),
  events: z.array(RunnerEvent),
});
export type EventsRequest = z.infer<typeof EventsRequest>;

/** `acked`: numbers of events that are stored (or were before). `refused`: sessions that are not this runner's any more; it removes them. */
export const EventsAnswer = z.strictObject({
  acked: z.array(z.int().positive()),
  refused: z.array(Handle),
});
export type EventsAnswer = z.infer<typeof EventsAnswer>;

// ---- log, secrets ------------------------------------------------------------------------------------------------

/** Length of the stored log of a step after (200) or at (409) the call. */
export const LogAnswer = z.strictObject({ stored: z.int().nonnegative() });
export type LogAnswer = z.infer<typeof LogAnswer>;

/** Values for refs bound in this build; audited. */
export const SecretsRequest = z.strictObject({ fence: Fence, refs: z.array(SecretRef).min(1) });
export type SecretsRequest = z.infer<typeof SecretsRequest>;

/** By ref. `mask` false: not secret (a user name), left readable in logs. A ref in `gone` was revoked. */
export const SecretsAnswer = z.strictObject({
  values: z.record(SecretRef, z.strictObject({ base64: z.base64(), mask: z.boolean() })),
  gone: z.array(SecretRef),
});
export type SecretsAnswer = z.infer<typeof SecretsAnswer>;

/** How many sessions may be asked about at once. */
export const MOST_LEFTOVERS = 1000;

/** Sessions of other runners that something is left of on this runner's engine. */
export const LeftoversRequest = z.strictObject({
  sessions: z.array(z.string().max(200)).max(MOST_LEFTOVERS),
});
export type LeftoversRequest = z.infer<typeof LeftoversRequest>;

/** Images that a runner whose disk is nearly full could remove. */
export const ImagesRequest = z.strictObject({
  images: z
    .array(
      z.strictObject({
        id: z.string().max(200),
        digests: z.array(z.string().max(500)),
        build: z.string().max(200).nullable(),
      }),
    )
    .max(1000),
});
export type ImagesRequest = z.infer<typeof ImagesRequest>;

/** Ids of those that must stay: of builds that have not ended, of what is live, of releases that one may go back to. */
export const ImagesAnswer = z.strictObject({ needed: z.array(z.string()) });
export type ImagesAnswer = z.infer<typeof ImagesAnswer>;

/** Those that are over: whatever is left of them may be taken away by anybody. */
export const LeftoversAnswer = z.strictObject({ over: z.array(z.string()) });
export type LeftoversAnswer = z.infer<typeof LeftoversAnswer>;
