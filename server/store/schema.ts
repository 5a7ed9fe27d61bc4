import type { Generated } from "kysely";
import type {
  ArtifactKind,
  BuildState,
  DeliverySource,
  DeliveryState,
  DeploymentKind,
  DeploymentState,
  EffectState,
  EventKind,
  Fault,
  GateKind,
  GateState,
  NotificationState,
  PartState,
  QueueName,
  Role,
  RunnerState,
  SecretScope,
  SecretType,
  SessionState,
  TestState,
  Trust,
  Verdict,
  WaitState,
} from "./states.ts";

/** Milliseconds since 1970 by the database's clock. */
type Ms = number;
/** 0 or 1: the two databases have no boolean in common. */
type Flag = 0 | 1;
/** A JSON text; read it back with a zod schema. */
type Json = string;
/** Bytes sealed by the vault or by a build's data key. */
type Sealed = Uint8Array;

/** One row (id 1): who this instance is, and which key its vault wants. */
export interface InstanceTable {
  id: number;
  name: string; // six letters, part of every Docker name and deployment marker
  keyId: string;
  keyCheck: Sealed; // opens only with the right key file
  clockOffsetMs: Generated<number>; // PostgreSQL only; set by fault tests
  createdAtMs: Ms;
}

/** Applied settings that are no table of their own (channels, notify routes, targets, registries): one row per name. */
export interface SettingsTable {
  name: string;
  body: Json;
  updatedAtMs: Ms;
}

/** One use of the claim link makes the first administrator. */
export interface ClaimsTable {
  id: Generated<number>;
  tokenHash: string;
  createdAtMs: Ms;
  usedAtMs: Ms | null;
  userId: number | null;
}

export interface ProjectsTable {
  id: Generated<number>;
  key: string;
  name: string;
  forge: string; // name of the forge connection
  repo: string;
  cloneUrl: string | null;
  defaultBranch: string | null;
  settings: Json; // routes, grammars, limits, agent, registry
  version: Generated<number>; // rises with each change, so that caches know
  hook: string; // last part of the webhook's address
  hookSecret: Sealed;
  hookSecretOld: Sealed | null; // still accepted until hookSecretOldUntilMs
  hookSecretOldUntilMs: Ms | null;
  nextNumber: Generated<number>;
  frozenReason: string | null; // held: no queued build of it starts
  createdAtMs: Ms;
  updatedAtMs: Ms;
  archivedAtMs: Ms | null;
}

/** The head last recorded of each ref; moved in the transaction that takes the delivery. */
export interface RefHeadsTable {
  projectId: number;
  ref: string;
  sha: string;
  source: DeliverySource;
  seenAtMs: Ms;
}

/** Moves seen, for the rule of repeats: the pair (before, after) of a ref. */
export interface RefMovesTable {
  id: Generated<number>;
  projectId: number;
  ref: string;
  beforeSha: string;
  afterSha: string;
  deliveryId: number | null;
  seenAtMs: Ms;
}

/** Requests at a webhook address as they came, also refused ones and those for unknown addresses. */
export interface DeliveriesTable {
  id: Generated<number>;
  hook: string;
  projectId: number | null;
  source: DeliverySource;
  forge: string | null;
  dedupeKey: string | null; // the forge's delivery id; unique per hook
  eventName: string | null; // as the forge calls it
  headers: Json; // those kept: no signature, no token
  body: Uint8Array | null; // null: refused before it was read
  bodySha256: string | null;
  bodySize: number;
  address: string | null;
  state: DeliveryState;
  status: number; // HTTP status answered
  reason: string | null; // why refused or ignored
  verdict: Json; // lines, rule by rule
  event: Json | null; // the normalised trigger event
  repeatOf: number | null;
  replayOf: number | null;
  receivedAtMs: Ms;
  processedAtMs: Ms | null;
}

export interface BuildsTable {
  id: Generated<number>;
  projectId: number;
  number: number;
  deliveryId: number | null;
  trust: Trust;
  approvedBy: string | null; // who let an untrusted build start; binds (build, sha)
  approvedAtMs: Ms | null;
  eventKind: EventKind;
  event: Json;
  ref: string;
  sha: string | null; // null until the forge has told
  beforeSha: string | null;
  title: string | null; // first line of the commit's message
  author: string | null;
  authorMail: string | null;
  actor: string | null; // who caused it, by the forge's login or ours
  routes: Json; // the project's routes, frozen when the build was made
  parameters: Json;
  state: BuildState;
  reasonCode: string | null;
  reasonFault: Fault | null;
  reasonText: string | null;
  waitCode: string | null; // the cause of a wait: waits/cause.ts
  waitFacts: Json | null; // what else is known of it
  waitSinceMs: Ms | null;
  displayName: string | null;
  description: string | null;
  nextOrd: Generated<number>; // of the next outcome; starts at 1
  delivered: Generated<number>; // ord of the last outcome delivered
  marksDone: Generated<number>;
  consoleLength: Generated<number>; // bytes of the console file that are committed
  version: Generated<number>;
  epoch: Generated<number>;
  infraAttempts: Generated<number>;
  cancelLevel: Generated<number>;
  cancelAtMs: Ms | null;
  cancelBy: string | null;
  dataKey: Sealed; // this build's key, wrapped by the vault; empty once shredded
  restartOf: number | null;
  restartFrom: string | null; // top-level stage
  supersededBy: number | null;
  upstreamId: number | null; // the build that started it
  milestone: number | null; // the last one it has passed
  toldState: string | null; // the state that its forge was last told
  peopleTold: Generated<Flag>; // whether people were told how it ended
  keep: Generated<Flag>;
  createdAtMs: Ms;
  startedAtMs: Ms | null;
  endedAtMs: Ms | null;
}

/** What a build froze at first load; everything else reaches the engine as an outcome. */
export interface BuildHeadsTable {
  buildId: number;
  sha: string;
  jenkinsfilePath: string;
  jenkinsfileSha: string; // commit it was read at
  engineVersion: string;
  changes: Json; // behaviour ids known when it was made
  body: Sealed; // the whole head as JSON
  startedAtMs: Ms;
}

/** The journal. */
export interface EffectsTable {
  buildId: number;
  id: string; // `<flow>:<k>`
  n: number | null; // order of begin
  stepNo: number | null;
  kind: string;
  name: string;
  argsHash: string;
  args: Sealed;
  handle: string;
  stage: string | null;
  state: EffectState;
  ord: number | null; // order of delivery
  outcome: Sealed | null;
  begunAtMs: Ms;
  endedAtMs: Ms | null;
  dueAtMs: Ms | null;
  idleMs: number | null; // of a timer that counts from the build's last output
  line: number | null;
  column: number | null;
}

/** Stashes, large outputs, libraries: files of a build outside the database. */
export interface BlobsTable {
  id: Generated<number>;
  buildId: number;
  kind: string;
  name: string;
  sha256: string;
  sizeBytes: number;
  path: string; // below the data folder
  createdAtMs: Ms;
}

export interface CachesTable {
  id: Generated<number>;
  projectId: number;
  trust: Trust;
  name: string;
  key: string;
  sha256: string;
  sizeBytes: number;
  path: string;
  createdAtMs: Ms;
  usedAtMs: Ms;
}

export interface StagesTable {
  buildId: number;
  path: string;
  no: number; // order of first appearance
  name: string;
  parent: string | null;
  kind: string; // stage, parallel, matrix, branch
  state: PartState;
  reasonText: string | null;
  startedAtMs: Ms | null;
  endedAtMs: Ms | null;
}

export interface StepsTable {
  buildId: number;
  stepNo: number;
  stagePath: string | null;
  effectId: string | null;
  name: string;
  label: string | null;
  state: PartState;
  exitCode: number | null;
  reasonCode: string | null;
  reasonText: string | null;
  logBytes: Generated<number>;
  logLines: Generated<number>;
  failingLine: number | null; // line of the log, counted from 1
  line: number | null; // of the Jenkinsfile
  startedAtMs: Ms | null;
  endedAtMs: Ms | null;
}

export interface SessionsTable {
  id: string; // handle of its effect
  buildId: number;
  effectId: string;
  outerId: string | null; // the session whose place it borrows
  runnerId: number | null;
  state: SessionState;
  fence: Generated<number>;
  label: string; // label expression; empty: any
  trust: Trust;
  profile: string;
  request: Sealed; // what the agent asked for
  placeLent: Generated<Flag>;
  nextSeq: Generated<number>;
  workspace: string | null;
  node: string | null;
  waitCode: string | null;
  waitFacts: Json | null;
  waitSinceMs: Ms | null;
  lostCode: string | null;
  lostText: string | null;
  queuedAtMs: Ms;
  assignedAtMs: Ms | null;
  readyAtMs: Ms | null;
  parkedAtMs: Ms | null;
  closedAtMs: Ms | null;
}

/** Commands to a session; redelivered until acked. */
export interface CommandsTable {
  no: Generated<number>;
  sessionId: string;
  seq: number;
  id: string;
  effectId: string | null;
  stepNo: number | null;
  type: string;
  body: Sealed;
  note: Json | null; // what its end means beside the effect: name of a stash, files to keep
  result: Sealed | null; // kept where an effect has several commands
  createdAtMs: Ms;
  ackedAtMs: Ms | null;
  endedAtMs: Ms | null;
}

export interface RunnersTable {
  id: Generated<number>;
  name: string;
  keyHash: string;
  labels: Json;
  places: number;
  state: RunnerState;
  boot: string | null;
  versions: Json;
  workspaces: Json; // projects with a warm workspace there
  problem: string | null; // why it takes no work although connected
  joinedAtMs: Ms;
  lastSeenAtMs: Ms | null;
  goneAtMs: Ms | null; // when its connection closed
  diskFreePercent: number | null; // said while too little of it is free; null: enough
}

export interface RunnerTokensTable {
  id: Generated<number>;
  tokenHash: string;
  name: string | null;
  createdBy: string;
  createdAtMs: Ms;
  expiresAtMs: Ms;
  usedAtMs: Ms | null;
  runnerId: number | null;
}

export interface GatesTable {
  id: Generated<number>;
  kind: GateKind;
  projectId: number;
  buildId: number | null;
  effectId: string | null;
  deploymentId: number | null;
  environment: string | null;
  state: GateState;
  message: string;
  okLabel: string | null;
  form: Json | null;
  submitters: Json | null; // names or rule of who may decide
  needed: Generated<number>;
  planHash: string | null;
  dueAtMs: Ms;
  openedAtMs: Ms;
  decidedBy: string | null;
  decidedAtMs: Ms | null;
  reason: string | null;
  value: Sealed | null; // what the form was answered with
}

export interface GateVotesTable {
  id: Generated<number>;
  gateId: number;
  userId: number;
  userName: string;
  verdict: Verdict;
  planHash: string | null;
  reason: string | null;
  atMs: Ms;
}

export interface EnvironmentsTable {
  name: string;
  definition: Json;
  releaseCounter: Generated<number>; // of the last release taken
  liveDeploymentId: number | null;
  frozenUntilMs: Ms | null;
  frozenReason: string | null;
  updatedAtMs: Ms;
  archivedAtMs: Ms | null;
}

export interface DeploymentsTable {
  id: Generated<number>;
  projectId: number;
  environment: string;
  kind: DeploymentKind;
  rollbackOf: number | null; // the deployment whose plan it repeats
  buildId: number | null;
  effectId: string | null;
  ref: string | null;
  sha: string | null;
  message: string | null;
  images: Json; // container or service -> image by digest
  wanted: Sealed | null; // what the step asked for, under the build's key
  plan: Sealed;
  planHash: string;
  gateId: number | null;
  approvedBy: string | null;
  approvedAtMs: Ms | null;
  createdBy: string | null;
  release: number | null; // taken with the environment's lease
  fence: number | null;
  state: DeploymentState;
  peopleTold: Generated<Flag>; // whether people were told how it ended
  reasonCode: string | null;
  reasonFault: Fault | null;
  reasonText: string | null;
  waitCode: string | null;
  waitFacts: Json | null;
  waitSinceMs: Ms | null;
  wave: Generated<number>;
  epoch: Generated<number>;
  version: Generated<number>;
  limitMs: number;
  dueAtMs: Ms | null;
  createdAtMs: Ms;
  startedAtMs: Ms | null;
  endedAtMs: Ms | null;
}

/** The write-ahead journal of one try at one target; committed before anything is sent. */
export interface DeploymentTargetsTable {
  id: Generated<number>; // part of the marker left at the orchestrator
  deploymentId: number;
  target: string;
  wave: number;
  try: number;
  state: DeploymentState;
  marker: string | null;
  plan: Sealed; // desired, changes
  before: Sealed | null; // cas and snapshot
  receipt: Sealed | null;
  rollbackReceipt: Sealed | null;
  fence: number | null;
  progress: Json | null; // last observation, for the page
  reasonCode: string | null;
  reasonText: string | null;
  deadlineAtMs: Ms | null;
  soakUntilMs: Ms | null;
  startedAtMs: Ms | null;
  endedAtMs: Ms | null;
  updatedAtMs: Ms;
}

/** What happened in a deployment, for people: one line each. */
export interface DeploymentLinesTable {
  id: Generated<number>;
  deploymentId: number;
  targetId: number | null;
  kind: string;
  text: string;
  body: Json | null;
  atMs: Ms;
}

/** What is live: one row per environment, target and service. */
export interface LiveTable {
  environment: string;
  target: string;
  service: string;
  projectId: number;
  image: string;
  digest: string | null;
  sha: string | null;
  release: number;
  deploymentId: number;
  sinceMs: Ms;
  observedAtMs: Ms | null;
  drift: string | null; // what was seen instead
}

export interface ArtifactsTable {
  id: Generated<number>;
  buildId: number;
  kind: ArtifactKind;
  name: string; // repository of an image, path of a file
  tag: string | null;
  digest: string | null;
  sizeBytes: number | null;
  path: string | null;
  stepNo: number | null;
  createdAtMs: Ms;
}

export interface TestResultsTable {
  id: Generated<number>;
  buildId: number;
  stepNo: number | null;
  stagePath: string | null;
  suite: string;
  className: string | null;
  name: string;
  state: TestState;
  durationMs: number;
  message: string | null;
  detail: string | null;
}

export interface NotificationsTable {
  id: Generated<number>;
  subject: string; // `b118`, `d311`, `g77`
  event: string;
  channel: string;
  recipient: string;
  projectId: number | null;
  buildId: number | null;
  effectId: string | null; // of a message step, ended when sent or dead
  body: Json;
  state: NotificationState;
  attempts: Generated<number>;
  epoch: Generated<number>;
  nextAtMs: Ms | null;
  messageId: string | null;
  threadKey: string | null;
  answer: string | null; // what the other side said last
  createdAtMs: Ms;
  sentAtMs: Ms | null;
}

/** A destination that is broken or must rest; keyed by robot address, not by project. */
export interface ChannelStatesTable {
  key: string;
  nextAtMs: Ms | null;
  brokenAtMs: Ms | null;
  brokenText: string | null;
  sent: Json | null; // recent sends, for the rate limit
}

export interface ForgeStatusesTable {
  id: Generated<number>;
  projectId: number;
  buildId: number;
  sha: string;
  context: string;
  status: string; // pending, success, failure, error
  description: string;
  url: string;
  state: NotificationState;
  attempts: Generated<number>;
  epoch: Generated<number>;
  nextAtMs: Ms | null;
  answer: string | null;
  createdAtMs: Ms;
  sentAtMs: Ms | null;
}

export interface SecretsTable {
  id: Generated<number>;
  scope: SecretScope;
  scopeId: string; // project key, environment name; empty for the server
  name: string;
  type: SecretType;
  version: number; // the current one
  createdAtMs: Ms;
  updatedAtMs: Ms;
  updatedBy: string | null;
  usedAtMs: Ms | null;
  deletedAtMs: Ms | null;
}

export interface SecretVersionsTable {
  secretId: number;
  version: number;
  sealed: Sealed;
  createdAtMs: Ms;
}

/** Which version an unfinished build has bound; the vault keeps those. */
export interface SecretBindingsTable {
  buildId: number;
  secretId: number;
  version: number;
  boundAtMs: Ms;
}

export interface UsersTable {
  id: Generated<number>;
  name: string;
  displayName: string | null;
  mail: string | null;
  passwordHash: string | null;
  role: Role;
  identities: Json; // forge logins and chat ids that are this person
  locale: string | null;
  createdAtMs: Ms;
  seenAtMs: Ms | null;
  disabledAtMs: Ms | null;
}

/** A role in one project that differs from the person's own. */
export interface MembersTable {
  userId: number;
  projectId: number;
  role: Role;
}

export interface ApiTokensTable {
  id: Generated<number>;
  userId: number;
  name: string;
  tokenHash: string;
  scopes: Json;
  projects: Json | null; // null: all the person may see
  createdAtMs: Ms;
  expiresAtMs: Ms;
  usedAtMs: Ms | null;
  revokedAtMs: Ms | null;
}

/** A person signed in at a browser. */
export interface SignInsTable {
  id: Generated<number>;
  tokenHash: string;
  userId: number;
  address: string | null;
  userAgent: string | null;
  createdAtMs: Ms;
  seenAtMs: Ms;
  expiresAtMs: Ms;
  stepUpAtMs: Ms | null;
  revokedAtMs: Ms | null;
}

export interface SignInLinksTable {
  id: Generated<number>;
  tokenHash: string;
  userId: number;
  createdBy: string;
  createdAtMs: Ms;
  expiresAtMs: Ms;
  usedAtMs: Ms | null;
}

export interface SignInFailuresTable {
  key: string; // account or address
  count: number;
  lastAtMs: Ms;
  lockedUntilMs: Ms | null;
}

/** Append-only; the database refuses update and delete. */
export interface AuditTable {
  seq: number;
  atMs: Ms;
  actorKind: string; // user, token, runner, system
  actor: string;
  address: string | null;
  action: string;
  object: string;
  before: Json | null;
  after: Json | null;
  outcome: string;
  prevHash: string;
  hash: string;
}

export interface LeasesTable {
  name: string; // `build:ID`, `env:NAME`, `reconciler`
  holder: string | null; // `<instance>/<boot>`; null: given back
  fence: number; // only grows
  expiresAtMs: Ms;
}

export interface OutboxTable {
  id: Generated<number>;
  queue: QueueName;
  jobId: string;
  body: Json; // {id, epoch}
  createdAtMs: Ms;
  dispatchedAtMs: Ms | null;
}

/** What changed, for live pages and the history of a build. */
export interface EventsTable {
  id: Generated<number>;
  kind: string;
  projectId: number | null;
  buildId: number | null;
  actor: string | null;
  body: Json;
  atMs: Ms;
}

/** `lock`: who waits for resources, and who holds them. */
export interface LocksTable {
  id: Generated<number>;
  buildId: number;
  effectId: string;
  names: Json; // all of them, or none
  state: WaitState;
  priority: number;
  newestFirst: Flag;
  granted: Sealed; // the outcome of the effect once it has them
  sinceMs: Ms;
}

/** A resource that is held: the key makes it one holder's. */
export interface LockNamesTable {
  name: string;
  lockId: number;
}

/** `milestone`: the newest build past each ordinal of a ref. */
export interface MilestonesTable {
  projectId: number;
  ref: string;
  ordinal: number;
  buildNumber: number;
}

/** `waitForImage`, `build`, `waitForBuild`: what an effect waits for. */
export interface SignalsTable {
  buildId: number;
  effectId: string;
  kind: string; // image, build
  key: string; // repository:tag, or the build's id
  sinceMs: Ms;
  doneAtMs: Ms | null;
}

/** `upstream` triggers: whose builds start a build here, and the last end of one that was seen. */
export interface UpstreamTriggersTable {
  projectId: number;
  upstream: string; // key of a project, or key/branch
  ref: string;
  threshold: string;
  seenAtMs: Ms;
  seenBuildId: number;
}

/** Cron triggers. */
export interface SchedulesTable {
  projectId: number;
  ref: string;
  pattern: string;
  timeZone: string;
  nextAtMs: Ms;
}

/** Every table by its name in code; the database spells names in snake_case. */
export interface Database {
  instance: InstanceTable;
  settings: SettingsTable;
  claims: ClaimsTable;
  projects: ProjectsTable;
  refHeads: RefHeadsTable;
  refMoves: RefMovesTable;
  deliveries: DeliveriesTable;
  builds: BuildsTable;
  buildHeads: BuildHeadsTable;
  effects: EffectsTable;
  blobs: BlobsTable;
  caches: CachesTable;
  stages: StagesTable;
  steps: StepsTable;
  sessions: SessionsTable;
  commands: CommandsTable;
  runners: RunnersTable;
  runnerTokens: RunnerTokensTable;
  gates: GatesTable;
  gateVotes: GateVotesTable;
  environments: EnvironmentsTable;
  deployments: DeploymentsTable;
  deploymentTargets: DeploymentTargetsTable;
  deploymentLines: DeploymentLinesTable;
  live: LiveTable;
  artifacts: ArtifactsTable;
  testResults: TestResultsTable;
  notifications: NotificationsTable;
  channelStates: ChannelStatesTable;
  forgeStatuses: ForgeStatusesTable;
  secrets: SecretsTable;
  secretVersions: SecretVersionsTable;
  secretBindings: SecretBindingsTable;
  users: UsersTable;
  members: MembersTable;
  apiTokens: ApiTokensTable;
  signIns: SignInsTable;
  signInLinks: SignInLinksTable;
  signInFailures: SignInFailuresTable;
  audit: AuditTable;
  leases: LeasesTable;
  outbox: OutboxTable;
  events: EventsTable;
  locks: LocksTable;
  lockNames: LockNamesTable;
  milestones: MilestonesTable;
  signals: SignalsTable;
  schedules: SchedulesTable;
  upstreamTriggers: UpstreamTriggersTable;
}
