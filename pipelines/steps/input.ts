import { MapValue, type Value } from "../interpreter/values.ts";
import { toValue } from "../engine/convert.ts";
import { askGate } from "../engine/gate.ts";
import { definitionOf } from "../engine/parameters.ts";
import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** A question to a person. */
export const input = step({
  name: "input",
  doc: "Asks a person and waits, for weeks if need be. Put it in a stage with `agent none`, so that it holds no agent.",
  parameters: [
    optional("message", "string", "The question.", "Proceed?"),
    optional("id", "string", "Name of the question in the API."),
    optional("ok", "string", "Text of the button.", "Proceed"),
    optional("cancel", "string", "Text of the other button."),
    optional("submitter", "string", "Who may answer: users and groups, separated by commas."),
    optional("submitterParameter", "string", "Give the name of whoever answered under this name."),
    optional("parameters", "list", "A form: string(…), booleanParam(…), choice(…) and so on."),
  ],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "gate",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const answer = yield* askGate(run, {
      message: args.text("message"),
      id: args.optionalText("id") ?? `input-${call.site.span.line}`,
      ok: args.text("ok"),
      submitters: args
        .text("submitter")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== ""),
      submitterParameter: args.optionalText("submitterParameter"),
      parameters: args.list("parameters").map((value) => definitionOf(value, (inner) => run.textOf(inner))),
      site: call.site,
    });
    const values = answer.values.map(([name, value]): [string, Value] => [name, toValue(value)]);
    const [only] = values;
    if (only === undefined) return null;
    return values.length === 1 ? only[1] : MapValue.of(values);
  },
});
