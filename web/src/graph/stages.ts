import type { Stage } from "../../../server/http/contract/builds.ts";
import type { GraphNode } from "./layout.ts";

/** What is written in a stage's box below its name. */
export type NoteOf = (stage: Stage) => string;

function isDone(stage: Stage): boolean {
  return stage.state === "succeeded" || stage.state === "unstable" || stage.state === "skipped";
}

function nodeOf(
  stage: Stage,
  childrenOf: ReadonlyMap<string | null, readonly Stage[]>,
  note: NoteOf,
): GraphNode {
  const children = childrenOf.get(stage.path) ?? [];
  if (children.length === 0) {
    return { kind: "stage", id: stage.path, title: stage.name, note: note(stage), done: isDone(stage) };
  }
  const items = children.map((child) => nodeOf(child, childrenOf, note));
  if (stage.kind === "parallel" || stage.kind === "matrix")
    return { kind: "parallel", title: stage.name, items };
  // Stages within a stage run one after another; a fork of one branch draws their common name above them.
  return { kind: "parallel", title: stage.name, items: [{ kind: "sequence", items }] };
}

/** The drawing's tree from the stages as the API lists them: flat, in order of their beginning, each naming its parent. */
export function graphOf(stages: readonly Stage[], note: NoteOf): GraphNode {
  const known = new Set(stages.map((stage) => stage.path));
  const childrenOf = new Map<string | null, Stage[]>();
  for (const stage of stages) {
    const parent = stage.parent !== null && known.has(stage.parent) ? stage.parent : null;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), stage]);
  }
  return {
    kind: "sequence",
    items: (childrenOf.get(null) ?? []).map((stage) => nodeOf(stage, childrenOf, note)),
  };
}
