import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text that is meant to harm whoever reads or runs it. */
export type Hostile = { readonly name: string; readonly text: string };

const FOLDER = join(import.meta.dirname, "../../fixtures/hostile");

/** The scripts of the folder of fixtures: endless loops, bombs, and all ways out of the language that we know of. */
export function hostileScripts(): readonly Hostile[] {
  return readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));
}

const MANY = 100_000;

/** Texts too large to be kept as files: each is for the lexer, the parser and the checks. */
export function hugeTexts(): readonly Hostile[] {
  const lines = (piece: (at: number) => string, count = MANY): string =>
    Array.from({ length: count }, (_, at) => piece(at)).join("\n");
  return Object.entries({
    parentheses: `${"(".repeat(MANY)}1${")".repeat(MANY)}`,
    "open parentheses": "(".repeat(MANY),
    brackets: `${"[".repeat(MANY)}${"]".repeat(MANY)}`,
    "open brackets": "[".repeat(MANY),
    blocks: `${"{".repeat(MANY)}${"}".repeat(MANY)}`,
    conditions: `${"if (a) { ".repeat(MANY)}${"}".repeat(MANY)}`,
    "else branches": `if (a) b ${"else if (a) b ".repeat(20_000)}`,
    "closed brackets": "]".repeat(MANY),
    "a line of ten million characters": "x".repeat(10_000_000),
    "a string of ten million characters": `'${"x".repeat(10_000_000)}'`,
    "a line just below the limit": "x".repeat(999_999),
    "a string without its end": `"${"x".repeat(900_000)}`,
    "a comment without its end": `/*${"*".repeat(900_000)}`,
    "a slashy string without its end": `a = /${"\\/".repeat(400_000)}`,
    dollars: `"${"$".repeat(900_000)}"`,
    "values in a string": `"${"${a}".repeat(200_000)}"`,
    "strings in strings": `${'"${'.repeat(MANY)}1${'}"'.repeat(MANY)}`,
    "a sum": `1${"+1".repeat(400_000)}`,
    "a chain of calls": `a${".b()".repeat(200_000)}`,
    "a chain of questions": `a${"?.b".repeat(200_000)}`,
    choices: "a ? b : ".repeat(MANY),
    negations: `${"!".repeat(900_000)}a`,
    signs: `a = ${"- ".repeat(400_000)}1`,
    casts: `a = ${"(int) ".repeat(150_000)}1`,
    arrows: "a -> ".repeat(150_000),
    commas: `f(${",".repeat(900_000)})`,
    spreads: `f(${"*".repeat(900_000)}a)`,
    annotations: "@a ".repeat(300_000),
    generics: `${"List<".repeat(MANY)}a${">".repeat(MANY)} b`,
    arrays: `int${"[]".repeat(400_000)} a`,
    labels: "a: ".repeat(300_000),
    numbers: `${"9".repeat(900_000)}`,
    "an exponent": `1e${"9".repeat(900_000)}`,
    "unicode escapes": "\\u0061".repeat(150_000),
    "wrong unicode escapes": "\\uuuuuu".repeat(140_000),
    identifiers: lines((at) => `def v${at} = ${at}`, 50_000),
    "one name declared often": lines(() => "def a = 1", 90_000),
    functions: lines((at) => `def f${at}() {}`, 50_000),
    classes: lines((at) => `class C${at} {}`, 50_000),
    "classes in classes": `${"class A { ".repeat(90_000)}${"}".repeat(90_000)}`,
    "line ends": "\n".repeat(900_000),
    semicolons: ";".repeat(900_000),
    "try blocks": `${"try { ".repeat(MANY)}${"} finally {}".repeat(60_000)}`,
    switches: `${"switch (a) { case 1: ".repeat(40_000)}${"}".repeat(40_000)}`,
    "nul characters": "\u0000".repeat(900_000),
    "halves of characters": "\ud83d".repeat(900_000),
    "marks on one letter": `def a${"\u0301".repeat(900_000)} = 1`,
    "byte order marks": "\ufeff".repeat(900_000),
  }).map(([name, text]) => ({ name, text }));
}

const DEEP = 300;

/** Pipelines that are large where a pipeline can be: their stages, cells, branches and names. */
export function hugePipelines(): readonly Hostile[] {
  const pipeline = (stages: string): string => `pipeline {\n  agent any\n  stages {\n${stages}\n  }\n}\n`;
  const times = (count: number, piece: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => piece(at)).join("\n");
  const step = (name: string): string => `stage('${name}') { steps { echo 'a' } }`;
  const axis = (name: string): string =>
    `axis { name '${name}'; values ${Array.from({ length: 10 }, (_, at) => `'${at}'`).join(", ")} }`;
  return Object.entries({
    "a matrix of a million cells": pipeline(
      `stage('m') { matrix { axes { ${["A", "B", "C", "D", "E", "F"].map(axis).join("\n")} }\n stages { ${step("s")} } } }`,
    ),
    "a matrix that excludes all of a million cells": pipeline(
      `stage('m') { matrix { axes { ${["A", "B", "C", "D", "E", "F"].map(axis).join("\n")} }\n excludes { exclude { axis { name 'A'; notValues 'x' } } }\n stages { ${step("s")} } } }`,
    ),
    "ten thousand stages": pipeline(times(10_000, (at) => step(`s${at}`))),
    "ten thousand stages of one name": pipeline(times(10_000, () => step("s"))),
    "ten thousand branches": pipeline(`stage('p') { parallel { ${times(10_000, (at) => step(`s${at}`))} } }`),
    "stages in stages": pipeline(`${"stage('a') { stages { ".repeat(DEEP)}${step("b")}${"} }".repeat(DEEP)}`),
    "a name of a million characters": pipeline(step("x".repeat(900_000))),
    "a name of control characters": pipeline(step("\\u001b[2J\\u0007\\u202e".repeat(10_000))),
    "ten thousand conditions": pipeline(
      `stage('w') { when { anyOf { ${times(10_000, (at) => `branch 'b${at}'`)} } }\n steps { echo 'a' } }`,
    ),
    "conditions in conditions": pipeline(
      `stage('w') { when { ${"not { ".repeat(350)} branch 'a' ${"}".repeat(350)} }\n steps { echo 'a' } }`,
    ),
    "ten thousand variables": `pipeline { agent any\n environment { ${times(10_000, (at) => `V${at} = "\${V${at - 1}}x"`)} }\n stages { ${step("a")} } }`,
    "ten thousand parameters": `pipeline { agent any\n parameters { ${times(10_000, (at) => `string(name: 'P${at}', defaultValue: 'x')`)} }\n stages { ${step("a")} } }`,
    "a script of endless branches":
      "def b = [:]\nfor (int i = 0; i < 100000; i++) { b[\"b$i\".toString()] = { echo 'a' } }\nparallel b",
    "a script of endless stages": "while (true) { stage('a') { echo 'a' } }",
    "a script of endless nodes": "def f() { node { f() } }\nf()",
    "a script that catches its end": "while (true) { try { error 'a' } catch (e) { echo 'b' } }",
    "a script that retries for ever": "retry(2147483647) { error 'a' }",
    "a script that waits for ever": "waitUntil { false }",
    "a message of sixteen million characters": "while (true) { echo 'x' * 16000000 }",
    "a script of nested blocks":
      "def f(n) { stage(\"s$n\") { timeout(1) { withEnv(['A=1']) { f(n + 1) } } } }\nf(0)",
    "an environment without end": "def f(n) { withEnv([\"A$n=\" + 'x' * 1000000]) { f(n + 1) } }\nf(0)",
  }).map(([name, text]) => ({ name, text }));
}
