import { optional, required } from "./signature.ts";
import { runScript } from "./shell.ts";
import { step } from "./step.ts";

/** A shell script. */
export const sh = step({
  name: "sh",
  doc: "Runs a shell script in the agent. It runs with `sh -xe` unless its first line names another interpreter.",
  parameters: [
    required("script", "string", "The script."),
    optional(
      "returnStdout",
      "boolean",
      "Give the standard output as the step's value, instead of logging it.",
      false,
    ),
    optional("returnStatus", "boolean", "Give the exit code as the step's value, instead of failing.", false),
    optional("encoding", "string", "Character set of the output; UTF-8 when absent."),
    optional("label", "string", "What the page shows for this step."),
  ],
  positional: "script",
  block: "none",
  needsAgent: true,
  kind: "exec",
  policy: "reattach",
  behave: (call) => runScript(call, { script: call.args.text("script") }),
});
