import type { ParameterDefinition, Stored } from "../ports.ts";
import { toStored } from "../engine/convert.ts";
import { Description } from "../engine/objects/description.ts";
import { applyParameters, definitionOf } from "../engine/parameters.ts";
import { ListValue, MapValue, type Value } from "../interpreter/values.ts";
import { wrongTrigger } from "../triggers/specs.ts";
import { required } from "./signature.ts";
import { done, step, type StepCall } from "./step.ts";

/** Settings of the project, from a scripted pipeline. */
export const properties = step({
  name: "properties",
  doc: "Sets parameters, triggers and other settings of the project; refused in a declarative pipeline, which has directives for them.",
  parameters: [
    required("properties", "list", "parameters([…]), pipelineTriggers([…]), buildDiscarder(…) and so on."),
  ],
  positional: "properties",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const definitions: ParameterDefinition[] = [];
    const triggers: { name: string; args: Stored }[] = [];
    const others: { name: string; args: Stored }[] = [];
    for (const property of call.args.list("properties")) {
      const { symbol, items, stored } = describe(call, property);
      if (symbol === "parameters")
        definitions.push(...items.map((item) => definitionOf(item, (value) => call.run.textOf(value))));
      else if (symbol === "pipelineTriggers")
        triggers.push(
          ...items.map((item) => ({
            name: item instanceof Description ? item.symbol : "",
            args: atRest(call, item),
          })),
        );
      else others.push({ name: symbol, args: stored });
    }
    const wrong = wrongTrigger(triggers);
    if (wrong !== null) return call.refuse(wrong);
    applyParameters(call.run, definitions);
    call.run.scheduler.mark({ kind: "settings", parameters: definitions, properties: others, triggers });
    return done(null);
  },
});

function describe(
  call: StepCall,
  property: Value,
): { symbol: string; items: readonly Value[]; stored: Stored } {
  if (property instanceof Description) {
    const value = property.field("value") ?? property.field("triggers") ?? null;
    return {
      symbol: property.symbol,
      items: value instanceof ListValue ? value.items : [],
      stored: atRest(call, property.fields),
    };
  }
  if (property instanceof MapValue) {
    const name = call.run.textOf(property.get("$class") ?? "");
    return { symbol: name.split(".").at(-1) ?? name, items: [], stored: atRest(call, property) };
  }
  return { symbol: "", items: [], stored: null };
}

function atRest(call: StepCall, value: Value): Stored {
  return toStored(
    value,
    (inner) => call.run.textOf(inner),
    (what) => call.refuse(`cannot take ${what}`),
  );
}
