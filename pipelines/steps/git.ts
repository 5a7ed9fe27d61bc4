import { ownScm } from "../engine/declarative/agent.ts";
import { bring } from "./checkout.ts";
import { relativeDir } from "./scm.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** The short form of checkout. */
export const git = step({
  name: "git",
  doc: "Brings a branch of a git repository into the current directory.",
  parameters: [
    required("url", "string", "Where it is."),
    optional("branch", "string", "Which branch.", "master"),
    optional("credentialsId", "string", "Name of the secret to clone with."),
    optional("poll", "boolean", "Has no effect here."),
    optional("changelog", "boolean", "Has no effect here."),
  ],
  positional: "url",
  block: "none",
  needsAgent: true,
  kind: "checkout",
  policy: "reattach",
  *behave(call) {
    const branch = call.args.text("branch");
    return yield* bring(call, {
      ...ownScm(relativeDir(call, call.run.context.cwd, call.session().opened.workspace)),
      url: call.args.text("url"),
      credential: call.args.optionalText("credentialsId"),
      ref: branch,
      localBranch: branch,
    });
  },
});
