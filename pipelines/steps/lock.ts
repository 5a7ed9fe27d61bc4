import { fieldOf, isList, textIn } from "../engine/convert.ts";
import type { Context } from "../engine/context.ts";
import { Description } from "../engine/objects/description.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import type { LockRequest } from "../ports.ts";
import { optional } from "./signature.ts";
import { inMilliseconds } from "./timeout.ts";
import { step, type StepCall } from "./step.ts";

/** Holds a resource for a block. */
export const lock = step({
  name: "lock",
  doc: "Holds a named resource for the block; others wait their turn. A resource that is not known is made.",
  parameters: [
    optional("resource", "string", "Name of the resource."),
    optional("label", "string", "Resources that carry this label, as sluice.yml lists them."),
    optional("quantity", "int", "How many of the label; 0: all of them.", 0),
    optional("variable", "string", "Variable that gets the names."),
    optional("inversePrecedence", "boolean", "The newest waiter is next.", false),
    optional("priority", "int", "Higher is sooner.", 0),
    optional("skipIfLocked", "boolean", "Pass over the block when it is taken.", false),
    optional("extra", "list", "Further ones: maps with resource, or with label and quantity."),
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
    const { resources, labels } = wantedBy(call);
    const wait = args.int("timeoutForAllocateResource");
    run.print(`Trying to acquire lock on [${[...resources, ...labels.map(inWords)].join(", ")}]`);
    let id: string | null = null;
    try {
      const taken = yield* call.effect({
        kind: "lock",
        resources,
        labels,
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
      const names =
        labels.length === 0
          ? fieldOf(taken, "resources")
          : yield* call.effect({ kind: "read", op: "held", lock: id ?? "" });
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

type Wanted = Pick<LockRequest, "resources" | "labels">;

/** All that one call asks for, checked and worded as Jenkins' plugin does. */
function wantedBy(call: StepCall): Wanted {
  const { args } = call;
  if (args.flag("inversePrecedence") && args.int("priority") !== 0)
    call.refuse('The "inverse precedence" option is not compatible with "queue priority" option!');
  const quantity = args.int("quantity");
  const [label, all] = [args.optionalText("label"), args.texts("resource")];
  const given = all.length === 0 && label === null ? [] : [one(call, all, label, quantity)];
  const wanted = [...given, ...call.args.list("extra").map((value) => extra(call, value))];
  if (wanted.length === 0) call.refuse("Either resource label or resource name must be specified.");
  return {
    resources: wanted.flatMap(({ resources }) => resources),
    labels: wanted.flatMap(({ labels }) => labels),
  };
}

function extra(call: StepCall, value: Value): Wanted {
  const fields = value instanceof Description ? value.fields : value;
  if (!(fields instanceof MapValue))
    return call.refuse("extra takes maps, like [[resource: 'a'], [label: 'b', quantity: 1]]");
  const text = (name: string) => {
    const found = fields.get(name) ?? null;
    return found === null ? null : call.run.textOf(found);
  };
  const resource = text("resource");
  const quantity = text("quantity") ?? "0";
  if (!/^-?\d{1,9}$/.test(quantity)) call.refuse(`"quantity" must be a whole number, not "${quantity}"`);
  return one(call, resource === null ? [] : [resource], text("label"), Number(quantity));
}

function one(call: StepCall, given: readonly string[], label: string | null, quantity: number): Wanted {
  const resources = given.filter((name) => name !== "");
  if (label === null || label === "") {
    if (resources.length === 0) call.refuse("Either resource label or resource name must be specified.");
    return { resources, labels: [] };
  }
  if (resources.length > 0)
    call.refuse("Resource label and resource name cannot be specified simultaneously.");
  return { resources, labels: [{ label, quantity: Math.max(0, quantity) }] };
}

function inWords({ label, quantity }: LockRequest["labels"][number]): string {
  return quantity === 0 ? `Label: ${label}` : `Label: ${label}, Quantity: ${quantity}`;
}

function variables(call: StepCall, held: readonly string[]): Partial<Context> {
  const name = call.args.optionalText("variable");
  if (name === null) return {};
  const values = new Map([[name, held.join(",")]]);
  for (const [index, resource] of held.entries()) values.set(`${name}${index}`, resource);
  return { layers: { parent: call.run.context.layers, values, isSecret: false } };
}
