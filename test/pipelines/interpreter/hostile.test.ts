import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import { quietHost } from "./support.ts";

const folder = join(import.meta.dirname, "../../fixtures/hostile");

describe("hostile scripts", function () {
  // What bounds them are counts; the time is only there so that a hang is seen.
  this.timeout(120_000);

  for (const name of readdirSync(folder)) {
    it(`ends ${name} in a diagnostic`, () => {
      const text = readFileSync(join(folder, name), "utf8");
      const result = evaluateScript(text, { host: quietHost(), file: name });
      assert.ok(
        "error" in result,
        `it came to a value: ${"value" in result ? result.evaluator.textOf(result.value).slice(0, 80) : ""}`,
      );
      assert.notEqual(result.error.message, "");
    });
  }
});
