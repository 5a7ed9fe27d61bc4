import { isList, textIn } from "../engine/convert.ts";
import { ListValue } from "../interpreter/values.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** The names of runners that carry a label. */
export const nodesByLabel = step({
  name: "nodesByLabel",
  doc: "Gives the names of the runners that fit a label.",
  parameters: [
    required("label", "string", "A label, or an expression like linux && !arm."),
    optional("offline", "boolean", "Those that are away too.", false),
  ],
  positional: "label",
  block: "none",
  needsAgent: false,
  kind: "read",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    const label = args.text("label");
    call.label(label);
    const found = yield* call.effect({ kind: "read", op: "nodes", label, offline: args.flag("offline") });
    const names = isList(found) ? found.map(textIn) : [];
    call.print(
      names.length === 0
        ? `Could not find any nodes with '${label}' label`
        : `Found a total of ${names.length} nodes with the '${label}' label`,
    );
    return new ListValue(names);
  },
});
