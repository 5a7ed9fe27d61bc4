import type { Flow } from "../interpreter/flow.ts";
import type { Site } from "../interpreter/thrown.ts";
import type { EffectId, ParameterDefinition, Stored } from "../ports.ts";
import type { Run } from "./build.ts";
import { fieldOf, textIn } from "./convert.ts";
import { noteOutward } from "./session.ts";

/** What is asked of a person. */
export type Question = {
  readonly message: string;
  readonly id: string;
  readonly ok: string;
  readonly submitters: readonly string[];
  readonly submitterParameter: string | null;
  readonly parameters: readonly ParameterDefinition[];
  readonly site: Site;
};

/** Who answered, and the values of the form in its order, the submitter's name last when it was asked for. */
export type Answer = { readonly by: string; readonly values: readonly (readonly [string, Stored])[] };

/** Opens a gate and waits for the decision; a refusal is thrown as an interruption. */
export function* askGate(run: Run, question: Question): Flow<Answer> {
  const { site, ...asked } = question;
  const stepNo = run.scheduler.nextStep();
  const id = asked.id.charAt(0).toUpperCase() + asked.id.slice(1);
  let effect: EffectId | null = null;
  run.print(asked.message, stepNo);
  run.print(asked.parameters.length > 0 ? "Input requested" : `${asked.ok} or Abort`, stepNo);
  const args: Stored = { message: asked.message, id: asked.id, submitters: [...asked.submitters] };
  const request = { kind: "gate" as const, ...asked, id };
  try {
    noteOutward(run);
    const value = yield* run.effect(
      { kind: "gate", name: "input", args, request, policy: "reattach", stepNo, site },
      (begun) => {
        effect = begun;
        run.markStep(stepNo, "input", asked.message, "running", begun);
      },
    );
    run.markStep(stepNo, "input", asked.message, "succeeded", effect);
    const by = textIn(fieldOf(value, "by"));
    run.print(`Approved by ${by}`, stepNo);
    return { by, values: answers(question, fieldOf(value, "values"), by) };
  } catch (error) {
    run.markStep(stepNo, "input", asked.message, "aborted", effect);
    throw error;
  }
}

function answers(question: Question, values: Stored, by: string): (readonly [string, Stored])[] {
  const found: (readonly [string, Stored])[] = question.parameters.map(({ name, defaultValue }) => [
    name,
    fieldOf(values, name) ?? defaultValue,
  ]);
  if (question.submitterParameter !== null) found.push([question.submitterParameter, by]);
  return found;
}
