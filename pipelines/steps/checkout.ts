import type { Scm } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { fieldOf, variablesIn } from "../engine/convert.ts";
import { readScm } from "./scm.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** Brings a commit into the current directory. */
export const checkout = step({
  name: "checkout",
  doc: "Brings a commit of a git repository into the current directory: `checkout scm` the build's own. Gives GIT_COMMIT and its like.",
  parameters: [
    required("scm", "any", "scm, scmGit(…) or [$class: 'GitSCM', …]."),
    optional("poll", "boolean", "Has no effect here: builds start by webhook."),
    optional("changelog", "boolean", "Has no effect here."),
  ],
  positional: "scm",
  block: "none",
  needsAgent: true,
  kind: "checkout",
  policy: "reattach",
  *behave(call) {
    if (call.args.value("scm") === null)
      return call.fail("‘checkout scm’ is only available when the build has a repository");
    return yield* bring(call, readScm(call, call.args.value("scm")));
  },
});

/** Checks out and gives the variables that tell what was. */
export function* bring(call: StepCall, scm: Scm): Flow<Value> {
  call.label(`${scm.url ?? "scm"} ${scm.sha ?? scm.ref ?? ""}`.trim());
  const { id, container } = call.session();
  const args = { url: scm.url, ref: scm.ref, sha: scm.sha, dir: scm.dir };
  const ended = yield* call.effect({ kind: "checkout", session: id, container, scm }, args);
  return MapValue.of(Object.entries(variablesIn(fieldOf(ended, "env"))));
}
