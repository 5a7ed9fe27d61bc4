import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { findStep, STEPS } from "../../../pipelines/steps/catalogue.ts";
import { SIGNATURES } from "../../../pipelines/steps/signatures.ts";
import { insteadOf, nearestStep } from "../../../pipelines/steps/unavailable.ts";

describe("the step catalogue", () => {
  it("says of every step what effect it has and what becomes of it after a crash", () => {
    for (const step of STEPS) {
      assert.equal(
        step.kind === "none",
        step.policy === "none",
        `${step.name}: kind and policy belong together`,
      );
      if (step.kind === "gate" || step.kind === "deployment" || step.kind === "exec")
        assert.equal(step.policy, "reattach", step.name);
    }
  });

  it("describes every step and every parameter in a sentence", () => {
    for (const step of STEPS) {
      assert.match(step.doc, /^\S.*[.:)]$|^\S.*\.$/s, step.name);
      for (const parameter of step.parameters)
        assert.match(parameter.doc, /\.$/, `${step.name} ${parameter.name}`);
    }
  });

  it("has no name twice, and every positional argument is a parameter", () => {
    const names = STEPS.flatMap((step) => [step.name, ...(step.aliases ?? [])]);
    assert.equal(new Set(names).size, names.length);
    for (const step of STEPS)
      if (step.positional !== null)
        assert.ok(
          step.parameters.some(({ name }) => name === step.positional),
          step.name,
        );
  });

  it("is in the order of the alphabet, so that a name is found", () => {
    const names = STEPS.map((step) => step.name);
    assert.deepEqual(
      names,
      names.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
    );
  });

  it("is what the linter knows of it", () => {
    const known: unknown = JSON.parse(JSON.stringify(STEPS));
    assert.deepEqual(SIGNATURES, known, "npm run docs:steps writes pipelines/steps/signatures.ts anew");
  });

  it("finds steps by their other names", () => {
    assert.equal(findStep("powershell"), findStep("pwsh"));
  });

  it("names what to use instead of a plugin's step, and the nearest name for a slip", () => {
    assert.match(insteadOf("withAWS") ?? "", /withCredentials/);
    assert.equal(insteadOf("toString"), undefined);
    assert.equal(nearestStep("ehco"), "echo");
    assert.equal(nearestStep("frobnicate"), undefined);
    for (const step of STEPS) assert.equal(insteadOf(step.name), undefined, step.name);
  });
});
