import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Known, and refused: agents are Linux containers. */
export const bat = step({
  name: "bat",
  doc: "Batch scripts need Windows; agents of Sluice are Linux containers. Use `sh`, or `pwsh` in an image that has it.",
  parameters: [
    required("script", "string", "The script."),
    optional("returnStdout", "boolean", "As in sh.", false),
    optional("returnStatus", "boolean", "As in sh.", false),
    optional("encoding", "string", "As in sh."),
    optional("label", "string", "As in sh."),
  ],
  positional: "script",
  block: "none",
  needsAgent: true,
  kind: "none",
  policy: "none",
  behave: (call) =>
    call.fail(
      "Batch scripts can only be run on Windows nodes: agents of Sluice are Linux containers, use sh",
    ),
});
