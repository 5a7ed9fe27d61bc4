import type { Parameter, Signature } from "../steps/signature.ts";

/** Gives the signature of a step of that name, if the step is known. */
export type SignatureLookup = (name: string) => Signature | undefined;

/** What a field takes, in the words in which Jenkins prints it; `any` is not checked. */
export type FieldType =
  | "class java.lang.String"
  | "class java.lang.Boolean"
  | "boolean"
  | "int"
  | "long"
  | "any"
  | { readonly oneOf: readonly string[] };

/** One argument of an option, trigger, parameter, condition or step. */
export type Field = { readonly name: string; readonly type: FieldType; readonly isRequired: boolean };

/** What a call takes. */
export type Shape = {
  readonly fields: readonly Field[];
  /** The field that a value without a name fills. */
  readonly sole: Field | undefined;
  readonly takesBlock: boolean;
  /** Arguments beyond `fields` are not ours to judge. */
  readonly isOpen: boolean;
};

const TYPES: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ["string", "class java.lang.String"],
  ["boolean", "boolean"],
  ["Boolean", "class java.lang.Boolean"],
  ["int", "int"],
  ["long", "long"],
]);

/** The shape of a step. */
export function shapeOfStep(signature: Signature): Shape {
  const gathers = signature.gathersNamed === true;
  // The entries of a map that is gathered stand in for the map itself.
  const fields = signature.parameters
    .map(fieldOf)
    .map((field) => (gathers ? { ...field, isRequired: false } : field));
  const sole = fields.find((field) => field.name === signature.positional);
  return {
    fields,
    sole,
    takesBlock: signature.block !== "none",
    isOpen: gathers || (fields.length === 0 && signature.positional === null),
  };
}

function fieldOf(parameter: Parameter): Field {
  const type = typeof parameter.type === "string" ? (TYPES.get(parameter.type) ?? "any") : parameter.type;
  return { name: parameter.name, type, isRequired: parameter.required };
}

/**
 * A shape written as text: `name!:string trim:boolean`. `!` marks what must be there; the only such field is the one an
 * unnamed value fills. A last word `*` leaves further arguments unchecked.
 */
export function shape(text: string): Shape {
  const words = text.split(" ").filter((word) => word !== "");
  const fields = words.filter((word) => word !== "*").map(fieldFrom);
  const required = fields.filter((field) => field.isRequired);
  return {
    fields,
    sole: required.length === 1 ? required[0] : undefined,
    takesBlock: false,
    isOpen: words.includes("*"),
  };
}

function fieldFrom(word: string): Field {
  const [name = "", type = "any"] = word.split(":");
  const isRequired = name.endsWith("!");
  return { name: isRequired ? name.slice(0, -1) : name, type: TYPES.get(type) ?? "any", isRequired };
}

/** A table of shapes by name. */
export function shapes(table: Readonly<Record<string, string>>): ReadonlyMap<string, Shape> {
  return new Map(Object.entries(table).map(([name, text]) => [name, shape(text)]));
}

/** The options of a pipeline that are no steps; those marked may stand in a stage too. */
export const OPTIONS = shapes({
  ansiColor: "colorMapName!:string defaultFg:int defaultBg:int",
  authorizationMatrix: "*",
  bitbucketConnection: "*",
  buildBlocker: "*",
  buildDiscarder: "strategy!",
  checkoutToSubdirectory: "subdirectory!:string",
  copyArtifactPermission: "projectNames!:string",
  datadog: "*",
  disableConcurrentBuilds: "abortPrevious:boolean",
  disableRestartFromStage: "",
  disableResume: "",
  durabilityHint: "hint!:string",
  githubProjectProperty: "projectUrlStr!:string displayName:string *",
  gitLabConnection: "*",
  gitlabBuilds: "*",
  gitlabCommitStatus: "*",
  gitLabCommitStatus: "*",
  hideFromView: "*",
  newContainerPerStage: "",
  office365ConnectorWebhooks: "*",
  overrideIndexTriggers: "enableTriggers!:boolean",
  parallelsAlwaysFailFast: "",
  pipelineTriggers: "*",
  preserveStashes: "buildCount:int",
  quietPeriod: "quietPeriod!:int",
  rateLimitBuilds: "throttle!",
  sidebarLinks: "*",
  skipDefaultCheckout: "skipDefaultCheckout!:Boolean",
  skipStagesAfterUnstable: "",
  throttle: "*",
  throttleJobProperty: "*",
  timestamps: "",
  triggers: "*",
  withAWS: "*",
  withSonarQubeEnv: "*",
  parameters: "*",
});

/** The options a stage may have besides steps that take a block. */
export const STAGE_OPTIONS: ReadonlySet<string> = new Set([
  "ansiColor",
  "checkoutToSubdirectory",
  "gitlabBuilds",
  "gitlabCommitStatus",
  "gitLabCommitStatus",
  "skipDefaultCheckout",
  "throttle",
  "timestamps",
  "withAWS",
  "withSonarQubeEnv",
]);

/** Steps with a block that may also be options; the catalogue may mark more. */
export const WRAPPERS: ReadonlySet<string> = new Set([
  "catchError",
  "lock",
  "retry",
  "timeout",
  "timestamps",
  "ansiColor",
  "throttle",
  "warnError",
  "withCredentials",
  "withEnv",
  "wrap",
  "waitUntil",
  "withContext",
]);

/** The definitions of build parameters. */
export const PARAMETERS = shapes({
  activeChoice: "*",
  activeChoiceHtml: "*",
  base64File: "name!:string description:string",
  booleanParam: "name!:string defaultValue:boolean description:string",
  choice: "name!:string choices description:string *",
  choiceParam: "name!:string choices description:string *",
  credentials: "name!:string description:string defaultValue:string credentialType:string required:boolean",
  extendedChoice: "*",
  file: "name!:string description:string",
  fileParam: "name!:string description:string",
  gitParameter: "*",
  imageTag: "*",
  listGitBranches: "*",
  password: "name!:string defaultValue:string description:string defaultValueAsSecret",
  persistentString: "*",
  reactiveChoice: "*",
  run: "name!:string projectName:string description:string filter:string",
  runParam: "name!:string projectName:string description:string filter:string",
  separator: "*",
  stashedFile: "name!:string description:string",
  string: "name!:string defaultValue:string description:string trim:boolean",
  stringParam: "name!:string defaultValue:string description:string trim:boolean",
  text: "name!:string defaultValue:string description:string trim:boolean",
  textParam: "name!:string defaultValue:string description:string trim:boolean",
  validatingString: "*",
});

/** The triggers. Those of plugins are taken as they are: Sluice has webhooks of its own for them. */
export const TRIGGERS = shapes({
  GenericTrigger: "*",
  bitBucketTrigger: "*",
  bitbucketPush: "*",
  cron: "spec!:string",
  dockerHub: "*",
  ghprb: "*",
  githubPush: "",
  githubPullRequests: "*",
  githubBranches: "*",
  gitlab: "*",
  issueCommentTrigger: "*",
  parameterizedCron: "parameterizedSpecification!:string",
  pollSCM: "scmpoll_spec!:string ignorePostCommitHooks:boolean",
  snapshotDependencies: "*",
  upstream: "upstreamProjects!:string threshold",
  eventTrigger: "*",
  jiraTrigger: "*",
  gerrit: "*",
});

/** Calls that stand as arguments of the ones above. */
export const ARGUMENT_CALLS = shapes({
  logRotator:
    "daysToKeepStr:string numToKeepStr:string artifactDaysToKeepStr:string artifactNumToKeepStr:string removeLastBuild:boolean",
});

/** The conditions of `when` that take arguments. */
export const CONDITIONS = shapes({
  branch: "pattern!:string comparator:string",
  buildingTag: "",
  changelog: "pattern!:string",
  changeRequest:
    "id:string target:string branch:string fork:string url:string title:string author:string authorDisplayName:string authorEmail:string comparator:string",
  changeset: "pattern!:string comparator:string caseSensitive:boolean",
  environment: "name!:string value!:string ignoreCase:boolean",
  equals: "expected! actual!",
  isRestartedRun: "",
  tag: "pattern:string comparator:string",
  triggeredBy: "cause!:string detail:string",
});

/** The fields of each type of agent. */
export const AGENTS: ReadonlyMap<string, Shape> = shapes({
  label: "label!:string customWorkspace:string retries:int",
  node: "label!:string customWorkspace:string retries:int",
  docker:
    "image!:string label:string args:string registryUrl:string registryCredentialsId:string customWorkspace:string reuseNode:boolean alwaysPull:boolean containerPerStageRoot:boolean",
  dockerfile:
    "filename:string dir:string additionalBuildArgs:string args:string label:string registryUrl:string registryCredentialsId:string customWorkspace:string reuseNode:boolean alwaysPull:boolean containerPerStageRoot:boolean",
});

/** The tools that have a name of their own. */
export const TOOLS: ReadonlySet<string> = new Set([
  "ant",
  "allure",
  "cmake",
  "dependency-check",
  "docker",
  "dockerTool",
  "dotnetsdk",
  "git",
  "go",
  "gradle",
  "groovy",
  "hudson.plugins.sonar.SonarRunnerInstallation",
  "jdk",
  "jgit",
  "jgitapache",
  "maven",
  "msbuild",
  "nodejs",
  "oc",
  "org.jenkinsci.plugins.docker.commons.tools.DockerTool",
  "sonarQube",
  "snyk",
  "terraform",
  "xcode",
]);
