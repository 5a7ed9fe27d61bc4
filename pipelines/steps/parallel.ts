import { ClosureValue, MapValue } from "../interpreter/values.ts";
import { runParallel, type Branch } from "../engine/parallel.ts";
import { openStage, markStage } from "../engine/stages.ts";
import { storedErrorOf } from "../engine/convert.ts";
import { step, type StepCall } from "./step.ts";

/** Branches side by side. Its arguments are the branches themselves, so it is bound apart from other steps. */
export const parallel = step({
  name: "parallel",
  doc: "Runs closures side by side: a map from branch name to closure, with `failFast: true` to stop all at the first failure.",
  parameters: [{ name: "branches", type: "map", required: true, doc: "Name to closure." }],
  positional: "branches",
  block: "none",
  gathersNamed: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const map = call.args.value("branches");
    if (!(map instanceof MapValue)) return call.refuse("takes a map of names and closures");
    let failFast = false;
    const branches: Branch[] = [];
    for (const entry of map.entries.values()) {
      const name = call.run.textOf(entry.entryKey);
      const { value } = entry;
      if (value instanceof ClosureValue) branches.push(branchOf(call, name, value));
      else if (name === "failFast") failFast = value === true || value === "true";
      else return call.refuse(`"${name}" is neither a closure nor failFast`);
    }
    try {
      return yield* runParallel(call.run, branches, failFast);
    } finally {
      call.run.print("[Pipeline] // parallel");
    }
  },
});

function branchOf(call: StepCall, name: string, closure: ClosureValue): Branch {
  const { run } = call;
  return {
    name,
    *run() {
      const stage = openStage(run, name);
      markStage(run, stage, "running", { shape: "branch" });
      try {
        const value = yield* run.within({ stage }, () => run.evaluator.callClosure(closure, []));
        markStage(run, stage, stage.worst === "SUCCESS" ? "succeeded" : "unstable", { shape: "branch" });
        return value;
      } catch (error) {
        const isStopped = storedErrorOf(error)?.result !== undefined;
        markStage(run, stage, isStopped ? "aborted" : "failed", { shape: "branch" });
        throw error;
      }
    },
  };
}
