import type { AgentContainer, EffectId, Scm, SessionOpened, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Site } from "../interpreter/thrown.ts";
import type { Value } from "../interpreter/values.ts";
import { isAgentLoss } from "./agent-loss.ts";
import { catchable, type Run } from "./build.ts";
import type { SessionScope } from "./context.ts";
import { fieldOf, textIn, variablesIn } from "./convert.ts";

/** What kind of agent is wanted. */
export type SessionWant = {
  readonly label: string | null;
  readonly workspace: string | null;
  readonly beside: EffectId | null;
  readonly checkout: Scm | null;
  readonly container: AgentContainer | null;
  readonly attempts: number;
  /** For the page: `agent any`, `docker ruby:3`. */
  readonly title: string;
};

/** Any agent, nothing checked out. */
export const PLAIN_AGENT: SessionWant = {
  label: null,
  workspace: null,
  beside: null,
  checkout: null,
  container: null,
  attempts: 1,
  title: "node",
};

/**
 * Enters an agent, runs `body` in it and leaves it. An agent that is lost is taken anew, and its block run again, as often
 * as the file asks; unasked once, unless something outward happened inside.
 */
export function* withSession(
  run: Run,
  want: SessionWant,
  site: Site,
  body: (opened: SessionOpened, scope: SessionScope) => Flow<Value>,
): Flow<Value> {
  for (let attempt = 1; ; attempt += 1) {
    const acts = { outward: 0 };
    try {
      return yield* enterOnce(run, want, site, acts, body);
    } catch (error) {
      const stored = catchable(error);
      const isAsked = attempt < want.attempts;
      if (!isAgentLoss(run.head, stored) || !(isAsked || (attempt === 1 && acts.outward === 0))) throw error;
      run.print(`The agent was lost: ${stored.message}`);
      run.print(
        isAsked
          ? `Taking another one and running the block again, attempt ${attempt + 1} of ${want.attempts}`
          : "Nothing that others can see had happened on it: taking another one and running the block again",
      );
    }
  }
}

function* enterOnce(
  run: Run,
  want: SessionWant,
  site: Site,
  acts: SessionScope["acts"],
  body: (opened: SessionOpened, scope: SessionScope) => Flow<Value>,
): Flow<Value> {
  const outer = run.context.session;
  const stepNo = run.scheduler.nextStep();
  let id: EffectId | null = null;
  let isOpen = false;
  const request = {
    kind: "session" as const,
    label: want.label,
    workspace: want.workspace,
    outer: outer?.id ?? null,
    beside: want.beside,
    checkout: want.checkout,
    container: want.container,
    attempts: want.attempts,
  };
  const args: Stored = { title: want.title, label: want.label, workspace: want.workspace };
  try {
    const value = yield* run.effect(
      { kind: "session", name: "node", args, request, policy: "reattach", stepNo, site },
      (begun) => {
        id = begun;
        run.markStep(stepNo, "node", want.title, "running", begun);
        run.scheduler.mark({ kind: "log", stepNo });
      },
    );
    run.markStep(stepNo, "node", want.title, "succeeded", id);
    isOpen = true;
    const opened = readOpened(value);
    const scope = {
      id: id ?? "",
      container: "main",
      opened,
      env: sessionEnv(opened),
      label: want.label,
      acts,
    };
    const change = { session: scope, cwd: opened.workspace, registry: null };
    return yield* run.within(change, () =>
      run.withVariables(Object.entries(opened.scm ?? {}), () => body(opened, scope)),
    );
  } catch (error) {
    if (id !== null && !isOpen) run.markStep(stepNo, "node", want.title, "failed", id);
    throw error;
  } finally {
    if (outer !== null) outer.acts.outward += acts.outward;
    if (id !== null) run.scheduler.leave({ kind: "session", id });
  }
}

function sessionEnv(opened: SessionOpened): Record<string, string> {
  return {
    ...opened.env,
    NODE_NAME: opened.node,
    NODE_LABELS: opened.labels,
    EXECUTOR_NUMBER: opened.env["EXECUTOR_NUMBER"] ?? "0",
    WORKSPACE: opened.workspace,
    WORKSPACE_TMP: opened.tmp,
  };
}

function readOpened(value: Stored): SessionOpened {
  const scm = fieldOf(value, "scm");
  return {
    node: textIn(fieldOf(value, "node")),
    labels: textIn(fieldOf(value, "labels")),
    workspace: textIn(fieldOf(value, "workspace")),
    tmp: textIn(fieldOf(value, "tmp")),
    env: variablesIn(fieldOf(value, "env")),
    scm: scm === null ? null : variablesIn(scm),
  };
}

/** Remembers that something outward happened in every agent around. */
export function noteOutward(run: Run): void {
  const { session } = run.context;
  if (session !== null) session.acts.outward += 1;
}
