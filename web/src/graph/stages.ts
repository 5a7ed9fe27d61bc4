import type { Stage } from "../../../server/http/contract/builds.ts";
import type { GraphNode } from "./layout.ts";

/** What is written in a stage's box below its name. */
export type NoteOf = (stage: Stage) => string;

function isDone(stage: Stage, broken: boolean): boolean {
  // A stage that its own condition left out was passed; one behind a failure was not.
  if (stage.state === "skipped") return !broken;
  return stage.state === "succeeded" || stage.state === "unstable";
}

function nodeOf(
  stage: Stage,
  childrenOf: ReadonlyMap<string | null, readonly Stage[]>,
  note: NoteOf,
  broken: ReadonlySet<string>,
): GraphNode {
  const children = childrenOf.get(stage.path) ?? [];
  if (children.length === 0) {
    const done = isDone(stage, broken.has(stage.path));
    return { kind: "stage", id: stage.path, title: stage.name, note: note(stage), done };
  }
  const items = children.map((child) => nodeOf(child, childrenOf, note, broken));
  if (stage.kind === "parallel" || stage.kind === "matrix")
    return { kind: "parallel", title: stage.name, items };
  // Stages within a stage run one after another; a fork of one branch draws their common name above them.
  return { kind: "parallel", title: stage.name, items: [{ kind: "sequence", items }] };
}

/** Paths of the stages that come after one that failed or was stopped. */
function afterBreak(stages: readonly Stage[]): ReadonlySet<string> {
  const first = stages.findIndex((stage) => stage.state === "failed" || stage.state === "aborted");
  return new Set(first === -1 ? [] : stages.slice(first + 1).map((stage) => stage.path));
}

/** The drawing's tree from the stages as the API lists them: flat, in order of their beginning, each naming its parent. */
export function graphOf(stages: readonly Stage[], note: NoteOf): GraphNode {
  const known = new Set(stages.map((stage) => stage.path));
  const childrenOf = new Map<string | null, Stage[]>();
  for (const stage of stages) {
    const parent = stage.parent !== null && known.has(stage.parent) ? stage.parent : null;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), stage]);
  }
  const broken = afterBreak(stages);
  return {
    kind: "sequence",
    items: (childrenOf.get(null) ?? []).map((stage) => nodeOf(stage, childrenOf, note, broken)),
  };
}
