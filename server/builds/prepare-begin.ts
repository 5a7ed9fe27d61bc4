import { randomBytes } from "node:crypto";
import type {
  Begin,
  BuildEnd,
  BuildRequest,
  DeploymentRequest,
  EffectId,
  Head,
  MessageRequest,
  Request,
  Stored,
  StoredError,
} from "../../pipelines/ports.ts";
import { unreachable } from "../../pipelines/unreachable.ts";
import type { Limits, Scm } from "../../runners/protocol.ts";
import type { BeginInput, CommandInput, EndInput, PortInput } from "./journal/turn-input.ts";
import type { MessageRoute } from "./message-step.ts";
import type { NewBuild } from "../webhooks/new-build.ts";
import type { CommandNote } from "./journal/command-note.ts";
import type { BuildSeal } from "./seal.ts";
import {
  type BoundCredential,
  type CommandBody,
  type StashedBlob,
  type TranslateContext,
  commandsFor,
  repositoryAndTag,
  credentialNames,
} from "./translate/commands.ts";
import { type Wished, wishesOfLock, wishesOfThrottle } from "../locks/wished.ts";
import { interruption, refusal } from "./translate/failure.ts";
import type { EffectOutcome } from "./translate/outcome.ts";

/** The build a begin belongs to, as far as its ports must know it. */
export interface BeginScope {
  readonly buildId: number;
  readonly projectId: number;
  readonly projectKey: string;
  readonly buildName: string;
  readonly trusted: boolean;
  readonly head: Head;
  readonly seal: BuildSeal;
}

/** A build that another one waits for. */
export interface AwaitedBuild {
  readonly id: number;
  /** What it is for scripts once it has ended; null before. */
  readonly ended: Stored | null;
}

/** Look-ups that a begin needs before it is written; each may be repeated without harm. */
export interface BeginPorts {
  /** Answers a read, with the versions of secrets it bound. */
  answerRead(
    scope: BeginScope,
    begin: Begin,
  ): Promise<{ outcome: EffectOutcome; bindings: readonly { secretId: number; version: number }[] }>;
  /** A credential by name, for this project. */
  credential(scope: BeginScope, name: string): Promise<BoundCredential | null>;
  /** Registries of project and server that a secret opens. */
  registrySecrets(scope: BeginScope): readonly { readonly host: string; readonly secret: string }[];
  /** The project's repository at the build's commit, and the credential that opens it. */
  ownScm(scope: BeginScope): Promise<{ scm: Scm; credential: BoundCredential | null } | null>;
  /** Commit of a branch or tag elsewhere; null when there is none. */
  resolveRef(
    scope: BeginScope,
    url: string,
    ref: string,
    credential: BoundCredential | null,
  ): Promise<string | null>;
  stash(scope: BeginScope, name: string): Promise<StashedBlob | null>;
  /** Environments a deploy step may reach, or why not. */
  environmentsFor(
    scope: BeginScope,
    wanted: readonly string[] | null,
  ): Promise<
    { ok: true; environments: readonly { name: string; limitMs: number }[] } | { ok: false; reason: string }
  >;
  /** Channel and recipients of a message step. */
  messageRoute(scope: BeginScope, request: MessageRequest): MessageRoute | null;
  /** Number of the newest later build of the ref that has passed this milestone, as far as known before; for words. */
  newerPast(scope: BeginScope, ordinal: number): Promise<number | null>;
  /** A build of another project that a step asks for, or why there cannot be one. */
  otherBuild(
    scope: BeginScope,
    request: BuildRequest,
  ): Promise<{ ok: true; build: NewBuild } | { ok: false; reason: string }>;
  /** Resources that carry a label; undefined where no label is called so. */
  readonly resourcesOf: (label: string) => readonly string[] | undefined;
  /** How many blocks a category lets run at once; undefined where there is no such category. */
  readonly turnsOf: (category: string) => number | undefined;
  /** Gives this build archived files of another one; false where they are gone. */
  shareBlobs(scope: BeginScope, from: number, blobs: readonly string[]): Promise<boolean>;
  /** The build that a `project#number` names. */
  buildNamed(runId: string): Promise<AwaitedBuild | null>;
  limits(scope: BeginScope): Limits;
  /** Where deployments are only planned (`sluice run`): what the step ends with at once. */
  planDeployment?(scope: BeginScope, begin: Begin, request: DeploymentRequest): Promise<EffectOutcome>;
  /** Where there is one runner that stands for every label (`sluice run`). */
  readonly ignoresLabels?: boolean;
}

/** `b118.0.2-1_4`: known before anything happens, fit for the names of files and containers. */
export function handleOf(buildId: number, effect: EffectId): string {
  return `b${buildId}.${effect.replaceAll(":", "_")}`;
}

const GATE_LIMIT_MS = 30 * 86_400_000;

/** What a begin becomes in the journal: its rows, or its end at once where it can be told already. */
export async function prepareBegin(scope: BeginScope, begin: Begin, ports: BeginPorts): Promise<BeginInput> {
  const base = {
    id: begin.id,
    n: begin.n,
    stepNo: begin.stepNo,
    kind: begin.kind,
    name: begin.name,
    args: scope.seal.seal(`args ${begin.id}`, JSON.stringify(begin.args)),
    argsHash: begin.argsHash,
    handle: handleOf(scope.buildId, begin.id),
    stage: begin.stage,
    line: begin.span.line,
    column: begin.span.column,
    timers: begin.timers,
  };
  const prepared = await preparePort(scope, begin, ports);
  return {
    ...base,
    port: prepared.port,
    outcome: prepared.outcome === null ? null : sealOutcome(scope.seal, begin.id, prepared.outcome),
    bindings: prepared.bindings,
  };
}

/** An outcome as the journal keeps it. */
export function sealOutcome(seal: BuildSeal, effect: EffectId, outcome: EffectOutcome): Uint8Array {
  return seal.seal(`outcome ${effect}`, JSON.stringify(outcome));
}

interface Prepared {
  readonly port: PortInput;
  readonly outcome: EffectOutcome | null;
  readonly bindings: readonly { secretId: number; version: number }[];
}

function ended(outcome: EffectOutcome): Prepared {
  return { port: { kind: "none" }, outcome, bindings: [] };
}

function refused(reason: string, code = "not_allowed", fault: StoredError["fault"] = "file"): Prepared {
  return ended({ error: refusal(reason, code, fault) });
}

async function preparePort(scope: BeginScope, begin: Begin, ports: BeginPorts): Promise<Prepared> {
  const request = begin.request;
  switch (request.kind) {
    case "session":
    case "container":
    case "exec":
    case "checkout":
    case "image":
    case "blob":
    case "file":
      return await prepareCommands(scope, begin, request, ports);
    case "timer":
      return {
        port: { kind: "timer", afterMs: request.afterMs, activity: request.activity },
        outcome: null,
        bindings: [],
      };
    case "gate":
      return {
        port: {
          kind: "gate",
          message: request.message,
          ok: request.ok,
          form: JSON.stringify({
            id: request.id,
            fields: request.parameters,
            submitterParameter: request.submitterParameter,
            stage: begin.stage,
          }),
          submitters: request.submitters.length === 0 ? null : JSON.stringify(request.submitters),
          limitMs: GATE_LIMIT_MS,
        },
        outcome: null,
        bindings: [],
      };
    case "deployment": {
      if (!scope.trusted) return refused("a change of somebody who may not write deploys nothing");
      if (ports.planDeployment !== undefined) return ended(await ports.planDeployment(scope, begin, request));
      const reachable = await ports.environmentsFor(scope, request.environments);
      if (!reachable.ok) return refused(reachable.reason);
      if (reachable.environments.length === 0) return ended({ value: [] });
      const wanted = scope.seal.seal(
        `deployment ${begin.id}`,
        JSON.stringify({ images: request.images, env: request.env, optional: request.optional }),
      );
      return {
        port: {
          kind: "deployments",
          deployments: reachable.environments.map(({ name, limitMs }) => ({
            environment: name,
            message: request.message === "" ? null : request.message,
            wanted,
            limitMs: request.timeoutMs ?? limitMs,
          })),
        },
        outcome: null,
        bindings: [],
      };
    }
    case "message": {
      const route = ports.messageRoute(scope, request);
      // A message that nobody can be sent is no reason to fail a build.
      if (route === null) return ended({ value: null });
      return {
        port: {
          kind: "message",
          channel: route.channel,
          recipients: route.recipients,
          event: "step",
          body: JSON.stringify(route.message),
        },
        outcome: null,
        bindings: [],
      };
    }
    case "milestone": {
      const newer = await ports.newerPast(scope, request.ordinal);
      const who = newer === null ? "a newer build" : `build ${newer}`;
      const late = { error: interruption("NOT_BUILT", `${who} has passed this milestone before`) };
      return {
        port: {
          kind: "milestone",
          ordinal: request.ordinal,
          late: sealOutcome(scope.seal, begin.id, late),
        },
        outcome: { value: null },
        bindings: [],
      };
    }
    case "http":
      return { port: { kind: "none" }, outcome: null, bindings: [] };
    case "read": {
      const answer = await ports.answerRead(scope, begin);
      return { port: { kind: "none" }, outcome: answer.outcome, bindings: answer.bindings };
    }
    case "lock": {
      const sealed = (value: Stored): Uint8Array => sealOutcome(scope.seal, begin.id, { value });
      return lockPort(wishesOfLock(request, ports.resourcesOf, scope.trusted), {
        priority: request.priority,
        newestFirst: request.inversePrecedence,
        granted: sealed({ resources: request.resources }),
        skipped: request.skipIfLocked ? sealed(null) : null,
        timeoutMs: request.timeoutMs,
      });
    }
    case "throttle":
      return lockPort(wishesOfThrottle(request, ports.turnsOf, scope.trusted), {
        priority: 0,
        newestFirst: false,
        granted: sealOutcome(scope.seal, begin.id, { value: null }),
        skipped: null,
        timeoutMs: null,
      });
    case "build": {
      const composed = await ports.otherBuild(scope, request);
      if (!composed.ok) return refused(composed.reason);
      const until = request.waitForStart ? "start" : request.wait ? "end" : null;
      return {
        port: { kind: "build", build: composed.build, until },
        outcome: until === null ? { value: null } : null,
        bindings: [],
      };
    }
    case "signal":
      if (request.op === "image")
        return refused(
          "this server does not hear of images that are pushed: ask the registry by httpRequest, in waitUntil",
        );
      return await prepareAwait(scope, request, ports);
    default:
      return unreachable(request);
  }
}

function lockPort(
  wished: Wished,
  rest: Omit<Extract<PortInput, { kind: "lock" }>, "kind" | "wanted">,
): Prepared {
  if (!wished.ok) return refused(wished.reason);
  return { port: { kind: "lock", wanted: wished.wishes, ...rest }, outcome: null, bindings: [] };
}

async function prepareAwait(
  scope: BeginScope,
  request: Extract<Request, { kind: "signal"; op: "build" }>,
  ports: BeginPorts,
): Promise<Prepared> {
  if (!scope.trusted) return refused("a change of somebody who may not write waits for no other build");
  const named = await ports.buildNamed(request.runId);
  if (named === null)
    return refused(`No build exists with runId ${request.runId}: it is written project#number`);
  if (named.id === scope.buildId) return refused("a build cannot wait for itself");
  if (named.ended !== null) return ended({ value: named.ended });
  return {
    port: { kind: "await", buildId: named.id, stops: request.stops },
    outcome: null,
    bindings: [],
  };
}

type RunnerRequest = Extract<
  Request,
  { kind: "session" | "container" | "exec" | "checkout" | "image" | "blob" | "file" }
>;

async function prepareCommands(
  scope: BeginScope,
  begin: Begin,
  request: RunnerRequest,
  ports: BeginPorts,
): Promise<Prepared> {
  if (request.kind === "blob" && request.op === "fetch") {
    const blobs = [...new Set(request.files.map(({ blob }) => blob))];
    if (!(await ports.shareBlobs(scope, request.build, blobs)))
      return refused("the archived files of that build are gone: its project keeps them no longer");
  }
  const context = await contextFor(scope, request, ports);
  const resolved = await withCommit(scope, request, context, ports);
  const handle = handleOf(scope.buildId, begin.id);
  const made = commandsFor(handle, resolved, context);
  if (!made.ok) return refused(made.reason, "not_allowed", made.fault);
  const commands = made.commands.map((body) => sealCommand(scope.seal, body, begin.stepNo, noteOf(request)));
  const bindings = [...context.credentials.values()].map(({ secretId, version }) => ({ secretId, version }));
  if (request.kind !== "session") {
    const session = handleOf(scope.buildId, request.session);
    const unpark = sealCommand(scope.seal, { type: "unpark", id: `${handle}.u` }, null, null);
    return { port: { kind: "commands", session, commands, unpark }, outcome: null, bindings };
  }
  return {
    port: {
      kind: "session",
      outer: request.outer === null ? null : handleOf(scope.buildId, request.outer),
      label: ports.ignoresLabels === true ? "" : (request.label ?? ""),
      trust: scope.trusted ? "trusted" : "untrusted",
      profile: scope.trusted ? "standard" : "untrusted",
      request: scope.seal.seal(`session ${handle}`, JSON.stringify(request)),
      commands,
    },
    outcome: null,
    bindings,
  };
}

/** What the end of a request leaves behind beside its value. */
function noteOf(request: RunnerRequest): CommandNote | null {
  if (request.kind === "blob" && request.op === "stash") return { kind: "stash", name: request.name };
  if (request.kind === "blob" && request.op === "archive") return { kind: "archive" };
  if (request.kind === "file" && request.op === "junit")
    return { kind: "junit", allowEmpty: request.allowEmpty, keepLongOutput: request.keepLongOutput };
  if (request.kind === "image" && request.op === "push")
    return { kind: "push", ...repositoryAndTag(request.image) };
  return null;
}

/** A command as it is stored: its body sealed under the build's key. */
export function sealCommand(
  seal: BuildSeal,
  body: CommandBody,
  stepNo: number | null,
  note: CommandNote | null,
): CommandInput {
  return {
    id: body.id,
    type: body.type,
    body: seal.seal(`command ${body.id}`, JSON.stringify(body)),
    stepNo,
    note: note === null ? null : JSON.stringify(note),
  };
}

/** Everything the translation of one request must know. */
export async function contextFor(
  scope: BeginScope,
  request: Request,
  ports: BeginPorts,
): Promise<TranslateContext> {
  const registrySecrets = ports.registrySecrets(scope);
  const usesRegistries =
    request.kind === "session" || request.kind === "container" || request.kind === "image";
  const names = new Set([
    ...credentialNames(request),
    ...(usesRegistries ? registrySecrets.map(({ secret }) => secret) : []),
  ]);
  const credentials = new Map<string, BoundCredential>();
  for (const name of names) {
    const found = scope.trusted ? await ports.credential(scope, name) : null;
    if (found !== null) credentials.set(name, found);
  }
  const stashes = new Map<string, StashedBlob>();
  if (request.kind === "blob" && request.op === "unstash") {
    const blob = await ports.stash(scope, request.name);
    if (blob !== null) stashes.set(request.name, blob);
  }
  const needsScm = request.kind === "session" || request.kind === "checkout";
  const own = needsScm ? await ports.ownScm(scope) : null;
  // Bound with the others, so that the runner may ask for it; no name of a secret begins like this.
  if (own !== null && own.credential !== null) credentials.set("=repository", own.credential);
  return {
    buildName: scope.buildName,
    projectKey: scope.projectKey,
    trusted: scope.trusted,
    handleOf: (effect) => handleOf(scope.buildId, effect),
    ownScm: own?.scm ?? null,
    credentials,
    registrySecrets,
    stashes,
    nonce: randomBytes(16).toString("hex"),
    limits: ports.limits(scope),
  };
}

/** A branch of another repository becomes the commit it has now, so that a repeat checks out the same. */
async function withCommit(
  scope: BeginScope,
  request: RunnerRequest,
  context: TranslateContext,
  ports: BeginPorts,
): Promise<RunnerRequest> {
  if (request.kind !== "checkout") return request;
  const { url, sha, ref, credential } = request.scm;
  if (url === null || sha !== null) return request;
  const bound = credential === null ? null : (context.credentials.get(credential) ?? null);
  const commit = await ports.resolveRef(scope, url, ref ?? "HEAD", bound);
  return { ...request, scm: { ...request.scm, sha: commit } };
}

const STATES = {
  SUCCESS: "succeeded",
  UNSTABLE: "unstable",
  FAILURE: "failed",
  ABORTED: "aborted",
  NOT_BUILT: "not_built",
} as const;

/** The end of a build as its row says it. */
export function endInput(end: BuildEnd): EndInput {
  return {
    state: STATES[end.result],
    code: end.reason?.code ?? null,
    fault: end.reason?.fault ?? null,
    text: end.reason?.text ?? null,
  };
}

/** A value of the journal, read back. */
export function readOutcome(
  seal: BuildSeal,
  effect: EffectId,
  sealed: Uint8Array,
): { value: Stored } | { error: StoredError } {
  const read: unknown = JSON.parse(seal.open(`outcome ${effect}`, sealed));
  if (!isOutcome(read)) throw new Error(`the outcome of effect ${effect} cannot be read`);
  return read;
}

/** The journal holds only what this server sealed, so its shape is our own. */
function isOutcome(read: unknown): read is { value: Stored } | { error: StoredError } {
  return typeof read === "object" && read !== null && ("value" in read || "error" in read);
}
