import { fieldOf, isList, textIn } from "../engine/convert.ts";
import type { Context } from "../engine/context.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional } from "./signature.ts";
import { inMilliseconds } from "./timeout.ts";
import { step, type StepCall } from "./step.ts";

/** Holds a resource for a block. */
export const lock = step({
  name: "lock",
  doc: "Holds a named resource for the block; others wait their turn. A resource that is not known is made.",
  parameters: [
    optional("resource", "string", "Name of the resource."),
    optional("label", "string", "Refused on a server, which knows resources by their names."),
    optional("quantity", "int", "How many of the label.", 0),
    optional("variable", "string", "Variable that gets the names."),
    optional("inversePrecedence", "boolean", "The newest waiter is next.", false),
    optional("priority", "int", "Higher is sooner.", 0),
    optional("skipIfLocked", "boolean", "Pass over the block when it is taken.", false),
    optional("extra", "list", "Further resources: maps with resource."),
    optional("reason", "string", "Shown to those who wait."),
    optional("timeoutForAllocateResource", "int", "How long to wait; 0: for ever.", 0),
    optional("timeoutUnit", "string", "Unit of it.", "MINUTES"),
  ],
  positional: "resource",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "lock",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const resources = [...args.texts("resource"), ...extras(call)];
    const wait = args.int("timeoutForAllocateResource");
    run.print(`Trying to acquire lock on [${resources.join(", ") || (args.optionalText("label") ?? "")}]`);
    let id: string | null = null;
    try {
      const taken = yield* call.effect({
        kind: "lock",
        resources,
        label: args.optionalText("label"),
        quantity: args.int("quantity"),
        skipIfLocked: args.flag("skipIfLocked"),
        inversePrecedence: args.flag("inversePrecedence"),
        priority: args.int("priority"),
        reason: args.optionalText("reason"),
        timeoutMs: wait > 0 ? inMilliseconds(wait, args.text("timeoutUnit")) : null,
      });
      id = call.lastEffect();
      if (taken === null) {
        run.print("The resource is locked, skipping the block");
        return null;
      }
      const names = fieldOf(taken, "resources");
      const held = isList(names) ? names.map(textIn) : resources;
      run.print(`Lock acquired on [${held.join(", ")}]`);
      return yield* call.body(variables(call, held));
    } finally {
      const effect = id ?? call.lastEffect();
      if (effect !== null) {
        run.scheduler.leave({ kind: "lock", id: effect });
        run.print("Lock released");
      }
    }
  },
});

function extras(call: StepCall): string[] {
  return call.args
    .list("extra")
    .flatMap((value) => (value instanceof MapValue ? [call.run.textOf(value.get("resource") ?? "")] : []));
}

function variables(call: StepCall, held: readonly string[]): Partial<Context> {
  const name = call.args.optionalText("variable");
  if (name === null) return {};
  const values = new Map([[name, held.join(",")]]);
  for (const [index, resource] of held.entries()) values.set(`${name}${index}`, resource);
  return { layers: { parent: call.run.context.layers, values, isSecret: false } };
}
