import type { Answer } from "../../../server/http/contract.ts";
import type { BuildSummary, Failure, Stage, Step, StageCell } from "../../../server/http/contract/builds.ts";
import type { Deployment, DeploymentSummary, Plan } from "../../../server/http/contract/deployments.ts";
import type { Delivery, DeliverySummary } from "../../../server/http/contract/deliveries.ts";
import type { Environment } from "../../../server/http/contract/environments.ts";
import type { Gate, GateSummary } from "../../../server/http/contract/gates.ts";
import type { Project } from "../../../server/http/contract/projects.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** The moment in which all of this is; everything else is told relative to it. */
export const NOW = Date.now();

/** A step that took two seconds and succeeded. */
export function aStep(part: Partial<Step> & { readonly n: number }): Step {
  return {
    stage: null,
    name: "sh",
    label: `sh step ${part.n}`,
    state: "succeeded",
    exitCode: 0,
    startedAtMs: NOW - 10 * MINUTE,
    endedAtMs: NOW - 10 * MINUTE + 2000,
    logBytes: 1000,
    logLines: 10,
    failingLine: null,
    ...part,
  };
}

/** A stage without steps that took a while and succeeded. */
export function aStage(part: Partial<Stage> & { readonly path: string }): Stage {
  return {
    parent: null,
    name: part.path,
    kind: "stage",
    state: "succeeded",
    startedAtMs: NOW - 12 * MINUTE,
    endedAtMs: NOW - 11 * MINUTE,
    steps: [],
    ...part,
  };
}

/** A failure with an excerpt around its line. */
export function aFailure(part: Partial<Failure>): Failure {
  return {
    stage: "Test › unit node 24",
    step: 6,
    label: "sh 'npm test'",
    text: "The command failed, exit 1.",
    line: FAILING_LINE,
    excerpt: FAILING_EXCERPT,
    ...part,
  };
}

/** The line of the failing step's log that says why. */
export const FAILING_LINE = 1423;

const ESC = "\u001b";
const TAIL = [
  `  ${ESC}[32m147 passing${ESC}[0m ${ESC}[90m(48s)${ESC}[0m`,
  `  ${ESC}[31m1 failing${ESC}[0m`,
  `  1) cart total ${ESC}[1mapplies the discount once${ESC}[0m: ${ESC}[31mAssertionError: expected 90 to equal 81${ESC}[0m`,
  `      ${ESC}[32m+ expected${ESC}[0m ${ESC}[31m- actual${ESC}[0m`,
  `      ${ESC}[31m-90${ESC}[0m`,
  `      ${ESC}[32m+81${ESC}[0m`,
  "      at Context.<anonymous> (test/cart/total.test.ts:41:20) https://example.com/help?a=1.",
  `${ESC}[33mnpm error${ESC}[0m Lifecycle script \`test\` failed with error:`,
  `${ESC}[7m inverse ${ESC}[0m ${ESC}[41m red ground ${ESC}[0m ${ESC}[38;5;208morange${ESC}[0m ${ESC}[48;2;40;90;200mblue ground${ESC}[0m`,
];

const FAILING_EXCERPT = TAIL.slice(0, 7).map((text, index) => ({ line: FAILING_LINE - 2 + index, text }));

/** The failing step's log: fourteen hundred good lines, then the reason. */
export const FAILING_LOG = [
  ...Array.from(
    { length: FAILING_LINE - 3 },
    (_, index) => `    ${ESC}[32m✔${ESC}[0m ${ESC}[90mtest number ${index + 1} of the cart${ESC}[0m`,
  ),
  ...TAIL,
  "",
].join("\n");

function cells(...states: readonly StageCell["state"][]): StageCell[] {
  const names = ["Checkout", "Install", "Test", "Image", "Push", "Staging", "Approve", "Production"];
  return states.map((state, index) => ({
    name: names[index] ?? `Stage ${index}`,
    state,
    startedAtMs: state === "queued" || state === "not_built" ? null : NOW - 13 * MINUTE,
    endedAtMs: ["succeeded", "failed", "unstable"].includes(state)
      ? NOW - 13 * MINUTE + (index + 1) * 9000
      : null,
  }));
}

/** A row of a list of builds. */
export function aBuild(
  part: Partial<BuildSummary> & { readonly id: number; readonly number: number },
): BuildSummary {
  const project = part.project ?? "orders-api";
  return {
    project,
    displayName: null,
    state: "succeeded",
    reason: null,
    trust: "trusted",
    trigger: "push",
    ref: { kind: "branch", name: "main" },
    sha: "4f2c1aa0c1de48f7a2295d0a35b1bd6e2a0c4f91",
    title: "Apply the discount once per cart",
    author: { name: "lin", login: "lin" },
    createdAtMs: NOW - 14 * MINUTE,
    startedAtMs: NOW - 13 * MINUTE,
    endedAtMs: NOW - 11 * MINUTE,
    stages: cells("succeeded", "succeeded", "succeeded"),
    waits: [],
    path: `/p/${project}/b/${part.number}`,
    liveIn: [],
    ...part,
  };
}

const commandFault = {
  code: "command_exit",
  fault: "command",
  text: "Test › unit node 24: npm test, exit 1",
} as const;

const failedBuild = aBuild({
  id: 412,
  number: 412,
  state: "failed",
  reason: commandFault,
  stages: cells("succeeded", "succeeded", "failed", "not_built", "not_built", "not_built"),
});
const runningBuild = aBuild({
  id: 413,
  number: 413,
  state: "running",
  ref: { kind: "branch", name: "feature/refund-webhooks-with-a-rather-long-name" },
  title: "Sign refund webhooks with the shop key",
  author: { name: "mo", login: "mo" },
  startedAtMs: NOW - 2 * MINUTE,
  endedAtMs: null,
  stages: cells("succeeded", "succeeded", "running", "queued", "queued"),
});
const waitingBuild = aBuild({
  id: 409,
  number: 409,
  state: "waiting",
  ref: { kind: "tag", name: "release-v2.14.0" },
  trigger: "tag",
  title: "Partial refunds for split orders",
  endedAtMs: null,
  stages: cells(
    "succeeded",
    "succeeded",
    "succeeded",
    "succeeded",
    "succeeded",
    "succeeded",
    "waiting",
    "queued",
  ),
  waits: [
    {
      cause: "gate",
      text: "Waits for a decision on production",
      sinceAtMs: NOW - 2 * HOUR,
      untilAtMs: NOW + 60 * HOUR,
      endedBy: "release team",
      gate: 77,
      build: null,
    },
  ],
});
const queuedBuild = aBuild({
  id: 206,
  number: 206,
  project: "courier",
  state: "queued",
  ref: { kind: "branch", name: "main" },
  trigger: "cron",
  title: "Nightly image for arm64",
  author: { name: "wei", login: "wei" },
  startedAtMs: null,
  endedAtMs: null,
  stages: [],
  waits: [
    {
      cause: "runner_offline",
      text: "Waiting for a runner with label arm64: 0 of 1 online. build-arm is offline since 09:40.",
      sinceAtMs: NOW - 32 * MINUTE,
      untilAtMs: NOW + 3 * HOUR,
      endedBy: "wei",
      gate: null,
      build: null,
    },
  ],
});
const ourFault = aBuild({
  id: 204,
  number: 204,
  project: "courier",
  state: "failed",
  title: "Read the queue in batches of 64",
  author: { name: "wei", login: "wei" },
  reason: {
    code: "engine_unreachable",
    fault: "sluice",
    text: "The Docker daemon of build-1 went away during the step.",
  },
  stages: cells("succeeded", "succeeded", "failed"),
});
const goodBuild = aBuild({
  id: 96,
  number: 96,
  project: "handbook",
  title: "New page: how we rotate secrets 密钥轮换说明",
  author: { name: "ada", login: "ada" },
  liveIn: ["production"],
});

const ALL_BUILDS = [runningBuild, failedBuild, waitingBuild, queuedBuild, ourFault, goodBuild];

/** A deployment in a list. */
export function aDeployment(part: Partial<DeploymentSummary> & { readonly id: number }): DeploymentSummary {
  return {
    project: "orders-api",
    environment: "production",
    release: part.id,
    state: "succeeded",
    reason: null,
    kind: "deploy",
    build: { id: 409, number: 409, ref: "release-v2.14.0", sha: null, path: "/p/orders-api/b/409" },
    gate: null,
    images: { api: "registry.example/shop/api@sha256:c04d1f32c04d1f32" },
    approvedBy: "wei",
    createdAtMs: NOW - 3 * HOUR,
    startedAtMs: NOW - 3 * HOUR,
    endedAtMs: NOW - 3 * HOUR + 130_000,
    waits: [],
    ...part,
  };
}

/** Nine commits, three images, three settings: what the gate of the example shows. */
export const PLAN: Plan = {
  environment: "production",
  targets: [
    {
      target: "hk",
      kind: "swarm",
      wave: 0,
      images: [
        {
          service: "api",
          from: "registry.example/shop/api@sha256:91ab77e091ab77e0",
          to: "registry.example/shop/api@sha256:c04d1f32c04d1f32",
        },
        { service: "worker", from: null, to: "registry.example/shop/worker@sha256:a81176eda81176ed" },
      ],
      env: [
        { name: "CART_TTL", from: "60", to: "300" },
        { name: "REFUNDS_PARTIAL", from: null, to: "on" },
        { name: "LEGACY_TAX_URL", from: "http://tax.lan:8080/with/a/rather/long/path", to: null },
      ],
      replicas: 6,
      noop: false,
      warnings: ["the service keeps one old task for two minutes"],
    },
    {
      target: "us",
      kind: "swarm",
      wave: 1,
      images: [
        {
          service: "api",
          from: "registry.example/shop/api@sha256:91ab77e091ab77e0",
          to: "registry.example/shop/api@sha256:c04d1f32c04d1f32",
        },
      ],
      env: [],
      replicas: 6,
      noop: false,
      warnings: [],
    },
  ],
  order: [["hk"], ["us"]],
  liveRelease: 86,
  liveBuild: { id: 380, number: 380 },
  goesBack: false,
  commits: Array.from({ length: 9 }, (_, index) => ({
    sha: `${index}c1f0be0c1de48f7a2295d0a35b1bd6e2a0c4f91`,
    title: index === 1 ? "Table for refund lines" : `Partial refunds for split orders, part ${index + 1}`,
    author: index % 2 === 0 ? "lin" : "mo",
    atMs: NOW - index * HOUR,
  })),
  tests: { passed: 812, failed: 0, skipped: 3, durationMs: 48_000 },
};

const gateRow: GateSummary = {
  id: 77,
  kind: "deploy",
  state: "open",
  project: "orders-api",
  build: { id: 409, number: 409, ref: "release-v2.14.0", sha: "7c1f0be", path: "/p/orders-api/b/409" },
  deployment: 311,
  environment: "production",
  stage: "Production",
  message: "Deploy orders-api release-v2.14.0 to production?",
  openedAtMs: NOW - 2 * HOUR - 14 * MINUTE,
  dueAtMs: NOW + 60 * HOUR,
  askedBy: { name: "lin", login: "lin" },
  mayDecide: true,
  whyNot: null,
};

/** The open gate of the example; part of it can be said otherwise. */
export function aGate(part: Partial<Gate> = {}): Gate {
  return {
    ...gateRow,
    okLabel: "Proceed",
    form: [],
    plan: PLAN,
    planHash: "9f31c2aa00",
    needed: 2,
    approvals: [
      { by: "wei", decision: "approve", atMs: NOW - 25 * MINUTE, reason: "staging numbers are fine" },
    ],
    approvers: ["ada", "mo", "wei"],
    reasonRequired: true,
    confirm: "none",
    frozenUntilAtMs: null,
    decidedBy: null,
    decidedAtMs: null,
    reason: null,
    url: "http://localhost:3000/gates/77",
    ...part,
  };
}

/** An `input` step's question with a form. */
export const INPUT_GATE: Gate = aGate({
  id: 78,
  kind: "input",
  environment: null,
  deployment: null,
  stage: "Approve",
  message: "Which region first?",
  plan: null,
  planHash: null,
  okLabel: "Go on",
  needed: 1,
  approvals: [],
  reasonRequired: false,
  form: [
    { name: "REGION", type: "choice", description: "Region", default: "hk", choices: ["hk", "us"] },
    { name: "DRAIN", type: "boolean", description: "Drain first", default: "true", choices: [] },
    { name: "NOTE", type: "text", description: "Note", default: "", choices: [] },
  ],
});

const otherGate: GateSummary = {
  ...gateRow,
  id: 79,
  project: "courier",
  environment: "staging-hk",
  mayDecide: false,
  whyNot: "You started this build; wei or mo can decide.",
  message: "Deploy courier to staging-hk?",
};

/** The steps and stages of the failed build. */
export const FAILED_BUILD: Answer<"build"> = {
  ...failedBuild,
  stages: [
    aStage({
      path: "Checkout",
      steps: [aStep({ n: 1, stage: "Checkout", name: "checkout", label: "checkout scm" })],
    }),
    aStage({ path: "Install", steps: [aStep({ n: 2, stage: "Install", label: "sh npm ci" })] }),
    aStage({ path: "Test", kind: "parallel", state: "failed" }),
    aStage({
      path: "Test/lint",
      parent: "Test",
      name: "lint",
      kind: "branch",
      steps: [aStep({ n: 3, label: "sh npm run lint" })],
    }),
    aStage({
      path: "Test/unit node 22",
      parent: "Test",
      name: "unit node 22",
      kind: "branch",
      state: "aborted",
      steps: [aStep({ n: 4, label: "sh npm test", state: "aborted", exitCode: null })],
    }),
    aStage({
      path: "Test/unit node 24",
      parent: "Test",
      name: "unit node 24",
      kind: "branch",
      state: "failed",
      steps: [
        aStep({ n: 5, label: "unstash source" }),
        aStep({
          n: 6,
          label: "sh npm test",
          state: "failed",
          exitCode: 1,
          endedAtMs: NOW - 10 * MINUTE + 48_200,
          logBytes: Buffer.byteLength(FAILING_LOG),
          logLines: FAILING_LINE + 6,
          failingLine: FAILING_LINE,
        }),
        aStep({ n: 7, label: "junit reports/*.xml" }),
      ],
    }),
    ...["Image", "Push", "Staging", "Production"].map((path) =>
      aStage({ path, state: "not_built", startedAtMs: null, endedAtMs: null }),
    ),
  ],
  steps: [],
  failure: aFailure({}),
  diagnostics: [
    {
      code: "gate-holds-agent",
      message: "input inside a stage with an agent keeps its container waiting",
      hint: "Move it to a stage of its own.",
      line: 22,
      column: 5,
    },
  ],
  notices: [{ atMs: NOW - 12 * MINUTE, text: "Resumed after the server was restarted." }],
  gates: [],
  deployments: [],
  tests: { passed: 810, failed: 1, skipped: 2, durationMs: 48_000 },
  artifacts: [
    {
      id: 1,
      kind: "file",
      name: "reports/junit.xml",
      digest: null,
      sizeBytes: 98_304,
      path: "/api/v1/builds/412/artifacts/1",
    },
    {
      id: 2,
      kind: "image",
      name: "registry.example/shop/api:2.14.0",
      digest: "sha256:c04d1f32c04d1f32c04d1f32",
      sizeBytes: 84_000_000,
      path: null,
    },
  ],
  commits: PLAN.commits.slice(0, 3),
  parameters: [
    { name: "DEPLOY", value: "true", origin: "the Jenkinsfile's default" },
    { name: "REGION", value: "hk", origin: "lin" },
  ],
  change: null,
  delivery: 5129,
  restartOf: null,
  previous: 411,
  next: 413,
  lastGood: 411,
  consoleBytes: 200_000,
  url: "http://localhost:3000/p/orders-api/b/412",
};

/** A build that runs: step 3 writes. */
export const RUNNING_BUILD: Answer<"build"> = {
  ...FAILED_BUILD,
  ...runningBuild,
  stages: [
    aStage({ path: "Checkout", steps: [aStep({ n: 1, label: "checkout scm" })] }),
    aStage({
      path: "Test",
      state: "running",
      endedAtMs: null,
      steps: [aStep({ n: 3, label: "sh npm test", state: "running", exitCode: null, endedAtMs: null })],
    }),
    aStage({ path: "Push", state: "queued", startedAtMs: null, endedAtMs: null }),
  ],
  failure: null,
  diagnostics: [],
  notices: [],
  tests: null,
};

/** A build that waits at the gate. */
export const WAITING_BUILD: Answer<"build"> = {
  ...FAILED_BUILD,
  ...waitingBuild,
  stages: [
    aStage({ path: "Test", steps: [aStep({ n: 1, label: "sh npm test" })] }),
    aStage({ path: "Production", state: "waiting", endedAtMs: null, steps: [] }),
  ],
  failure: null,
  diagnostics: [],
  notices: [],
  gates: [77],
  deployments: [311],
};

const env: Environment = {
  name: "production",
  policy: "gate",
  projects: ["courier", "handbook", "orders-api"],
  live: [
    {
      release: 86,
      deployment: 300,
      project: "orders-api",
      images: {},
      build: { id: 380, number: 380, ref: "release-v2.13.4", path: "/p/orders-api/b/380" },
      by: "ada",
      atMs: NOW - 190 * HOUR,
    },
    {
      release: 12,
      deployment: 290,
      project: "handbook",
      images: {},
      build: { id: 96, number: 96, ref: "main", path: "/p/handbook/b/96" },
      by: null,
      atMs: NOW - 31 * MINUTE,
    },
  ],
  current: aDeployment({ id: 311, state: "verifying", endedAtMs: null, project: "courier", release: 87 }),
  waiting: 1,
  frozenUntilAtMs: null,
  targets: [
    { name: "hk", kind: "swarm", wave: 0 },
    { name: "us", kind: "swarm", wave: 1 },
  ],
  services: { api: "shop_api" },
  approve: { role: "deployer", needed: 2, pusher: false, expiresMs: 72 * HOUR },
  refs: ["release-v*"],
  soakMs: 120_000,
  limitMs: 600_000,
  onFailure: "rollback",
  running: [
    {
      target: "hk",
      service: "shop_api",
      image: "registry.example/shop/api@sha256:91ab77e091ab77e0",
      ready: 6,
      wanted: 6,
      error: null,
    },
    {
      target: "us",
      service: "shop_api",
      image: "registry.example/shop/api@sha256:91ab77e091ab77e0",
      ready: 4,
      wanted: 6,
      error: "task 8f1 on b3: port in use",
    },
  ],
  readAtMs: NOW - 20_000,
  queue: [
    {
      cause: "gate",
      text: "orders-api release-v2.14.0 waits for a decision",
      sinceAtMs: NOW - HOUR,
      untilAtMs: null,
      endedBy: "mo",
      gate: 77,
      build: null,
    },
  ],
  history: [
    aDeployment({ id: 300, release: 86, approvedBy: "ada" }),
    aDeployment({
      id: 298,
      release: 85,
      state: "rolled_back",
      reason: { code: "health", fault: "command", text: "/health answered 500 for 60s" },
    }),
    aDeployment({ id: 285, release: 84 }),
    aDeployment({
      id: 280,
      release: 83,
      state: "failed",
      reason: { code: "timeout", fault: "command", text: "2 of 6 never healthy" },
    }),
  ],
  source: "sluice.yml:41",
  mayRollBack: true,
};

/** A deployment under way in its second wave. */
export const DEPLOYMENT: Deployment = {
  ...aDeployment({ id: 311, release: 87, project: "courier", state: "verifying", endedAtMs: null, gate: 75 }),
  plan: PLAN,
  planHash: "2b90e1",
  targets: [
    {
      id: 1,
      target: "hk",
      kind: "swarm",
      wave: 0,
      state: "succeeded",
      reason: null,
      ready: 6,
      wanted: 6,
      message: null,
      units: [],
      startedAtMs: NOW - 15 * MINUTE,
      endedAtMs: NOW - 3 * MINUTE,
      deadlineAtMs: null,
      journal: [
        { atMs: NOW - 14 * MINUTE, kind: "accepted", text: "accepted by Swarm, version 812" },
        {
          atMs: NOW - 10 * MINUTE,
          kind: "sending",
          text: `sending registry.example/shop/web:a5814c3d@sha256:${"24591d27894c1fbd".repeat(4)} to shop_web`,
        },
        { atMs: NOW - 3 * MINUTE, kind: "healthy", text: "6 of 6 healthy" },
      ],
    },
    {
      id: 2,
      target: "us",
      kind: "swarm",
      wave: 1,
      state: "verifying",
      reason: null,
      ready: 3,
      wanted: 6,
      message: "2 starting, 1 failing",
      units: [{ id: "courier.5", node: "b3", state: "failed", error: "bind: address already in use" }],
      startedAtMs: NOW - 2 * MINUTE,
      endedAtMs: null,
      deadlineAtMs: NOW + 8 * MINUTE,
      journal: [{ atMs: NOW - 2 * MINUTE, kind: "accepted", text: "accepted by Swarm, version 90" }],
    },
  ],
  rollbackOf: null,
  next: "If us is not healthy at 10:20 it is rolled back.",
  url: "http://localhost:3000/deployments/311",
};

const deliveryRow: DeliverySummary = {
  id: 5122,
  project: "orders-api",
  hook: "h_7Kq2vN9d",
  forge: "gitlab",
  event: "tag_push",
  ref: "v1",
  receivedAtMs: NOW - 41 * MINUTE,
  status: 202,
  state: "ignored",
  verdict: "ignored: tag v1 does not match release-v{..}",
  builds: [],
  durationMs: 8,
  source: "webhook",
  replayOf: null,
};

const deliveries: DeliverySummary[] = [
  {
    ...deliveryRow,
    id: 5131,
    event: "push",
    ref: "feature/refund-webhooks",
    state: "built",
    verdict: "built as #413",
    builds: [{ id: 413, number: 413, url: "http://localhost:3000/p/orders-api/b/413" }],
  },
  deliveryRow,
  {
    ...deliveryRow,
    id: 5116,
    state: "repeated",
    verdict: "sent twice: the same as 5115, nothing new was made",
  },
  {
    ...deliveryRow,
    id: 5090,
    event: null,
    ref: null,
    state: "refused",
    status: 401,
    verdict: "refused: the signature does not match",
  },
];

/** A delivery of which nothing was built, with the rule that said so. */
export const DELIVERY: Delivery = {
  ...deliveryRow,
  lines: [
    { rule: "signature", ok: true, text: "X-Gitlab-Token is the project's secret" },
    { rule: "not seen before", ok: true, text: "this delivery id is new" },
    { rule: "tag", ok: false, text: "wants release-v{..}, got v1" },
  ],
  headers: { "x-gitlab-event": "Tag Push Hook", "content-type": "application/json" },
  body: '{\n  "object_kind": "tag_push",\n  "ref": "refs/tags/v1"\n}',
  sizeBytes: 1945,
  address: "10.0.3.7",
  mayReplay: true,
};

const project: Project = {
  key: "orders-api",
  name: "orders-api",
  forge: "gitlab",
  forgeType: "gitlab",
  repo: "shop/orders-api",
  webUrl: null,
  defaultBranch: "main",
  lastBuild: failedBuild,
  hook: { state: "ok", text: "GitLab calls this server.", lastAtMs: NOW - 2 * MINUTE },
  images: ["registry.example/shop/api"],
  routes: [
    { on: "tag", match: "release-v{..}", build: true, deploy: ["staging", "production"] },
    { on: "branch", match: null, build: true, deploy: [] },
  ],
  tags: {},
  environments: ["staging", "production"],
  refs: [
    { ref: { kind: "branch", name: "main" }, builds: [failedBuild, aBuild({ id: 411, number: 411 })] },
    { ref: { kind: "tag", name: "release-v2.14.0" }, builds: [waitingBuild] },
  ],
  source: "sluice.yml:12",
  schedules: [
    { ref: "refs/heads/main", spec: "H 4 * * 1-5", timeZone: "UTC", nextAtMs: NOW + 9 * 3_600_000 },
  ],
  upstreams: [{ project: "base-images", threshold: "SUCCESS" }],
};

const checks = [
  { name: "docker", ok: true, text: "Docker 27.5 answers, 4 places on this machine", fix: null },
  {
    name: "public-url",
    ok: false,
    text: "The public address is localhost.",
    fix: "Set SLUICE_PUBLIC_URL, so that links in mails work.",
  },
];

const me: Answer<"me"> = {
  id: 1,
  login: "ada",
  name: "Ada",
  mail: "ada@example.com",
  role: "admin",
  csrf: "word",
  by: "session",
  signInExpiresAtMs: NOW + 24 * HOUR,
};

function list<Item>(items: Item[]): { items: Item[]; next: null } {
  return { items, next: null };
}

/** The answers of the example, by method and path below `/api/v1`; each is checked against the contract when given. */
export function answers(): Map<string, unknown> {
  return new Map<string, unknown>([
    ["GET /setup", { claimed: true, version: "1.0.0" }],
    ["GET /me", me],
    [
      "GET /home",
      {
        waiting: [gateRow, otherGate],
        failing: [failedBuild, ourFault],
        running: [runningBuild, queuedBuild],
        recent: ALL_BUILDS,
        deployed: [
          aDeployment({ id: 310, project: "handbook", release: 12 }),
          aDeployment({
            id: 298,
            state: "rolled_back",
            reason: { code: "health", fault: "command", text: "/health answered 500 for 60s" },
          }),
        ],
        deadNotifications: 1,
        checklist: checks,
        projects: 3,
      },
    ],
    [
      "GET /processes",
      list([
        {
          kind: "gate",
          id: 77,
          project: "orders-api",
          title: "gate 77, production",
          state: "open",
          wait: waitingBuild.waits[0] ?? null,
          sinceAtMs: NOW - 2 * HOUR,
          path: "/gates/77",
        },
        {
          kind: "build",
          id: 206,
          project: "courier",
          title: "courier #206",
          state: "queued",
          wait: queuedBuild.waits[0] ?? null,
          sinceAtMs: NOW - HOUR,
          path: "/p/courier/b/206",
        },
      ]),
    ],
    [
      "GET /projects",
      list([
        project,
        {
          ...project,
          key: "courier",
          name: "courier",
          lastBuild: ourFault,
          hook: { state: "none", text: "No hook yet.", lastAtMs: null },
        },
      ]),
    ],
    ["GET /projects/orders-api", project],
    ["GET /builds", list(ALL_BUILDS)],
    ["GET /projects/orders-api/builds/412", FAILED_BUILD],
    ["GET /projects/orders-api/builds/413", RUNNING_BUILD],
    ["GET /projects/orders-api/builds/409", WAITING_BUILD],
    [
      "GET /builds/412/tests",
      list([
        {
          id: 1,
          suite: "cart total",
          name: "applies the discount once",
          state: "failed",
          durationMs: 12,
          message: "expected 90 to equal 81",
          step: 6,
          isNew: true,
        },
        {
          id: 2,
          suite: "cart total",
          name: "is 0 for an empty cart",
          state: "passed",
          durationMs: 3,
          message: null,
          step: null,
          isNew: false,
        },
      ]),
    ],
    ["GET /gates", list([gateRow, otherGate, { ...gateRow, id: 70, state: "rejected", mayDecide: false }])],
    ["GET /gates/77", aGate()],
    ["GET /gates/78", INPUT_GATE],
    ["GET /environments", list([{ ...env, name: "staging", waiting: 0, current: null }, env].map(summaryOf))],
    ["GET /environments/production", env],
    ["GET /deployments/311", DEPLOYMENT],
    ["GET /deliveries", list(deliveries)],
    ["GET /deliveries/5122", DELIVERY],
    [
      "GET /projects/orders-api/secrets",
      list([
        {
          name: "REGISTRY",
          scope: "orders-api",
          type: "usernamePassword",
          updatedAtMs: NOW - 200 * HOUR,
          updatedBy: "lin",
          lastUsedAtMs: NOW - HOUR,
        },
        {
          name: "NPM_TOKEN",
          scope: "server",
          type: "string",
          updatedAtMs: NOW - 400 * HOUR,
          updatedBy: null,
          lastUsedAtMs: null,
        },
      ]),
    ],
    [
      "GET /secrets",
      list([
        {
          name: "NPM_TOKEN",
          scope: "server",
          type: "string",
          updatedAtMs: NOW - 400 * HOUR,
          updatedBy: "wei",
          lastUsedAtMs: null,
        },
      ]),
    ],
    [
      "GET /users",
      list([
        {
          id: 1,
          login: "ada",
          name: "Ada",
          mail: null,
          role: "admin",
          disabled: false,
          createdAtMs: NOW - 900 * HOUR,
          lastSignInAtMs: NOW - HOUR,
        },
        {
          id: 2,
          login: "mo",
          name: "Mo",
          mail: null,
          role: "developer",
          disabled: true,
          createdAtMs: NOW - 900 * HOUR,
          lastSignInAtMs: null,
        },
      ]),
    ],
    [
      "GET /tokens",
      list([
        {
          id: 3,
          name: "deploy script",
          owner: "ada",
          scopes: ["read", "build"],
          createdAtMs: NOW - 90 * HOUR,
          expiresAtMs: NOW + 900 * HOUR,
          lastUsedAtMs: NOW - HOUR,
        },
      ]),
    ],
    [
      "GET /runners",
      list([
        {
          id: 1,
          name: "build-1",
          state: "online",
          labels: ["docker", "linux"],
          places: 4,
          busy: 2,
          lastSeenAtMs: NOW - 2000,
          version: "1.0.0",
          dockerVersion: "27.5.1",
          message: null,
        },
        {
          id: 2,
          name: "build-arm",
          state: "offline",
          labels: ["arm64"],
          places: 2,
          busy: 0,
          lastSeenAtMs: NOW - 32 * MINUTE,
          version: "1.0.0",
          dockerVersion: null,
          message: "disk 97 %, took no more work",
        },
      ]),
    ],
    [
      "GET /notifications",
      list([
        {
          id: 9,
          project: "orders-api",
          build: { id: 412, number: 412, path: "/p/orders-api/b/412" },
          event: "failed",
          channel: "dingtalk:release",
          recipients: ["lin"],
          state: "dead",
          attempts: 8,
          error: "310000 sign not match",
          createdAtMs: NOW - HOUR,
          sentAtMs: null,
          nextAtMs: null,
        },
        {
          id: 8,
          project: "orders-api",
          build: null,
          event: "gate open",
          channel: "mail",
          recipients: ["ada@example.com"],
          state: "sent",
          attempts: 1,
          error: null,
          createdAtMs: NOW - HOUR,
          sentAtMs: NOW - HOUR,
          nextAtMs: null,
        },
      ]),
    ],
    [
      "GET /settings",
      {
        version: "1.0.0",
        publicUrl: "http://localhost:3000",
        configFile: "sluice.yml",
        store: "sqlite",
        forges: [{ name: "gitlab", type: "gitlab", url: "https://git.example.com" }],
        registries: [],
        channels: [{ name: "release", type: "dingtalk" }],
        targets: [{ name: "hk", type: "swarm" }],
        readiness: { ready: true, checks },
      },
    ],
  ]);
}

function summaryOf(environment: Environment): Answer<"environments">["items"][number] {
  const { name, policy, projects, live, current, waiting, frozenUntilAtMs } = environment;
  return { name, policy, projects, live, current, waiting, frozenUntilAtMs };
}

/** Logs of steps, as bytes: `build.step`. */
export function logs(): Map<string, Buffer> {
  return new Map([
    ["412.6", Buffer.from(FAILING_LOG)],
    ["413.3", Buffer.from("first line\n")],
    ["409.1", Buffer.from("147 passing\n")],
  ]);
}
