import { z } from "zod";
import * as builds from "./contract/builds.ts";
import { Done, Page } from "./contract/common.ts";
import * as deliveries from "./contract/deliveries.ts";
import * as deployments from "./contract/deployments.ts";
import * as environments from "./contract/environments.ts";
import { EventsQuery } from "./contract/events.ts";
import * as gates from "./contract/gates.ts";
import * as people from "./contract/people.ts";
import * as projects from "./contract/projects.ts";
import * as system from "./contract/system.ts";

/**
 * Who may call: `anyone`, or a signed-in person or token of at least that role. `scope` is what a token must carry.
 * Where a narrower rule holds (a gate's approvers, the owner of a token) the handler asks it in addition.
 */
export interface Policy {
  readonly role: people.Role | "anyone";
  readonly scope: people.TokenScope;
}

/** One call of the API, below `/api/v1`. `kind` is the form of the answer; `answer` counts for JSON alone. */
export interface Endpoint {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly policy: Policy;
  readonly summary: string;
  readonly status: number;
  readonly kind: "json" | "text" | "file" | "stream";
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
}

const anyone = { role: "anyone", scope: "read" } as const;
const viewer = { role: "viewer", scope: "read" } as const;
const developer = { role: "developer", scope: "build" } as const;
const maintainer = { role: "maintainer", scope: "admin" } as const;
const decider = { role: "developer", scope: "approve" } as const;
const deployer = { role: "deployer", scope: "approve" } as const;
const self = { role: "viewer", scope: "admin" } as const;
const admin = { role: "admin", scope: "admin" } as const;

/** No query, no body: unknown keys are refused everywhere. */
const Nothing = z.strictObject({});
const plain = { query: Nothing, body: Nothing, answer: Nothing } as const;
const json = { status: 200, kind: "json", ...plain } as const;
const made = { status: 201, kind: "json", ...plain } as const;
const accepted = { status: 202, kind: "json", ...plain } as const;
const text = { status: 200, kind: "text", ...plain } as const;
const stream = { status: 200, kind: "stream", ...plain } as const;
const file = { status: 200, kind: "file", ...plain } as const;

/** Every call of `/api/v1`: the routes, their rights, the document `openapi.json` and the page's types all come from here. */
export const api = {
  setup: {
    method: "get",
    path: "/setup",
    policy: anyone,
    summary: "Whether the server has an owner yet",
    ...json,
    answer: people.Setup,
  },
  claim: {
    method: "post",
    path: "/claim",
    policy: anyone,
    summary: "Make the first administrator",
    ...json,
    body: people.ClaimRequest,
    answer: people.Me,
  },
  signIn: {
    method: "post",
    path: "/sign-in",
    policy: anyone,
    summary: "Sign in by name and password",
    ...json,
    body: people.SignInRequest,
    answer: people.Me,
  },
  signInByLink: {
    method: "post",
    path: "/sign-in/link",
    policy: anyone,
    summary: "Sign in by a link that works once",
    ...json,
    body: people.LinkSignInRequest,
    answer: people.Me,
  },
  signOut: {
    method: "post",
    path: "/sign-out",
    policy: viewer,
    summary: "End this sign-in",
    ...json,
    answer: Done,
  },
  me: { method: "get", path: "/me", policy: viewer, summary: "Who asks", ...json, answer: people.Me },
  changePassword: {
    method: "post",
    path: "/me/password",
    policy: self,
    summary: "Change the own password; ends all other sign-ins",
    ...json,
    body: people.ChangePasswordRequest,
    answer: Done,
  },

  home: {
    method: "get",
    path: "/home",
    policy: viewer,
    summary: "What waits, fails, runs and was deployed",
    ...json,
    answer: system.Home,
  },
  processes: {
    method: "get",
    path: "/processes",
    policy: viewer,
    summary: "All that runs or waits, with its reason",
    ...json,
    answer: system.Processes,
  },

  projects: {
    method: "get",
    path: "/projects",
    policy: viewer,
    summary: "Projects",
    ...json,
    query: Page,
    answer: projects.Projects,
  },
  project: {
    method: "get",
    path: "/projects/:key",
    policy: viewer,
    summary: "One project with its refs",
    ...json,
    answer: projects.Project,
  },
  projectBuilds: {
    method: "get",
    path: "/projects/:key/builds",
    policy: viewer,
    summary: "Builds of a project",
    ...json,
    query: builds.BuildsQuery.omit({ project: true }),
    answer: builds.Builds,
  },
  projectBuild: {
    method: "get",
    path: "/projects/:key/builds/:number",
    policy: viewer,
    summary: "A build by its number in the project",
    ...json,
    answer: builds.Build,
  },
  startBuild: {
    method: "post",
    path: "/projects/:key/builds",
    policy: developer,
    summary: "Start a build",
    ...made,
    body: builds.StartBuildRequest,
    answer: builds.BuildRef,
  },
  renewHook: {
    method: "post",
    path: "/projects/:key/hook",
    policy: maintainer,
    summary: "Make or renew the hook's address and secret",
    ...json,
    answer: projects.Hook,
  },

  builds: {
    method: "get",
    path: "/builds",
    policy: viewer,
    summary: "Builds of all projects",
    ...json,
    query: builds.BuildsQuery,
    answer: builds.Builds,
  },
  build: {
    method: "get",
    path: "/builds/:id",
    policy: viewer,
    summary: "One build with stages and steps",
    ...json,
    answer: builds.Build,
  },
  console: {
    method: "get",
    path: "/builds/:id/console",
    policy: viewer,
    summary: "The console text",
    ...text,
  },
  stepLog: {
    method: "get",
    path: "/builds/:id/steps/:n/log",
    policy: viewer,
    summary: "A range of a step's log",
    ...json,
    query: builds.LogQuery,
    answer: builds.LogRange,
  },
  searchStepLog: {
    method: "get",
    path: "/builds/:id/steps/:n/log/search",
    policy: viewer,
    summary: "Lines of a step's log that hold a text",
    ...json,
    query: builds.LogSearchQuery,
    answer: builds.LogSearch,
  },
  tests: {
    method: "get",
    path: "/builds/:id/tests",
    policy: viewer,
    summary: "Test results, failed ones first",
    ...json,
    query: Page,
    answer: builds.TestCases,
  },
  artifact: {
    method: "get",
    path: "/builds/:id/artifacts/:artifact",
    policy: viewer,
    summary: "One archived file",
    ...file,
  },
  explain: {
    method: "get",
    path: "/builds/:id/why",
    policy: viewer,
    summary: "Why a build stands where it stands",
    ...json,
    answer: builds.Explanation,
  },
  abort: {
    method: "post",
    path: "/builds/:id/abort",
    policy: developer,
    summary: "Abort a build",
    ...accepted,
    body: builds.AbortRequest,
    answer: Done,
  },
  approveBuild: {
    method: "post",
    path: "/builds/:id/approve",
    policy: { role: "maintainer", scope: "approve" },
    summary:
      "Let the build of an untrusted change request run, without secrets and with the target branch's file",
    ...json,
    body: builds.ApproveBuildRequest,
    answer: Done,
  },
  restart: {
    method: "post",
    path: "/builds/:id/restart",
    policy: developer,
    summary: "Build the same commit again, from a stage or whole",
    ...made,
    body: builds.RestartRequest,
    answer: builds.BuildRef,
  },

  gates: {
    method: "get",
    path: "/gates",
    policy: viewer,
    summary: "Gates",
    ...json,
    query: gates.GatesQuery,
    answer: gates.Gates,
  },
  gate: {
    method: "get",
    path: "/gates/:id",
    policy: viewer,
    summary: "One gate with its plan",
    ...json,
    answer: gates.Gate,
  },
  decide: {
    method: "post",
    path: "/gates/:id/decision",
    policy: decider,
    summary: "Approve or reject",
    ...json,
    body: gates.DecisionRequest,
    answer: gates.Gate,
  },

  environments: {
    method: "get",
    path: "/environments",
    policy: viewer,
    summary: "Environments",
    ...json,
    query: environments.EnvironmentsQuery,
    answer: environments.Environments,
  },
  environment: {
    method: "get",
    path: "/environments/:name",
    policy: viewer,
    summary: "One environment with history",
    ...json,
    answer: environments.Environment,
  },
  rollBack: {
    method: "post",
    path: "/environments/:name/rollback",
    policy: deployer,
    summary: "Deploy an earlier release again",
    ...made,
    body: environments.RollBackRequest,
    answer: environments.RollBackAnswer,
  },
  deployments: {
    method: "get",
    path: "/deployments",
    policy: viewer,
    summary: "Deployments, newest first",
    ...json,
    query: Page.extend({ environment: z.string().optional(), project: z.string().optional() }),
    answer: deployments.Deployments,
  },
  deployment: {
    method: "get",
    path: "/deployments/:id",
    policy: viewer,
    summary: "One deployment with targets and journal",
    ...json,
    answer: deployments.Deployment,
  },
  resolveDeployment: {
    method: "post",
    path: "/deployments/:id/resolve",
    policy: deployer,
    summary: "Look again at an unknown deployment, or state what was seen",
    ...json,
    body: deployments.ResolveRequest,
    answer: deployments.Deployment,
  },

  deliveries: {
    method: "get",
    path: "/deliveries",
    policy: viewer,
    summary: "Webhook deliveries, refused ones too",
    ...json,
    query: deliveries.DeliveriesQuery,
    answer: deliveries.Deliveries,
  },
  delivery: {
    method: "get",
    path: "/deliveries/:id",
    policy: viewer,
    summary: "One delivery with its verdict line by line",
    ...json,
    answer: deliveries.Delivery,
  },
  replay: {
    method: "post",
    path: "/deliveries/:id/replay",
    policy: developer,
    summary: "Judge a stored delivery again",
    ...accepted,
    body: deliveries.ReplayRequest,
    answer: deliveries.Received,
  },

  events: {
    method: "get",
    path: "/events",
    policy: viewer,
    summary: "Live changes (server-sent events)",
    ...stream,
    query: EventsQuery,
  },

  secrets: {
    method: "get",
    path: "/secrets",
    policy: maintainer,
    summary: "Names of the instance's secrets",
    ...json,
    answer: system.Secrets,
  },
  putSecret: {
    method: "put",
    path: "/secrets/:name",
    policy: admin,
    summary: "Set a secret of the instance",
    ...json,
    body: system.PutSecretRequest,
    answer: system.Secret,
  },
  deleteSecret: {
    method: "delete",
    path: "/secrets/:name",
    policy: admin,
    summary: "Delete a secret of the instance",
    ...json,
    answer: Done,
  },
  projectSecrets: {
    method: "get",
    path: "/projects/:key/secrets",
    policy: maintainer,
    summary: "Names of a project's secrets",
    ...json,
    answer: system.Secrets,
  },
  putProjectSecret: {
    method: "put",
    path: "/projects/:key/secrets/:name",
    policy: maintainer,
    summary: "Set a secret of a project",
    ...json,
    body: system.PutSecretRequest,
    answer: system.Secret,
  },
  deleteProjectSecret: {
    method: "delete",
    path: "/projects/:key/secrets/:name",
    policy: maintainer,
    summary: "Delete a secret of a project",
    ...json,
    answer: Done,
  },

  users: { method: "get", path: "/users", policy: admin, summary: "People", ...json, answer: people.Users },
  createUser: {
    method: "post",
    path: "/users",
    policy: admin,
    summary: "Add a person",
    ...made,
    body: people.CreateUserRequest,
    answer: people.User,
  },
  changeUser: {
    method: "patch",
    path: "/users/:id",
    policy: admin,
    summary: "Change a person's name, role or state",
    ...json,
    body: people.ChangeUserRequest,
    answer: people.User,
  },
  createSignInLink: {
    method: "post",
    path: "/users/:id/sign-in-link",
    policy: admin,
    summary: "A link by which this person signs in once",
    ...made,
    answer: people.SignInLink,
  },
  tokens: {
    method: "get",
    path: "/tokens",
    policy: viewer,
    summary: "API tokens: one's own, an administrator's all",
    ...json,
    answer: people.Tokens,
  },
  createToken: {
    method: "post",
    path: "/tokens",
    policy: self,
    summary: "Make an API token",
    ...made,
    body: people.CreateTokenRequest,
    answer: people.CreatedToken,
  },
  deleteToken: {
    method: "delete",
    path: "/tokens/:id",
    policy: self,
    summary: "Revoke an API token",
    ...json,
    answer: Done,
  },
  audit: {
    method: "get",
    path: "/audit",
    policy: admin,
    summary: "The audit chain, newest first",
    ...json,
    query: Page,
    answer: people.Audit,
  },

  runners: {
    method: "get",
    path: "/runners",
    policy: viewer,
    summary: "Runners",
    ...json,
    answer: system.Runners,
  },
  createRunner: {
    method: "post",
    path: "/runners",
    policy: admin,
    summary: "Add a runner",
    ...made,
    body: system.CreateRunnerRequest,
    answer: system.CreatedRunner,
  },
  drainRunner: {
    method: "post",
    path: "/runners/:id/drain",
    policy: admin,
    summary: "Give a runner no new work",
    ...accepted,
    answer: Done,
  },
  revokeRunner: {
    method: "delete",
    path: "/runners/:id",
    policy: admin,
    summary: "Shut a runner out",
    ...json,
    answer: Done,
  },

  notifications: {
    method: "get",
    path: "/notifications",
    policy: viewer,
    summary: "Messages to people, newest first",
    ...json,
    query: system.NotificationsQuery,
    answer: system.Notifications,
  },
  resendNotification: {
    method: "post",
    path: "/notifications/:id/resend",
    policy: maintainer,
    summary: "Send a dead message again",
    ...accepted,
    answer: Done,
  },

  settings: {
    method: "get",
    path: "/settings",
    policy: admin,
    summary: "What the server is set to",
    ...json,
    answer: system.Settings,
  },
  endSafeMode: {
    method: "post",
    path: "/safe-mode/end",
    policy: admin,
    summary: "Let a server restored from a backup start builds again",
    ...json,
    answer: Done,
  },
  checklist: {
    method: "get",
    path: "/checklist",
    policy: viewer,
    summary: "What is still missing after the first start",
    ...json,
    answer: system.Checklist,
  },
} as const satisfies Record<string, Endpoint>;

/** The name of a call. */
export type EndpointName = keyof typeof api;

/** What a call answers, as the page gets it. */
export type Answer<Name extends EndpointName> = z.output<(typeof api)[Name]["answer"]>;

/** What a caller sends as body, before defaults. */
export type RequestBody<Name extends EndpointName> = z.input<(typeof api)[Name]["body"]>;
