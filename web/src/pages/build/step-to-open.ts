import type { Build, Stage, Step } from "../../../../server/http/contract/builds.ts";

/** Steps whose label is the command itself, or says what it does. */
const PLAIN: ReadonlySet<string> = new Set(["sh", "bat", "powershell", "pwsh", "node", "error", "echo"]);

/** What a step is called: its label, with the step's name before it where the label alone would not tell. */
export function wordsOf(step: Pick<Step, "name" | "label">): string {
  const { name, label } = step;
  if (label === "") return name;
  return PLAIN.has(name) || label.startsWith(name) ? label : `${name} ${label}`;
}

/** A stage's name below its parent's: the cells of a matrix begin with its name, which need not be said again. */
export function nameWithin(stage: Pick<Stage, "name">, parent: Pick<Stage, "name"> | undefined): string {
  const beginning = parent === undefined ? undefined : `${parent.name} - `;
  return beginning !== undefined && stage.name.startsWith(beginning)
    ? stage.name.slice(beginning.length)
    : stage.name;
}

type StepsOf = Pick<Build, "stages" | "steps" | "failure" | "state">;

/** Every step of a build in the order of their beginning. */
export function allSteps(build: StepsOf): readonly Step[] {
  return [...build.steps, ...build.stages.flatMap((stage) => stage.steps)].toSorted((a, b) => a.n - b.n);
}

function isEnded(step: Step): boolean {
  return step.endedAtMs !== null;
}

/** The step that matters when nobody has chosen one: the failing one, else the one running, else the last. */
export function stepToOpen(build: StepsOf): Step | undefined {
  const steps = allSteps(build);
  const failing = build.failure?.step;
  if (failing !== undefined && failing !== null)
    return steps.find((step) => step.n === failing) ?? steps.at(-1);
  const running = steps.findLast((step) => !isEnded(step) && step.startedAtMs !== null);
  return running ?? steps.findLast((step) => step.logBytes > 0) ?? steps.at(-1);
}

/** The step a stage's box leads to: the one that failed, else the one running, else its first; its children's when it has none. */
export function stepOfStage(stage: Stage, stages: readonly Stage[]): Step | undefined {
  const own = stage.steps;
  const best =
    own.find((step) => step.state === "failed") ??
    own.findLast((step) => !isEnded(step) && step.startedAtMs !== null) ??
    own.find((step) => step.logBytes > 0) ??
    own[0];
  if (best !== undefined) return best;
  for (const child of stages) {
    if (child.parent !== stage.path) continue;
    const found = stepOfStage(child, stages);
    if (found !== undefined) return found;
  }
  return undefined;
}
