/**
 * What a `pipeline { … }` says, read off the syntax tree. Values are kept as expressions: whoever runs the pipeline
 * evaluates them, in the order and at the place the language sets.
 */
import type { Span } from "../diagnostic.ts";
import type { Closure, Expression, MethodCall } from "../syntax/ast.ts";

/** A whole `pipeline { … }`. Lists are empty where a section is absent. */
export type Pipeline = {
  readonly agent: Agent;
  readonly stages: readonly Stage[];
  readonly environment: readonly EnvironmentEntry[];
  readonly tools: readonly Tool[];
  readonly options: readonly Setting[];
  readonly parameters: readonly Setting[];
  readonly triggers: readonly Setting[];
  /** The `name@version` of each `lib(…)`. */
  readonly libraries: readonly Expression[];
  /** In the order written; they run in the order of `POST_CONDITIONS`. */
  readonly post: readonly PostBlock[];
  readonly span: Span;
};

/** What a stage, and a matrix for each of its cells, may say besides its work. */
export type StageParts = {
  readonly agent?: Agent;
  readonly environment: readonly EnvironmentEntry[];
  readonly tools: readonly Tool[];
  readonly options: readonly Setting[];
  readonly input?: Input;
  readonly when?: When;
  readonly post: readonly PostBlock[];
};

/** One `stage('name') { … }`. */
export type Stage = StageParts & {
  readonly name: string;
  readonly nameSpan: Span;
  /** `failFast true` beside `parallel` or `matrix`. */
  readonly failFast: boolean;
  readonly work: Work;
  readonly span: Span;
};

/** What a stage does. The closure of `steps` is run as it is; `parallel` inside it is the step of that name. */
export type Work =
  | { readonly kind: "steps"; readonly body: Closure }
  | { readonly kind: "stages"; readonly stages: readonly Stage[] }
  | { readonly kind: "parallel"; readonly stages: readonly Stage[] }
  | { readonly kind: "matrix"; readonly matrix: Matrix };

/** The kinds of agent there are. */
export type AgentType = "any" | "none" | "label" | "node" | "docker" | "dockerfile" | "kubernetes";

/** `agent any`, `agent { docker 'node:24' }`. A value alone is the field it stands for: `label`, `image`. */
export type Agent = {
  readonly type: AgentType;
  readonly fields: readonly AgentField[];
  readonly span: Span;
};

export type AgentField = { readonly name: string; readonly value: Expression; readonly span: Span };

/** `NAME = value`; a call of `credentials` binds a secret. */
export type EnvironmentEntry = {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Expression;
  /** The id handed to `credentials(…)`, when the value is such a call. */
  readonly credentialsId?: Expression;
  readonly span: Span;
};

/** `maven 'M3'` */
export type Tool = {
  readonly type: string;
  readonly name: Expression;
  readonly span: Span;
};

/** An option, a parameter definition or a trigger: a call by name with its arguments, taken apart. */
export type Setting = {
  readonly name: string;
  readonly named: readonly NamedValue[];
  readonly positional: readonly Expression[];
  readonly call: MethodCall;
  readonly span: Span;
};

export type NamedValue = { readonly name: string; readonly value: Expression; readonly span: Span };

/** `when { … }`: all conditions must hold; the flags say how early it is asked. */
export type When = {
  readonly beforeAgent: boolean;
  readonly beforeInput: boolean;
  readonly beforeOptions: boolean;
  readonly conditions: readonly Condition[];
  readonly span: Span;
};

/** One condition. `expression` has a body, `allOf`, `anyOf` and `not` have children, the others have arguments. */
export type Condition =
  | { readonly kind: "expression"; readonly body: Closure; readonly span: Span }
  | {
      readonly kind: "nested";
      readonly name: "allOf" | "anyOf" | "not";
      readonly children: readonly Condition[];
      readonly span: Span;
    }
  | {
      readonly kind: "test";
      readonly name: string;
      readonly named: readonly NamedValue[];
      readonly positional: readonly Expression[];
      readonly span: Span;
    };

/** The question of a stage. */
export type Input = {
  readonly message: Expression;
  readonly id?: Expression;
  readonly ok?: Expression;
  readonly submitter?: Expression;
  readonly submitterParameter?: Expression;
  readonly parameters: readonly Setting[];
  readonly span: Span;
};

/** The conditions of `post`, in the order in which they are tried and run. */
export const POST_CONDITIONS = [
  "always",
  "changed",
  "fixed",
  "regression",
  "aborted",
  "success",
  "unsuccessful",
  "unstable",
  "failure",
  "notBuilt",
  "cleanup",
] as const;
export type PostCondition = (typeof POST_CONDITIONS)[number];

/** One `condition { steps }` of a `post`. */
export type PostBlock = { readonly condition: PostCondition; readonly body: Closure; readonly span: Span };

/** `matrix { … }`: its stages run once for each cell, with the parts around them. */
export type Matrix = StageParts & {
  readonly axes: readonly Axis[];
  readonly excludes: readonly Exclude[];
  readonly stages: readonly Stage[];
  readonly span: Span;
};

export type Axis = { readonly name: string; readonly values: readonly string[]; readonly span: Span };

/** A cell is left out when all axes named here match; with `isInverse` an axis matches what is not listed. */
export type Exclude = { readonly axes: readonly ExcludeAxis[]; readonly span: Span };
export type ExcludeAxis = Axis & { readonly isInverse: boolean };
