import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { isError } from "../../../pipelines/diagnostic.ts";
import { lint } from "../../../pipelines/lint.ts";
import { knownSteps } from "../support/known-steps.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/jenkinsfiles");

// Warnings, and two limits whose files would be too large to keep: each has a test of its own.
const ELSEWHERE: ReadonlySet<string> = new Set([
  "step-unknown",
  "agent-kubernetes",
  "not-permitted",
  "tree-too-deep",
  "source-too-long",
]);

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

  it("are there for every rule", () => {
    const shown = filesIn("err").flatMap(
      (name) => read("err", name.replace(/jenkinsfile$/, "out")).match(/\S+$/gm) ?? [],
    );
    const absent = codesInSource().filter((code) => !shown.includes(code) && !ELSEWHERE.has(code));
    assert.deepEqual(absent, []);
  });
});

describe("the page of codes", () => {
  it("has a row for every rule", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/lint.md"), "utf8");
    assert.deepEqual(
      codesInSource().filter((code) => !page.includes(`| ${code} |`)),
      [],
    );
  });
});

/** The codes that the parser and the reader hand out, as they stand in their sources. */
function codesInSource(): string[] {
  const rooms = ["syntax", "syntax/checks", "model"].map((room) =>
    join(import.meta.dirname, "../../../pipelines", room),
  );
  const sources = rooms.flatMap((room) =>
    readdirSync(room)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(room, name), "utf8")),
  );
  const codes = sources.flatMap((source) =>
    [...source.matchAll(/(?:(?:refuse|report|warn|#problem)\(\s*(?:[rp],)?|code:)\s*"([a-z-]+)"/g)].map(
      (match) => match[1] ?? "",
    ),
  );
  return [...new Set(codes)];
}
