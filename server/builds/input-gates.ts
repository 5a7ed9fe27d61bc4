import { isAtLeast } from "../auth/roles.ts";
import { z } from "zod";
import type { Stored } from "../../pipelines/ports.ts";
import type { DecisionRequest } from "../http/contract/gates.ts";
import { type Actor, type Outcome, refused } from "../http/world.ts";
import type { Store } from "../store/store.ts";
import { decideInput } from "./journal/decide-input.ts";
import { sealOutcome } from "./prepare-begin.ts";
import type { BuildSeal } from "./seal.ts";
import { interruption } from "./translate/failure.ts";

/** A form as the engine's request put it into the row. */
const Form = z.object({
  submitterParameter: z.string().nullable(),
  fields: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      defaultValue: z.unknown(),
      choices: z.array(z.string()),
    }),
  ),
});
const Submitters = z.array(z.string());

/** Whether somebody may answer an `input`: developers may, unless the file names who. */
export function mayAnswer(
  submitters: string | null,
  by: Actor,
): { may: boolean; whyNot: string | null; approvers: readonly string[] } {
  const named = submitters === null ? [] : Submitters.parse(JSON.parse(submitters));
  const developer = isAtLeast(by.role, "developer");
  if (!developer) return { may: false, whyNot: "answering needs the role developer", approvers: named };
  if (named.length === 0 || by.role === "admin" || named.includes(by.login) || named.includes(by.role))
    return { may: true, whyNot: null, approvers: named };
  return { may: false, whyNot: `the file names who may answer: ${named.join(", ")}`, approvers: named };
}

/** Decides an `input`: the form is checked, the click counts once, the script hears of it. */
export async function answerInput(
  deps: {
    readonly store: Store;
    readonly sealOf: (buildId: number) => Promise<BuildSeal>;
    readonly poke: (buildId: number) => void;
  },
  gate: {
    readonly id: number;
    readonly buildId: number | null;
    readonly effectId: string | null;
    readonly form: string | null;
  },
  request: DecisionRequest,
  by: Actor,
): Promise<Outcome<null>> {
  if (gate.buildId === null || gate.effectId === null)
    return refused(404, "not_found", "this gate belongs to no build");
  const form =
    gate.form === null ? { submitterParameter: null, fields: [] } : Form.parse(JSON.parse(gate.form));
  const values = readValues(form, request);
  if (!values.ok) return values;
  const seal = await deps.sealOf(gate.buildId);
  const outcome =
    request.decision === "approve"
      ? { value: { by: by.login, values: values.value } }
      : { error: interruption("ABORTED", `Rejected by ${by.login}`, by.login) };
  const decided = await deps.store.call(decideInput, {
    gateId: gate.id,
    userId: by.userId,
    by: by.login,
    decision: request.decision,
    reason: request.reason ?? null,
    outcome: sealOutcome(seal, gate.effectId, outcome),
    value: seal.seal(`gate ${gate.id}`, JSON.stringify(values.value)),
  });
  if (decided.kind === "decided") deps.poke(decided.buildId);
  if (decided.kind === "over")
    return refused(
      409,
      "already_decided",
      decided.by === null ? `this gate is ${decided.state}` : `${decided.by} has decided: ${decided.state}`,
    );
  return { ok: true, value: null };
}

function readValues(form: z.infer<typeof Form>, request: DecisionRequest): Outcome<Record<string, Stored>> {
  const values: Record<string, Stored> = {};
  if (request.decision === "reject") return { ok: true, value: values };
  const given = request.values ?? {};
  const unknown = Object.keys(given).find((name) => !form.fields.some((field) => field.name === name));
  if (unknown !== undefined) return refused(422, "invalid_request", `the form has no field "${unknown}"`);
  for (const field of form.fields) {
    const value = given[field.name] ?? defaultOf(field);
    if (field.type === "boolean") values[field.name] = value === true || value === "true";
    else if (field.type === "choice" && !field.choices.includes(String(value)))
      return refused(422, "invalid_request", `"${field.name}" is one of: ${field.choices.join(", ")}`);
    else values[field.name] = String(value);
  }
  return { ok: true, value: values };
}

function defaultOf(field: {
  type: string;
  defaultValue?: unknown;
  choices: readonly string[];
}): string | boolean {
  const value = field.defaultValue;
  if (typeof value === "string" || typeof value === "boolean") return value;
  return field.type === "choice" ? (field.choices[0] ?? "") : "";
}
