import { z } from "zod";
import { AtMs, Id, Page, Person, ProjectKey, listOf } from "./common.ts";
import { Plan } from "./deployments.ts";

export const GateState = z.enum(["open", "approved", "rejected", "expired", "withdrawn"]);
export type GateState = z.infer<typeof GateState>;

/** One field of an `input` step's form. */
export const FormField = z.object({
  name: z.string(),
  type: z.enum(["string", "text", "boolean", "choice", "password"]),
  description: z.string().nullable(),
  default: z.string().nullable(),
  choices: z.array(z.string()),
});
export type FormField = z.infer<typeof FormField>;

export const Approval = z.object({
  by: z.string(),
  decision: z.enum(["approve", "reject"]),
  atMs: AtMs,
  reason: z.string().nullable(),
});
export type Approval = z.infer<typeof Approval>;

export const GateSummary = z.object({
  id: Id,
  kind: z.enum(["input", "deploy"]),
  state: GateState,
  project: ProjectKey,
  build: z
    .object({
      id: Id,
      number: z.int().positive(),
      ref: z.string(),
      sha: z.string().nullable(),
      path: z.string(),
    })
    .nullable(),
  deployment: Id.nullable(),
  environment: z.string().nullable(),
  stage: z.string().nullable(),
  message: z.string(),
  openedAtMs: AtMs,
  dueAtMs: AtMs.nullable(),
  askedBy: Person.nullable(),
  mayDecide: z.boolean(),
  /** Why the asker may not decide, in words; null where they may. */
  whyNot: z.string().nullable(),
});
export type GateSummary = z.infer<typeof GateSummary>;
export const Gates = listOf(GateSummary);

/** One gate, with everything a person judges before deciding. */
export const Gate = GateSummary.extend({
  okLabel: z.string(),
  form: z.array(FormField),
  plan: Plan.nullable(),
  planHash: z.string().nullable(),
  needed: z.int().positive(),
  approvals: z.array(Approval),
  approvers: z.array(z.string()),
  reasonRequired: z.boolean(),
  confirm: z.enum(["none", "dialog", "name"]),
  frozenUntilAtMs: AtMs.nullable(),
  decidedBy: z.string().nullable(),
  decidedAtMs: AtMs.nullable(),
  reason: z.string().nullable(),
  url: z.string(),
});
export type Gate = z.infer<typeof Gate>;

export const GatesQuery = Page.extend({ state: GateState.optional(), project: z.string().optional() });
export type GatesQuery = z.infer<typeof GatesQuery>;

/**
 * A decision. A gate with a plan needs the `planHash` that was shown: another one is 409 `plan_stale`. A gate that
 * somebody else decided is 409 `already_decided`; the same person repeating the same choice gets 200 again.
 */
export const DecisionRequest = z.strictObject({
  decision: z.enum(["approve", "reject"]),
  planHash: z.string().max(128).optional(),
  reason: z.string().max(2000).optional(),
  values: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
});
export type DecisionRequest = z.infer<typeof DecisionRequest>;
