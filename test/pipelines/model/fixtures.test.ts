import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { isError } from "../../../pipelines/diagnostic.ts";
import { lint } from "../../../pipelines/lint.ts";
import { knownSteps } from "../support/known-steps.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/jenkinsfiles");

function filesIn(folder: string): string[] {
  return readdirSync(join(FIXTURES, folder)).filter((name) => name.endsWith(".jenkinsfile"));
}

function read(folder: string, name: string): string {
  return readFileSync(join(FIXTURES, folder, name), "utf8");
}

describe("Jenkinsfiles of the fixtures", () => {
  for (const name of filesIn("ok")) {
    it(`says nothing of ok/${name}`, () => {
      assert.deepEqual(lint(read("ok", name), knownSteps), []);
    });
  }

  for (const name of filesIn("err")) {
    it(`says where and what is wrong in err/${name}`, () => {
      const found = lint(read("err", name), knownSteps).filter(isError);
      const lines = found.map(({ span, code }) => `${span.line}:${span.column} ${code}\n`).join("");
      assert.equal(lines, read("err", name.replace(/jenkinsfile$/, "out")));
      assert.notEqual(lines, "");
    });
  }
});
