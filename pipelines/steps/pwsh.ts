import { optional, required } from "./signature.ts";
import { runScript } from "./shell.ts";
import { step } from "./step.ts";

/** A PowerShell script, where the agent's image has PowerShell. */
export const pwsh = step({
  name: "pwsh",
  aliases: ["powershell"],
  doc: "Runs a script with `pwsh` in the agent; the agent's image must have PowerShell.",
  parameters: [
    required("script", "string", "The script."),
    optional("returnStdout", "boolean", "Give the standard output as the step's value.", false),
    optional("returnStatus", "boolean", "Give the exit code as the step's value, instead of failing.", false),
    optional("encoding", "string", "Character set of the output; UTF-8 when absent."),
    optional("label", "string", "What the page shows for this step."),
  ],
  positional: "script",
  block: "none",
  needsAgent: true,
  kind: "exec",
  policy: "reattach",
  behave: (call) =>
    runScript(call, { argv: ["pwsh", "-NoLogo", "-NonInteractive", "-Command", call.args.text("script")] }),
});
