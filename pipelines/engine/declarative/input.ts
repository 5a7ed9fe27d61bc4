import type { Flow } from "../../interpreter/flow.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Input } from "../../model/pipeline.ts";
import { parameterText } from "../build-variables.ts";
import { askGate } from "../gate.ts";
import { definitionOf } from "../parameters.ts";
import { Description } from "../objects/description.ts";
import { argumentsOf, siteOf, textOf, type World } from "./world.ts";
import { MapValue } from "../../interpreter/values.ts";

/** Asks the question of a stage; its answers become variables of `body`. */
export function* withInput(
  world: World,
  input: Input | undefined,
  stageName: string,
  body: () => Flow<Value>,
): Flow<Value> {
  if (input === undefined) return yield* body();
  const { run } = world;
  const optional = function* (expression: Input["id"]): Flow<string | null> {
    return expression === undefined ? null : yield* textOf(world, expression);
  };
  const parameters = [];
  for (const setting of input.parameters) {
    const args = yield* argumentsOf(world, setting);
    parameters.push(
      definitionOf(new Description(setting.name, args.named ?? new MapValue()), (value) => run.textOf(value)),
    );
  }
  run.print("[Pipeline] input");
  const answer = yield* askGate(run, {
    message: yield* textOf(world, input.message),
    id: (yield* optional(input.id)) ?? stageName,
    ok: (yield* optional(input.ok)) ?? "Proceed",
    submitters: ((yield* optional(input.submitter)) ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
    submitterParameter: yield* optional(input.submitterParameter),
    parameters,
    site: siteOf(world, input.span),
  });
  const variables: [string, string][] = answer.values.map(([name, value]) => [name, parameterText(value)]);
  if (variables.length === 0) return yield* body();
  run.print("[Pipeline] withEnv");
  try {
    return yield* run.block(null, () => run.withVariables(variables, body));
  } finally {
    run.print("[Pipeline] // withEnv");
  }
}
