import type { Flow } from "../interpreter/flow.ts";
import type { DeploymentRequest, Stored } from "../ports.ts";
import { fieldOf, isList, textIn, toValue } from "../engine/convert.ts";
import { noteOutward } from "../engine/session.ts";
import { warnStage } from "../engine/stages.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

const OF_PLUGIN = "Of Jenkins' plugin for application servers, which has a step of this name; refused.";

/** Our own step: a roll-out to an environment, behind its gate. */
export const deploy = step({
  name: "deploy",
  doc: "Rolls out to an environment: makes the plan, waits for the environment's gate, turn and targets, and watches until it is done. Needs no agent.",
  parameters: [
    optional(
      "environment",
      "any",
      "Name of the environment, or a list; absent: what the project's route says.",
    ),
    optional("images", "map", "Service to image; absent: what this build pushed."),
    optional("env", "map", "Environment variables of the services."),
    optional("message", "string", "Text at the gate.", ""),
    optional("timeout", "int", "Minutes of deploying, the gate not counted."),
    optional("optional", "boolean", "A failure makes the build UNSTABLE and it goes on.", false),
    ...["adapters", "war", "contextPath", "onFailure"].map((name) => optional(name, "any", OF_PLUGIN)),
  ],
  positional: "environment",
  block: "none",
  needsAgent: false,
  kind: "deployment",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const { deployTo } = run.head.settings;
    const given = args.has("environment") ? args.texts("environment") : null;
    const environments = given ?? deployTo;
    call.label((environments ?? []).join(", "));
    if (args.has("adapters") || args.has("war"))
      return call.fail(
        "deploy rolls out images to an environment here; to copy a war to an application server use sh, or httpRequest to its manager",
        { code: "not_allowed" },
      );
    if (!run.head.trusted)
      return call.fail("deploy is refused in a build that is not trusted", { code: "untrusted" });
    if (environments !== null && environments.length === 0) {
      call.print("No environment is named here and none by the project's route: nothing to deploy");
      return null;
    }
    if (given === null && deployTo === null) {
      call.print("No environment is named and no route matched: nothing to deploy");
      return null;
    }
    checkAllowed(call, environments ?? []);
    noteOutward(run);
    const ended = yield* oneAtATime(call, environments ?? [], () => call.effect(request(call, environments)));
    const results = isList(ended) ? ended : [ended];
    for (const result of results) {
      const state = textIn(fieldOf(result, "state"));
      if (!args.flag("optional") || state === "succeeded" || state === "planned") continue;
      call.print(`WARNING: deployment to ${textIn(fieldOf(result, "environment"))} ended ${state}`);
      run.build.worsen("UNSTABLE");
      warnStage(run, "UNSTABLE");
    }
    const [only] = results;
    return results.length === 1 && only !== undefined ? toValue(only) : toValue(results);
  },
});

/** Two branches of one build rolling out to one environment would undo each other's work. */
function* oneAtATime(
  call: StepCall,
  environments: readonly string[],
  deployNow: () => Flow<Stored>,
): Flow<Stored> {
  const { deploying } = call.run;
  const taken = environments.find((name) => deploying.has(name));
  if (taken !== undefined) return call.fail(`another branch of this build is deploying to "${taken}"`);
  for (const name of environments) deploying.add(name);
  try {
    return yield* deployNow();
  } finally {
    for (const name of environments) deploying.delete(name);
  }
}

function checkAllowed(call: StepCall, environments: readonly string[]): void {
  const allowed = call.run.head.settings.mayDeployTo;
  if (allowed === null) return;
  for (const name of environments)
    if (!allowed.includes(name))
      call.fail(
        `this build may not deploy to "${name}": the project's routes allow ${allowed.join(", ") || "no environment"} for it`,
        { code: "not_allowed" },
      );
}

function request(call: StepCall, environments: readonly string[] | null): DeploymentRequest {
  const { args } = call;
  return {
    kind: "deployment",
    environments,
    images: args.has("images") ? textMap(call, "images") : null,
    env: textMap(call, "env"),
    message: args.text("message"),
    timeoutMs: args.has("timeout") ? args.int("timeout") * 60_000 : null,
    optional: args.flag("optional"),
  };
}

function textMap(call: StepCall, name: string): Record<string, string> {
  const value = call.args.value(name);
  if (value === null) return {};
  if (!(value instanceof MapValue)) return call.refuse(`"${name}" is a map of names and texts`);
  return Object.fromEntries(
    [...value.entries.values()].map((entry) => [
      call.run.textOf(entry.entryKey),
      call.run.textOf(entry.value),
    ]),
  );
}
