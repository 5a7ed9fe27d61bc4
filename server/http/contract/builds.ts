import { z } from "zod";
import { AtMs, Id, Person, ProjectKey, Reason, Wait, listOf, Page } from "./common.ts";

export const BuildState = z.enum([
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "aborted",
  "not_built",
]);
export type BuildState = z.infer<typeof BuildState>;

/** State of a stage or step; `skipped` is a stage whose `when` said no, `not_built` one that was never reached. */
export const StageState = z.enum([
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "aborted",
  "not_built",
  "skipped",
]);
export type StageState = z.infer<typeof StageState>;

export const Trust = z.enum(["unknown", "trusted", "untrusted"]);
export type Trust = z.infer<typeof Trust>;

/** What started a build. */
export const TriggerKind = z.enum([
  "push",
  "tag",
  "change",
  "registry",
  "manual",
  "cron",
  "upstream",
  "api",
  "restart",
]);
export type TriggerKind = z.infer<typeof TriggerKind>;

/** What is built: a branch, a tag, a change request (name is its number) or a bare commit. */
export const Ref = z.object({ kind: z.enum(["branch", "tag", "change", "commit"]), name: z.string() });
export type Ref = z.infer<typeof Ref>;

/** One cell of the bar of stages. */
export const StageCell = z.object({
  name: z.string(),
  state: StageState,
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
});
export type StageCell = z.infer<typeof StageCell>;

/** A row of a list of builds. `path` is the build's page on this server, `/p/<project>/b/<number>`. */
export const BuildSummary = z.object({
  id: Id,
  project: ProjectKey,
  number: z.int().positive(),
  displayName: z.string().nullable(),
  state: BuildState,
  reason: Reason.nullable(),
  trust: Trust,
  trigger: TriggerKind,
  ref: Ref,
  sha: z.string().nullable(),
  title: z.string(),
  author: Person,
  createdAtMs: AtMs,
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
  stages: z.array(StageCell),
  waits: z.array(Wait),
  path: z.string(),
  liveIn: z.array(z.string()),
});
export type BuildSummary = z.infer<typeof BuildSummary>;
export const Builds = listOf(BuildSummary);

/** One call of a catalogue step. `n` never changes once started, so links survive. */
export const Step = z.object({
  n: z.int().positive(),
  stage: z.string().nullable(),
  name: z.string(),
  label: z.string(),
  state: StageState,
  exitCode: z.int().nullable(),
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
  logBytes: z.int().nonnegative(),
  logLines: z.int().nonnegative(),
  failingLine: z.int().positive().nullable(),
});
export type Step = z.infer<typeof Step>;

/** A stage; `parent` is the path of the enclosing one, `parallel` says that its children run beside each other. */
export const Stage = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  name: z.string(),
  kind: z.enum(["stage", "parallel", "matrix", "branch"]),
  state: StageState,
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
  steps: z.array(Step),
});
export type Stage = z.infer<typeof Stage>;

/** Where a failed build broke, and the lines around it. `line` counts from 1 in that step's own log. */
export const Failure = z.object({
  stage: z.string().nullable(),
  step: z.int().positive().nullable(),
  label: z.string().nullable(),
  text: z.string(),
  line: z.int().positive().nullable(),
  excerpt: z.array(z.object({ line: z.int().positive(), text: z.string() })),
});
export type Failure = z.infer<typeof Failure>;

/** A finding about the Jenkinsfile. */
export const BuildDiagnostic = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  line: z.int().positive(),
  column: z.int().positive(),
});
export type BuildDiagnostic = z.infer<typeof BuildDiagnostic>;

export const TestSummary = z.object({
  passed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  durationMs: z.int().nonnegative(),
});
export type TestSummary = z.infer<typeof TestSummary>;

export const Commit = z.object({
  sha: z.string(),
  title: z.string(),
  author: z.string(),
  atMs: AtMs.nullable(),
});
export type Commit = z.infer<typeof Commit>;

/** An image or file that a build made. Files are fetched at `path`. */
export const Artifact = z.object({
  id: Id,
  kind: z.enum(["file", "image"]),
  name: z.string(),
  digest: z.string().nullable(),
  sizeBytes: z.int().nonnegative().nullable(),
  path: z.string().nullable(),
});
export type Artifact = z.infer<typeof Artifact>;

/** A parameter or variable of the build as it was frozen. Secrets are absent. */
export const Parameter = z.object({ name: z.string(), value: z.string(), origin: z.string() });
export type Parameter = z.infer<typeof Parameter>;

/** The change request that a build is of, as the forge stated it. */
export const ChangeOfBuild = z.object({
  number: z.int().positive(),
  title: z.string(),
  source: z.string(),
  target: z.string(),
  fork: z.boolean(),
  author: z.string(),
  draft: z.boolean(),
});
export type ChangeOfBuild = z.infer<typeof ChangeOfBuild>;

/** The page of one build. */
export const Build = BuildSummary.omit({ stages: true }).extend({
  stages: z.array(Stage),
  /** Steps outside every stage. */
  steps: z.array(Step),
  failure: Failure.nullable(),
  diagnostics: z.array(BuildDiagnostic),
  notices: z.array(z.object({ atMs: AtMs, text: z.string() })),
  gates: z.array(Id),
  deployments: z.array(Id),
  tests: TestSummary.nullable(),
  artifacts: z.array(Artifact),
  commits: z.array(Commit),
  parameters: z.array(Parameter),
  change: ChangeOfBuild.nullable(),
  delivery: Id.nullable(),
  restartOf: Id.nullable(),
  previous: z.int().positive().nullable(),
  next: z.int().positive().nullable(),
  lastGood: z.int().positive().nullable(),
  consoleBytes: z.int().nonnegative(),
  url: z.string(),
});
export type Build = z.infer<typeof Build>;

export const BuildsQuery = Page.extend({
  project: z.string().optional(),
  ref: z.string().max(250).optional(),
  state: z.string().max(120).optional(),
  author: z.string().max(120).optional(),
});
export type BuildsQuery = z.infer<typeof BuildsQuery>;

/** Starts a build by hand: `ref` is a branch, tag or commit id; missing, the default branch. */
export const StartBuildRequest = z.strictObject({
  ref: z.string().min(1).max(250).optional(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type StartBuildRequest = z.infer<typeof StartBuildRequest>;

/** Level 1 asks kindly, 2 stops without waiting for clean-up. */
export const AbortRequest = z.strictObject({ level: z.union([z.literal(1), z.literal(2)]).default(1) });
export type AbortRequest = z.infer<typeof AbortRequest>;

/** Restart from a top-level stage; without one from the beginning. The commit and parameters stay. */
export const RestartRequest = z.strictObject({ stage: z.string().max(250).optional() });
export type RestartRequest = z.infer<typeof RestartRequest>;

/** Lets an untrusted build run; it stays untrusted. Binds the commit that was looked at: another one is 409. */
export const ApproveBuildRequest = z.strictObject({ sha: z.string().max(64) });
export type ApproveBuildRequest = z.infer<typeof ApproveBuildRequest>;

/** A build that was just made, and its page. */
export const BuildRef = z.object({ id: Id, number: z.int().positive(), url: z.string() });
export type BuildRef = z.infer<typeof BuildRef>;

/** Why a build stands where it stands, as sentences, worst first: `sluice why`. */
export const Explanation = z.object({ state: BuildState, lines: z.array(z.string()), waits: z.array(Wait) });
export type Explanation = z.infer<typeof Explanation>;

export const TestCase = z.object({
  id: Id,
  suite: z.string(),
  name: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  durationMs: z.int().nonnegative(),
  message: z.string().nullable(),
  step: z.int().positive().nullable(),
  isNew: z.boolean(),
});
export type TestCase = z.infer<typeof TestCase>;
export const TestCases = listOf(TestCase);

/**
 * A range of a step's log by byte, as text with the bytes that are no UTF-8 replaced. `startByte` may lie a little
 * before what was asked, at the beginning of a line; `firstLine` is the number of the line there, from 1.
 */
export const LogRange = z.object({
  startByte: z.int().nonnegative(),
  endByte: z.int().nonnegative(),
  sizeBytes: z.int().nonnegative(),
  firstLine: z.int().positive(),
  text: z.string(),
  complete: z.boolean(),
  /** How many bytes at its end were stored once and are not on disk any more. */
  missingBytes: z.int().nonnegative(),
});
export type LogRange = z.infer<typeof LogRange>;

/**
 * Asks for a range: `from` and `to` in bytes, or `line` for the lines around one (with `lines` of them). Negative
 * `from` counts from the end. With the header `Accept: text/plain` the bytes come raw and `Range` works.
 */
export const LogQuery = z.strictObject({
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().nonnegative().optional(),
  line: z.coerce.number().int().positive().optional(),
  lines: z.coerce.number().int().min(1).max(2000).default(2000),
});
export type LogQuery = z.infer<typeof LogQuery>;

/** Lines of a step's log that hold the text, found on the server over the whole log. */
export const LogSearchQuery = z.strictObject({
  q: z.string().min(1).max(200),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export const LogSearch = z.object({
  count: z.int().nonnegative(),
  items: z.array(z.object({ line: z.int().positive(), byte: z.int().nonnegative(), text: z.string() })),
});
export type LogSearch = z.infer<typeof LogSearch>;
