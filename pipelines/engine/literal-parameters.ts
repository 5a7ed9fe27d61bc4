import type { Setting } from "../model/pipeline.ts";
import type { Expression } from "../syntax/ast.ts";
import { ListValue, MapValue, type Value } from "../interpreter/values.ts";
import type { ParameterDefinition } from "../ports.ts";
import { Description } from "./objects/description.ts";
import { definitionOf } from "./parameters.ts";

/**
 * The parameters that are written out, known before anything runs: statements above `pipeline { }` may read them. Those
 * with expressions come into force when the pipeline is entered.
 */
export function literalDefinitions(settings: readonly Setting[]): ParameterDefinition[] {
  const found: ParameterDefinition[] = [];
  for (const setting of settings) {
    const fields = new MapValue();
    let isLiteral = true;
    for (const { name, value } of setting.named) {
      const literal = literalOf(value);
      if (literal === undefined) isLiteral = false;
      else fields.set(name, literal);
    }
    if (isLiteral) found.push(definitionOf(new Description(setting.name, fields), plainText));
  }
  return found;
}

function plainText(value: Value): string {
  return value === null || typeof value !== "object" ? String(value) : "";
}

function literalOf(expression: Expression): Value | undefined {
  if (expression.kind === "StringLiteral" || expression.kind === "BooleanLiteral") return expression.value;
  if (expression.kind === "NullLiteral") return null;
  if (expression.kind === "IntegerLiteral")
    return expression.type === "int" ? Number(expression.value) : undefined;
  if (expression.kind !== "ListExpression") return undefined;
  const items: Value[] = [];
  for (const element of expression.elements) {
    const item = literalOf(element);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return new ListValue(items);
}
