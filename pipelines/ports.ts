import type { Span } from "./diagnostic.ts";

/*
 * Everything the engine says to its host and hears from it: types only. The engine is synchronous, holds no promise,
 * clock or random source, and never throws. The host (server/builds, a dry run, a test) owns journal, ports and time.
 */

/** `<flow>:<k>`: flow `0` is the root, `F.k-b` branch b of the fork that took number k in flow F. */
export type EffectId = string;

/** Jenkins' results, from good to bad. */
export type Result = "SUCCESS" | "UNSTABLE" | "FAILURE" | "NOT_BUILT" | "ABORTED";

/** A value at rest: JSON, with `{"$": …}` for what JSON cannot say (long, big, dec, dbl, map, set, bytes, error, ref). */
export type Stored =
  | null
  | boolean
  | number
  | string
  | readonly Stored[]
  | { readonly [key: string]: Stored };

/** Why something was interrupted, for the log and for `e.causes`. */
export type StoredCause = { readonly kind: string; readonly text: string; readonly user?: string };

/** An exception at rest. `class` is the Java name a script would catch; `result` makes it an interruption. */
export type StoredError = {
  readonly $: "error";
  readonly class: string;
  readonly message: string;
  /** Set for interruptions only. */
  readonly result?: Result;
  readonly exit?: number;
  /** Reason code of the build when nobody catches this (`runner_lost`, `timeout`, `exit_lost` …). */
  readonly code?: string;
  readonly fault?: Fault;
  readonly causes: readonly StoredCause[];
};

export type Fault = "command" | "file" | "sluice" | "person";

/** The kinds of effect; each has one owner on the host's side and one policy on resume. */
export type EffectKind =
  | "session"
  | "container"
  | "exec"
  | "checkout"
  | "image"
  | "blob"
  | "file"
  | "timer"
  | "gate"
  | "deployment"
  | "lock"
  | "build"
  | "signal"
  | "message"
  | "http"
  | "read";

/** What to do with an effect that had begun and not ended when the engine was loaded again. */
export type ResumePolicy = "reattach" | "repeat" | "once";

/** One loaded build. The first call is made without an outcome; each call runs until no flow can run. */
export interface Engine {
  turn(outcome?: Outcome): Turn;
}

/** What one delivery brought about. Begins, closes and cancels are in the order the engine made them. */
export type Turn = {
  readonly begins: readonly Begin[];
  /** Effects the engine no longer waits for: `begun -> closed`, no ord. */
  readonly closes: readonly EffectId[];
  readonly cancels: readonly Cancel[];
  /** Agent blocks left and containers dropped: the host closes them in the turn's transaction. */
  readonly leaves: readonly Leave[];
  readonly marks: readonly Mark[];
  readonly end?: BuildEnd;
};

export type Begin = {
  readonly id: EffectId;
  /** Order of begin in the build, from 1. */
  readonly n: number;
  /** Number of the step on page and in log addresses; null for what no page shows as a step (timers, reads of a directive). */
  readonly stepNo: number | null;
  readonly kind: EffectKind;
  readonly name: string;
  readonly policy: ResumePolicy;
  /** The arguments the user wrote; holds plain secrets where a script put them there, so it is stored encrypted. */
  readonly args: Stored;
  /** First 16 bytes, in hex, of SHA-256 over name and arguments, bound secrets replaced by their binding's name. */
  readonly argsHash: string;
  readonly request: Request;
  /** Effect ids of the timers around this one, outermost first: a gate's limit is the earliest of them and its own. */
  readonly timers: readonly EffectId[];
  /** Path of the innermost stage, as in its StageMark. */
  readonly stage: string | null;
  readonly span: Span;
};

/** Asks the owner to end the effect early. It must still end it (an interruption error will do) or be closed. */
export type Cancel = { readonly id: EffectId; readonly reason: string; readonly level: 1 | 2 };

export type Leave = { readonly kind: "session" | "container" | "lock"; readonly id: EffectId };

/** One delivery, read from the journal in the order of `ord`, in the first run and in every replay alike. */
export type Outcome =
  | { readonly ord: number; readonly id: EffectId; readonly value: Stored }
  | { readonly ord: number; readonly id: EffectId; readonly error: StoredError }
  | {
      readonly ord: number;
      readonly abort: 1 | 2;
      readonly by: string;
      readonly result?: "ABORTED" | "NOT_BUILT";
      readonly reason?: string;
    };

/** The engine's other outputs. Replay gives the same sequence, so `no` (from 1) tells what was written already. */
export type Mark = { readonly no: number } & MarkBody;

export type MarkBody = TextMark | LogMark | StageMark | StepMark | BuildMark | SettingsMark;

/** One line of the console, without its newline (an echo may hold several lines). */
export type TextMark = { readonly kind: "text"; readonly text: string; readonly stepNo: number | null };

/** The place in the console where the log of that step is spliced in. */
export type LogMark = { readonly kind: "log"; readonly stepNo: number };

export type StageState =
  | "running"
  | "succeeded"
  | "unstable"
  | "failed"
  | "aborted"
  | "not_built"
  | "skipped";

/** Latest state of a stage; `path` is unique in the build and stable over replays, `parent` the path around it. */
export type StageMark = {
  readonly kind: "stage";
  readonly path: string;
  readonly name: string;
  readonly parent: string | null;
  readonly state: StageState;
  /** `group`: holds nested stages; `branch`: a branch of a scripted parallel, shown as a column. */
  readonly shape: "stage" | "parallel" | "group" | "branch";
  /** Why it was skipped. */
  readonly note: string | null;
};

export type StepState = "running" | "succeeded" | "unstable" | "failed" | "aborted";

export type StepMark = {
  readonly kind: "step";
  readonly stepNo: number;
  readonly stage: string | null;
  readonly name: string;
  /** One line for people: the script's first line, the message, the label given. */
  readonly label: string;
  readonly state: StepState;
  /** The effect behind it, whose log is the step's; null for echo, error, unstable. */
  readonly effect: EffectId | null;
};

/** Only what changed. */
export type BuildMark = {
  readonly kind: "build";
  readonly displayName?: string;
  readonly description?: string;
  readonly keepLog?: boolean;
  readonly result?: Result;
};

/** Settings the file gives the project (options, triggers, parameters, `properties`), for its next builds. */
export type SettingsMark = {
  readonly kind: "settings";
  readonly parameters: readonly ParameterDefinition[];
  readonly properties: readonly { readonly name: string; readonly args: Stored }[];
  readonly triggers: readonly { readonly name: string; readonly args: Stored }[];
};

export type BuildEnd = {
  readonly result: Result;
  /** Null when the result is SUCCESS. */
  readonly reason: { readonly code: string; readonly fault: Fault; readonly text: string } | null;
  /** Where it went wrong, when a line of the file is known. */
  readonly span: Span | null;
};

/* ------------------------------------------------------------------ head */

/** What is frozen when the build is first loaded and never read again. */
export type Head = {
  readonly commit: string;
  /** `refs/heads/x`, `refs/tags/x`, or a change request's ref. */
  readonly ref: string;
  readonly event: HeadEvent;
  readonly actor: { readonly id: string; readonly name: string; readonly email: string | null } | null;
  /** What was submitted, by name; defaults of the file are added by the engine. */
  readonly parameters: Readonly<Record<string, Stored>>;
  readonly file: { readonly path: string; readonly text: string; readonly commit: string };
  readonly libraries: readonly Library[];
  readonly settings: HeadSettings;
  readonly startedAtMs: number;
  /** Ids of behaviours known when the build was made: `head.changes.includes("2026-12-…")` guards a changed one. */
  readonly changes: readonly string[];
  readonly restartFrom: string | null;
  readonly trusted: boolean;
  readonly project: HeadProject;
  readonly build: HeadBuild;
  /** False: agents `any` and by label have no image to run in, and are refused in words by the runner. */
  readonly hasAgentImage: boolean;
  /** The file's source can be checked out (false for a pasted file and for pushes of images). */
  readonly hasScm: boolean;
};

export type HeadEvent =
  | { readonly kind: "branch"; readonly branch: string; readonly primary: boolean }
  | {
      readonly kind: "tag";
      readonly tag: string;
      readonly atMs: number | null;
      readonly grammar: string | null;
      readonly fields: Readonly<Record<string, string>>;
      /** Grammars of the project this tag fits, for `when { tag comparator: 'GRAMMAR' }`. */
      readonly grammars: readonly string[];
    }
  | {
      readonly kind: "change";
      readonly number: string;
      readonly name: string;
      readonly title: string;
      readonly url: string;
      readonly author: string;
      readonly authorName: string;
      readonly authorEmail: string;
      readonly source: string;
      readonly target: string;
      readonly fork: string | null;
    };

/** Why the build exists, as `triggeredBy` and `getBuildCauses` see it. */
export type HeadCause = {
  /** Simple name of Jenkins' class: UserIdCause, TimerTriggerCause, SCMTriggerCause, BranchEventCause, UpstreamCause, ReplayCause. */
  readonly class: string;
  readonly text: string;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly upstream: { readonly project: string; readonly number: number; readonly url: string } | null;
};

/** A shared library at a commit: `vars/x.groovy`, `src/…`, `resources/…` by path. */
export type Library = {
  readonly name: string;
  readonly version: string;
  readonly commit: string;
  /** Loaded without being asked for. */
  readonly implicit: boolean;
  readonly files: Readonly<Record<string, string>>;
};

export type HeadSettings = {
  readonly timeZone: string;
  /** Label of the runner for agents that name none; null: any. */
  readonly defaultLabel: string | null;
  /** Variables of the project, set on the server. */
  readonly environment: Readonly<Record<string, string>>;
  /** Environments `deploy()` without a name means (the route's list); null: no route matched. */
  readonly deployTo: readonly string[] | null;
  /** Environments this build may reach; null: any whose own refs allow it. */
  readonly mayDeployTo: readonly string[] | null;
};

export type HeadProject = {
  readonly key: string;
  /** JOB_NAME: `folder/repo/branch` as Jenkins writes it for multibranch projects. */
  readonly jobName: string;
  readonly url: string;
  /** Clone address without credentials, for GIT_URL and `scm`. */
  readonly cloneUrl: string;
};

export type HeadBuild = {
  readonly number: number;
  readonly url: string;
  readonly serverUrl: string;
  readonly causes: readonly HeadCause[];
  readonly previousCommit: string | null;
  readonly previousSuccessfulCommit: string | null;
};

/* --------------------------------------------------------------- request */

/** What the host is to do, everything resolved. Paths are those inside the container. */
export type Request =
  | SessionRequest
  | ContainerRequest
  | ExecRequest
  | CheckoutRequest
  | ImageRequest
  | BlobRequest
  | FileRequest
  | TimerRequest
  | GateRequest
  | DeploymentRequest
  | LockRequest
  | ThrottleRequest
  | MilestoneRequest
  | BuildRequest
  | SignalRequest
  | MessageRequest
  | HttpRequest
  | ReadRequest;

/** Where the workspace stands inside every container of a session, and its neighbour for temporary files. */
export type Paths = { readonly workspace: "/sluice/src"; readonly tmp: "/sluice/tmp" };

/** A credential in scope. The runner fetches the value by secret and version when an exec needs it. */
export type SecretRef = {
  /** The read effect that bound it: its handle names files made for it. */
  readonly binding: EffectId;
  readonly secret: string;
  readonly version: number;
  readonly kind: SecretKind;
  readonly variables: readonly SecretVariable[];
};

export type SecretKind =
  | "string"
  | "usernamePassword"
  | "usernameColonPassword"
  | "file"
  | "sshUserPrivateKey";

/** `path` is where a part kept as a file stands inside the container; null for plain values. */
export type SecretVariable = {
  readonly name: string;
  readonly part: SecretPart;
  readonly path: string | null;
};

export type SecretPart = "text" | "username" | "password" | "userpass" | "file" | "key" | "passphrase";

/** A registry, and the secret to speak to it with. The host resolves the name against project and server. */
export type RegistryUse = { readonly url: string; readonly host: string; readonly credential: string | null };

/** What to check out. `url` null: the project's own repository at the build's commit. */
export type Scm = {
  readonly url: string | null;
  readonly credential: string | null;
  readonly sha: string | null;
  /** Branch, tag or full ref; null with a sha. */
  readonly ref: string | null;
  /** Relative to the workspace; "" is the workspace itself. */
  readonly dir: string;
  /** Null: whole history. */
  readonly depth: number | null;
  readonly tags: boolean;
  readonly submodules: "no" | "yes" | "recursive";
  readonly lfs: boolean;
  readonly sparse: readonly string[];
  readonly localBranch: string | null;
  readonly clean: boolean;
};

export type PullPolicy = "missing" | "always" | "never";

/** The main container of an agent. `args` are the words of `docker run` options as written in the file. */
export type AgentContainer = {
  readonly source:
    | { readonly kind: "image"; readonly image: string }
    | {
        readonly kind: "dockerfile";
        /** Context, relative to the workspace. */
        readonly dir: string;
        readonly filename: string;
        /** Words of `additionalBuildArgs`. */
        readonly buildArgs: readonly string[];
      };
  readonly pull: PullPolicy;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly registry: RegistryUse | null;
};

/** An agent: one place, one workspace, perhaps a container. Ended by the runner; value: SessionOpened. */
export type SessionRequest = {
  readonly kind: "session";
  readonly label: string | null;
  /** Name of a workspace of its own (customWorkspace, ws); null: a slot of the project. */
  readonly workspace: string | null;
  /** Session around this one, whose place is lent meanwhile. */
  readonly outer: EffectId | null;
  /** Must run where that session runs (`ws`). */
  readonly beside: EffectId | null;
  readonly checkout: Scm | null;
  readonly container: AgentContainer | null;
  /** `agent { node { retries } }`, 1 when not said. */
  readonly attempts: number;
};

/** Value of a session. `env` is the image's environment overlaid with NODE_NAME, WORKSPACE …; `scm` GIT_COMMIT and so on. */
export type SessionOpened = {
  readonly node: string;
  readonly labels: string;
  readonly workspace: string;
  readonly tmp: string;
  readonly env: Readonly<Record<string, string>>;
  readonly scm: Readonly<Record<string, string>> | null;
};

/** A further container of a session: `inside` (steps run in it), `run` and `service`. Value: ContainerReady. */
export type ContainerRequest = {
  readonly kind: "container";
  readonly session: EffectId;
  /** Unique in the session. */
  readonly name: string;
  readonly role: "inside" | "run" | "service";
  readonly container: AgentContainer;
  /** Command of `run`; empty: the image's own. */
  readonly command: readonly string[];
};

/** `env` is the image's environment, `ports` those published, container port -> port to reach it at. */
export type ContainerReady = {
  readonly id: string;
  readonly digest: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, number>>;
};

/** A process. Value: ExecEnded. */
export type ExecRequest = {
  readonly kind: "exec";
  readonly session: EffectId;
  /** Name of the container to run in; "main" is the agent's own. */
  readonly container: string;
  /** A script (`sh -xe` unless it starts with #!), or a program with its arguments. */
  readonly command: { readonly script: string } | { readonly argv: readonly string[] };
  readonly cwd: string;
  /** The whole environment but for what `secrets` bring. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  /** Standard output comes back in the value and stays out of the log. */
  readonly capture: boolean;
  readonly encoding: string | null;
  readonly label: string | null;
  /** Files of the workspace that get the log's text as well, once it has ended. */
  readonly tees: readonly string[];
  /** Logins to set up for this process (`withDockerRegistry`, `docker.withRegistry`). */
  readonly registries: readonly RegistryUse[];
};

/** `out` is present when captured. */
export type ExecEnded = {
  readonly exit: number;
  readonly signal?: string;
  readonly oom?: boolean;
  /** Present where processes were killed because the container's memory ran out. */
  readonly memory?: { readonly limitBytes: number | null; readonly peakBytes: number | null };
  readonly out?: string;
};

/** A checkout inside a session. Value: `{ env: { GIT_COMMIT, GIT_BRANCH … } }`. */
export type CheckoutRequest = {
  readonly kind: "checkout";
  readonly session: EffectId;
  readonly container: string;
  readonly scm: Scm;
};

/** Images through the runner's engine. Value: `{ imageId, digest? }`. */
export type ImageRequest = { readonly kind: "image"; readonly session: EffectId } & (
  | {
      readonly op: "build";
      readonly tag: string;
      /** Words after `docker build -t TAG`; the last is the context. */
      readonly args: readonly string[];
      readonly cwd: string;
      readonly registries: readonly RegistryUse[];
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly op: "tag"; readonly image: string; readonly to: string }
  | {
      readonly op: "push";
      readonly image: string;
      /** Effect of the build that made it, when we did: its image id is what is pushed. */ readonly built: EffectId | null;
      readonly registry: RegistryUse | null;
    }
  | { readonly op: "pull"; readonly image: string; readonly registry: RegistryUse | null }
  | { readonly op: "inspect"; readonly image: string }
);

/** Files that leave or enter a session. Value: `{ files, bytes }`. `dir` is what globs are relative to. */
export type BlobRequest = { readonly kind: "blob"; readonly session: EffectId; readonly dir: string } & (
  | {
      readonly op: "stash";
      readonly name: string;
      readonly includes: string;
      readonly excludes: string;
      readonly defaultExcludes: boolean;
      readonly allowEmpty: boolean;
    }
  | { readonly op: "unstash"; readonly name: string }
  /** Archived files of another build, as a read `artifacts` named them; `path` is relative to `dir`. */
  | {
      readonly op: "fetch";
      readonly build: number;
      readonly files: readonly { readonly path: string; readonly blob: string }[];
    }
  | {
      readonly op: "archive";
      readonly includes: string;
      readonly excludes: string;
      readonly defaultExcludes: boolean;
      readonly allowEmpty: boolean;
      readonly caseSensitive: boolean;
      readonly fingerprint: boolean;
    }
);

/** Work on single files. `path` and `dir` are absolute inside the container; `container` says whose user acts. */
export type FileRequest = {
  readonly kind: "file";
  readonly session: EffectId;
  readonly container: string;
} & (
  | { readonly op: "read"; readonly path: string; readonly encoding: string | null }
  | {
      readonly op: "write";
      readonly path: string;
      readonly text: string;
      readonly encoding: string | null;
      /** Behind what the file holds, instead of in its place. */
      readonly append: boolean;
    }
  | { readonly op: "exists"; readonly path: string }
  | { readonly op: "touch"; readonly path: string; readonly atMs: number | null }
  | { readonly op: "find"; readonly dir: string; readonly includes: string; readonly excludes: string }
  | {
      readonly op: "delete";
      readonly dir: string;
      readonly includes: string | null;
      readonly excludes: string | null;
    }
  | {
      readonly op: "pack";
      readonly path: string;
      readonly dir: string;
      readonly includes: string;
      readonly excludes: string;
      readonly format: "zip" | "tar" | "tgz";
    }
  | {
      readonly op: "unpack";
      readonly path: string;
      readonly dir: string;
      readonly includes: string;
      readonly format: "zip" | "tar";
      readonly purpose: "write" | "read" | "test";
    }
  /** The host parses the reports and stores the cases. Value: JunitSummary. */
  | {
      readonly op: "junit";
      readonly dir: string;
      readonly includes: string;
      readonly allowEmpty: boolean;
      readonly keepLongOutput: boolean;
    }
);

/*
 * Values of `file`: read -> text (base64 for encoding "Base64"), null when there is no such file; write, touch, delete -> null;
 * exists -> boolean; find, pack, unpack -> list of FoundFile; unpack `read` -> list of FoundText, `test` -> boolean.
 */
export type FoundFile = {
  readonly name: string;
  readonly path: string;
  readonly directory: boolean;
  readonly length: number;
  readonly lastModified: number;
};

/** A file of an archive that was read and not written. */
export type FoundText = { readonly path: string; readonly text: string };

export type JunitSummary = {
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
};

/** Value: null, when the time is over. `activity`: counted from the last output of the effects that name this timer. */
export type TimerRequest = { readonly kind: "timer"; readonly afterMs: number; readonly activity: boolean };

/** A field of a form, and a parameter of the project. */
export type ParameterDefinition = {
  readonly type: "string" | "text" | "boolean" | "choice" | "password" | "credentials" | "run" | "file";
  readonly name: string;
  readonly description: string;
  readonly defaultValue: Stored;
  readonly choices: readonly string[];
  readonly trim: boolean;
};

/** Jenkins' question. Value: `{ by, values: { name: value } }`; refused, expired or withdrawn: an error with `result`. */
export type GateRequest = {
  readonly kind: "gate";
  readonly message: string;
  readonly id: string;
  readonly ok: string;
  readonly submitters: readonly string[];
  readonly submitterParameter: string | null;
  readonly parameters: readonly ParameterDefinition[];
};

/**
 * A roll-out. Value: list of `{ environment, deployment, release, state, images }`, one per environment. What the file
 * did not name is null. A failed one ends with an error (class hudson.AbortException), unless `optional`: then its
 * state is in the value and the engine makes the build unstable.
 */
export type DeploymentRequest = {
  readonly kind: "deployment";
  readonly environments: readonly string[] | null;
  readonly images: Readonly<Record<string, string>> | null;
  readonly env: Readonly<Record<string, string>>;
  readonly message: string;
  readonly timeoutMs: number | null;
  readonly optional: boolean;
};

/**
 * Everything named, or nothing. Value, when taken: `{ resources: [name] }` of those asked for by name (what was taken of a
 * label is told by a read `held`); `skipIfLocked` and not free: null. Given back by a leave of kind "lock".
 */
export type LockRequest = {
  readonly kind: "lock";
  readonly resources: readonly string[];
  /** So many of those that carry a label; 0: all of them. */
  readonly labels: readonly { readonly label: string; readonly quantity: number }[];
  readonly skipIfLocked: boolean;
  readonly inversePrecedence: boolean;
  readonly priority: number;
  readonly reason: string | null;
  readonly timeoutMs: number | null;
};

/** A turn in each category, of which the server has only so many. Value: null. Given back by a leave of kind "lock". */
export type ThrottleRequest = { readonly kind: "throttle"; readonly categories: readonly string[] };

/** Value: null; older builds that have not passed are ended NOT_BUILT. */
export type MilestoneRequest = {
  readonly kind: "milestone";
  readonly ordinal: number;
  readonly label: string | null;
};

/** Value: OtherBuild, or null with `wait` false. */
export type BuildRequest = {
  readonly kind: "build";
  readonly job: string;
  readonly parameters: Readonly<Record<string, Stored>>;
  readonly wait: boolean;
  readonly waitForStart: boolean;
};

/** Another build as scripts see it (`currentBuild.previousBuild`, `build job:`). */
export type OtherBuild = {
  readonly number: number;
  readonly result: Result | null;
  readonly displayName: string;
  readonly description: string | null;
  readonly projectName: string;
  readonly url: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly variables: Readonly<Record<string, string>>;
};

/** Value: `{ image, digest }` or OtherBuild. */
export type SignalRequest = { readonly kind: "signal" } & (
  | { readonly op: "image"; readonly image: string; readonly tag: string; readonly timeoutMs: number }
  /** `project#number`. `stops`: that build is stopped where this wait is. */
  | { readonly op: "build"; readonly runId: string; readonly stops: boolean }
);

/** Value: null when it was handed over or given up; slack: `{ channelId, ts, threadId }`. */
export type MessageRequest = { readonly kind: "message" } & (
  | {
      readonly channel: "mail";
      readonly subject: string;
      readonly body: string;
      readonly html: boolean;
      readonly to: readonly string[];
      readonly cc: readonly string[];
      readonly bcc: readonly string[];
      readonly from: string | null;
      readonly replyTo: string | null;
      /** developers, culprits, requestor …: resolved by the host against the build. */
      readonly providers: readonly string[];
      readonly attachLog: boolean;
      readonly attachments: {
        readonly session: EffectId;
        readonly dir: string;
        readonly includes: string;
      } | null;
    }
  | {
      readonly channel: "slack";
      readonly to: string | null;
      readonly text: string;
      readonly color: string | null;
      readonly credential: string | null;
      readonly baseUrl: string | null;
      readonly blocks: Stored;
      readonly attachments: Stored;
      readonly threadTs: string | null;
    }
  | {
      readonly channel: "dingtalk";
      readonly robot: string;
      readonly type: string;
      readonly title: string;
      readonly text: string;
      readonly at: readonly string[];
      readonly atAll: boolean;
      readonly messageUrl: string | null;
      readonly picUrl: string | null;
      readonly buttons: readonly { readonly title: string; readonly url: string }[];
    }
  /** A commit status on the forge. */
  | {
      readonly channel: "status";
      readonly name: string;
      readonly state: string;
      readonly description: string;
      readonly url: string | null;
    }
);

/** Value: `{ status, content, headers: { name: [value] } }`. Checking the code is the engine's. */
export type HttpRequest = {
  readonly kind: "http";
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: string | null;
  readonly credential: string | null;
  readonly timeoutMs: number | null;
  readonly ignoreTls: boolean;
  readonly output: { readonly session: EffectId; readonly path: string } | null;
  readonly upload: { readonly session: EffectId; readonly path: string } | null;
};

/** Begun and ended in one transaction by the host. */
export type ReadRequest = { readonly kind: "read" } & (
  | { readonly op: "now" } // -> milliseconds
  | { readonly op: "random" } // -> 48 bit number, a seed
  | { readonly op: "uuid" } // -> text
  | {
      readonly op: "previousBuild";
      readonly which:
        | "previous"
        | "built"
        | "completed"
        | "failed"
        | "notFailed"
        | "successful"
        | "inProgress";
      readonly before: number;
    } // -> OtherBuild | null
  | { readonly op: "changeSets"; readonly number: number } // -> list of Commit
  /** -> ArtifactsFound; `build` null where none fits. */
  | {
      readonly op: "artifacts";
      /** Key of a project, or project/branch. */
      readonly job: string;
      readonly selector: BuildSelector;
      /** The build had these, among others. */
      readonly parameters: Readonly<Record<string, string>>;
      readonly includes: string;
      readonly excludes: string;
    }
  | { readonly op: "held"; readonly lock: EffectId } // -> names that this lock holds, in the order asked for
  | { readonly op: "nodes"; readonly label: string; readonly offline: boolean } // -> names of runners
  /** Binds secrets. Value: list of BoundSecret in the order asked; unknown id: an error naming it. */
  | { readonly op: "credentials"; readonly wanted: readonly WantedSecret[] }
);

/** Which build of a job: the latest that ended so, one by its number, or the one that started this build. */
export type BuildSelector =
  | {
      readonly kind: "latest";
      readonly results: readonly Result[];
      readonly needs: "nothing" | "files" | "keep";
    }
  | { readonly kind: "number"; readonly number: number }
  | { readonly kind: "upstream"; readonly orLatest: boolean };

/** `id` is the server's, for the fetching; `project` and `number` are for people. */
export type ArtifactsFound = {
  readonly build: { readonly id: number; readonly project: string; readonly number: number } | null;
  readonly files: readonly { readonly path: string; readonly blob: string; readonly bytes: number }[];
};

export type WantedSecret = {
  readonly secret: string;
  /** Null (`credentials('x')`): whatever type it has decides which variables come. */
  readonly kind: SecretKind | null;
  /** Part -> variable; with kind null only `text` is set, the base name X (X, X_USR, X_PSW). */
  readonly variables: Readonly<Partial<Record<SecretPart, string>>>;
};

/**
 * A binding as delivered. The journal keeps all but `value`s; the host adds them from the vault at each delivery.
 * For a part kept as a file the value is the path the runner will put it at.
 */
export type BoundSecret = {
  readonly secret: string;
  readonly version: number;
  readonly kind: SecretKind;
  readonly variables: readonly {
    readonly name: string;
    readonly part: SecretPart;
    readonly path: string | null;
    readonly value: string;
    /** False for user names unless configured. */
    readonly masked: boolean;
  }[];
};

/** A commit of a change set. */
export type Commit = {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly author: string;
  readonly authorEmail: string;
  readonly atMs: number;
  readonly files: readonly { readonly path: string; readonly edit: "add" | "edit" | "delete" }[];
};
