import { withSession } from "../engine/session.ts";
import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** An agent for the block. */
export const node = step({
  name: "node",
  doc: "Takes an agent with a workspace for the block.",
  parameters: [optional("label", "string", "Which runners will do, as a label expression; absent: any.")],
  positional: "label",
  block: "required",
  needsAgent: false,
  kind: "session",
  policy: "reattach",
  *behave(call) {
    const asked = call.args.optionalText("label");
    // The label of a podTemplate asks for its containers; the agent beside them may be any.
    const label = asked === call.run.context.pod?.label ? null : asked;
    const want = {
      label: label === null || label === "" ? null : label,
      workspace: null,
      beside: null,
      checkout: null,
      container: null,
      attempts: 1,
      title: label === null || label === "" ? "any agent" : `agent ${label}`,
    };
    return yield* withSession(call.run, want, call.site, function* (opened, scope) {
      call.run.print(`Running on ${opened.node} in ${opened.workspace}`);
      return yield* call.body({ session: scope, cwd: opened.workspace });
    });
  },
});
