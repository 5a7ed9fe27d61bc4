import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { lint } from "../../../pipelines/lint.ts";
import type { Node } from "../../../pipelines/syntax/ast.ts";
import { walk } from "../../../pipelines/syntax/children.ts";
import { parse } from "../../../pipelines/syntax/parser.ts";
import { knownByName } from "../support/known-steps.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/jenkinsfiles");
const files = ["ok", "err"].flatMap((folder) =>
  readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(".jenkinsfile"))
    .map((name) => readFileSync(join(FIXTURES, folder, name), "utf8")),
);

/** No text may throw, and every diagnostic must lie in it. */
function survives(text: string): void {
  for (const { span, message } of lint(text, knownByName)) {
    assert.ok(span.start >= 0 && span.end <= text.length && span.start <= span.end, message);
    assert.ok(span.line >= 1 && span.column >= 1, message);
  }
}

describe("any text at all", () => {
  it("ends in diagnostics, never in a throw: random characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), survives), { numRuns: 500 });
  });

  it("ends in diagnostics, never in a throw: random words of the language", () => {
    const words = fc.constantFrom(
      ..."pipeline stage steps { } ( ) [ ] , ; : . .. ? ?: = == -> + - / * ** ! ~ @ < > >> \n \" ' ''' \"\"\" ${ $a $/ /$ /* */ // def class enum if else for while switch case default try catch finally return in as instanceof new this 'x' 1 2.5 a B it".split(
        " ",
      ),
    );
    const text = fc.array(words, { maxLength: 60 }).map((list) => list.join(" "));
    fc.assert(fc.property(text, survives), { numRuns: 1500 });
  });

  it("ends in diagnostics, never in a throw: real files with a piece cut out, doubled or replaced", () => {
    const mutation = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat({ max: 30 }),
      put: fc.constantFrom(
        "",
        "{",
        "}",
        "(",
        ")",
        '"',
        "'",
        "${",
        "\n",
        "/",
        "*/",
        "[",
        "]",
        ",",
        "->",
        "\u0000",
        "\uD800",
      ),
    });
    fc.assert(
      fc.property(mutation, ({ file, at, length, put }) => {
        const start = Math.floor(at * file.length);
        survives(file.slice(0, start) + put + file.slice(start + length));
        survives(file.slice(0, start) + put + file.slice(Math.max(0, start - length)));
      }),
      { numRuns: 600 },
    );
  });

  it("has spans that lie inside those of the nodes around them", () => {
    for (const file of files) {
      const { program, diagnostics } = parse(file);
      if (diagnostics.length > 0) continue;
      const check = (parent: Node): void =>
        walk(parent, (node) => {
          assert.ok(node.span.start <= node.span.end, node.kind);
          assert.ok(node.span.start >= 0 && node.span.end <= file.length, node.kind);
          return true;
        });
      check(program);
    }
  });

  it("is read in pieces however many of them there are", () => {
    const many = 20_000;
    for (const [start, piece, end] of [
      ['"', "$a.b", '"'],
      ['"', "${a}", '"'],
      ["f(", "a,", ")"],
      ["", "a\n", ""],
      ["", "'a' ", ""],
      ["", "@a ", ""],
      ["", "{ a = ", ""],
      ["if (a) b ", "else if (a) b ", ""],
      ["pipeline { agent any\n stages { ", "stage('a') { stages { ", ""],
    ] as const) {
      survives(start + piece.repeat(many) + end);
    }
  });
});
