import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEvaluator } from "../../../pipelines/interpreter/create.ts";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import { hostileScripts } from "../support/hostile.ts";
import { quietHost } from "./support.ts";

/** A tenth of what a script may use: each ends in the same way, sooner. */
const LIMITS = { evaluations: 500_000, liveBytes: 24 * 1024 * 1024 };

/** Values and places in an error's text that would be JavaScript's own. */
const FOREIGN = /\[object |native code|at .*\.ts:\d+|TypeError|ReferenceError|undefined is not/;

describe("hostile scripts", function () {
  // What bounds them are counts; the time is only there so that a hang is seen.
  this.timeout(120_000);

  const scripts = hostileScripts();

  it("are more than five hundred", () => {
    assert.ok(scripts.length > 500, `${scripts.length}`);
  });

  for (const group of new Set(scripts.map(({ name }) => name.replace(/-.*$/, "")))) {
    it(`end in a diagnostic: ${group}`, () => {
      for (const { name, text } of scripts.filter((each) => each.name.startsWith(`${group}-`))) {
        const result = evaluateScript(text, { host: quietHost(), file: name, limits: LIMITS });
        assert.ok(
          "error" in result,
          `${name} came to a value: ${"value" in result ? result.evaluator.textOf(result.value).slice(0, 80) : ""}`,
        );
        assert.notEqual(result.error.message, "", name);
        assert.doesNotMatch(result.error.message, FOREIGN, name);
      }
    });
  }

  it("leave a meter that has not gone beyond its limit by more than one step", () => {
    const evaluator = createEvaluator({ host: quietHost(), limits: LIMITS });
    assert.equal(evaluator.meter.used, 0);
    assert.throws(() => evaluator.meter.tick(LIMITS.evaluations + 1), /more than 500000 evaluations/);
  });
});
