import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { lint } from "../../pipelines/lint.ts";
import { languageData } from "../../scripts/language-data.ts";

const FILE = join(import.meta.dirname, "../../docs/language.json");
const Named = z.array(z.looseObject({ name: z.string() }));
const Data = z.looseObject({
  sections: z.object({ pipeline: z.array(z.string()), stage: z.array(z.string()) }),
  options: Named,
  conditions: Named,
  steps: Named,
  post: z.array(z.string()),
});

describe("the language data for editors", () => {
  it("is what the language says of itself", () => {
    const kept: unknown = JSON.parse(readFileSync(FILE, "utf8"));
    assert.deepEqual(kept, JSON.parse(JSON.stringify(languageData())), "npm run docs:steps writes it anew");
  });

  it("names what the linter knows, and nothing else", () => {
    const data = Data.parse(languageData());
    for (const { name } of data.steps)
      assert.ok(!lint(`node { ${name}() }`).some(({ code }) => code === "step-unknown"), name);
    for (const name of data.post)
      assert.deepEqual(
        lint(
          `pipeline { agent any\n stages { stage('a') { steps { echo 'a' } } }\n post { ${name} { echo 'b' } } }`,
        ),
        [],
      );
    assert.ok(data.sections.pipeline.includes("stages") && data.sections.stage.includes("matrix"));
    assert.ok(data.options.length > 20 && data.conditions.length > 5);
  });
});
