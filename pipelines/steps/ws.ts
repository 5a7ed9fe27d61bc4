import { withSession } from "../engine/session.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Another workspace on the same runner. */
export const ws = step({
  name: "ws",
  doc: "Takes another workspace, by name, on the runner of the agent around it.",
  parameters: [required("dir", "string", "Name of the workspace.")],
  positional: "dir",
  block: "required",
  needsAgent: true,
  kind: "session",
  policy: "reattach",
  *behave(call) {
    const outer = call.session();
    const workspace = call.args.text("dir");
    const want = {
      label: outer.label,
      workspace,
      beside: outer.id,
      checkout: null,
      container: null,
      attempts: 1,
      title: `ws ${workspace}`,
    };
    return yield* withSession(call.run, want, call.site, function* (opened, scope) {
      call.run.print(`Running in ${opened.workspace}`);
      return yield* call.body({ session: scope, cwd: opened.workspace });
    });
  },
});
