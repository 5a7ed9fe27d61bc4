import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import { lint } from "../../../pipelines/lint.ts";
import { dry } from "../engine/dry.ts";
import { quietHost } from "../interpreter/support.ts";
import { hostileScripts } from "./hostile.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/jenkinsfiles");

const pipelines = ["ok", "err"].flatMap((folder) =>
  readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(".jenkinsfile"))
    .map((name) => readFileSync(join(FIXTURES, folder, name), "utf8")),
);
const scripts = hostileScripts().map(({ text }) => text);

/** Characters and words that mean much in the language. */
const PIECES = [
  ..."{ } ( ) [ ] , ; : . .. ..< ... ? ?: ?. *. .& .@ = == === != <=> =~ ==~ -> + - / * ** % ++ -- ! ~ @ < > << >> & | ^ && ||".split(
    " ",
  ),
  ..."\n|\r\n|\"|'|'''|\"\"\"|${|$|$/|/$|/|/*|*/|//|\\|\\u0041|\u0000|\uD800|\uFEFF|é|名".split("|"),
  ..."pipeline agent any none stages stage steps post when environment options parallel matrix axes axis script node".split(
    " ",
  ),
  ..."def class enum interface trait if else for while do switch case default try catch finally return break continue".split(
    " ",
  ),
  ..."in as instanceof new this super null true false assert throw import package static final void int boolean String".split(
    " ",
  ),
  ..."it.toString() 1 0 -1 2147483647 9999999999999 1.5 1e999 0x1F 010 1G 1L 'x' \"${x}\" [:] [1] [a:1] {it} {->1} ~/a/ (1..3) x.y x[0] x*.y".split(
    " ",
  ),
];

const at = fc.double({ min: 0, max: 1, noNaN: true });

/** A real text with pieces cut out, put in, doubled, or taken from another. */
function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at,
    length: fc.nat({ max: 40 }),
    put: fc.oneof(
      fc.constantFrom("", ...PIECES),
      fc.record({ text: fc.constantFrom(...texts), at, length: fc.nat({ max: 80 }) }).map((from) => {
        const start = Math.floor(from.at * from.text.length);
        return from.text.slice(start, start + from.length);
      }),
    ),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([text, changes]) => {
      let result = text;
      for (const each of changes) {
        const start = Math.floor(each.at * result.length);
        result = result.slice(0, start) + each.put + result.slice(start + each.length);
      }
      return result;
    });
}

/** Words of the language in any order. */
const words = fc.array(fc.constantFrom(...PIECES), { maxLength: 80 }).map((list) => list.join(" "));
const characters = fc.string({ unit: "binary", maxLength: 300 });

/** Texts that somebody might send as a Jenkinsfile. */
export const files: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: mutated(pipelines) },
  { weight: 3, arbitrary: mutated(scripts) },
  { weight: 2, arbitrary: words },
  { weight: 1, arbitrary: characters },
);

/** Texts that are mostly Groovy: they run. */
export const programs: fc.Arbitrary<string> = fc.oneof(mutated(scripts), words);

/** What JavaScript says when our code, not the script, is at fault. */
const OURS =
  /TypeError|ReferenceError|is not a function|is not iterable|Cannot read prop|Maximum call stack|Invalid array length|Invalid count/;

/** The linter gives diagnostics that lie in the text; it never throws. */
export function isLinted(text: string): void {
  for (const { span, message } of lint(text)) {
    assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length, message);
    assert.ok(span.line >= 1 && span.column >= 1, message);
    assert.doesNotMatch(message, OURS);
  }
}

/** A dry run ends, and for a reason that is the file's own. */
export function isRunDry(text: string): void {
  const { end } = dry(text);
  if (end.result === "SUCCESS" || end.reason === undefined || end.reason === null) return;
  assert.notEqual(end.reason.fault, "sluice", JSON.stringify(end.reason));
  assert.doesNotMatch(end.reason.text, OURS);
}

/** A script comes to a value or to a diagnostic. */
export function isEvaluated(text: string): void {
  const limits = {
    evaluations: 50_000,
    liveBytes: 8_000_000,
    stringLength: 1_000_000,
    collectionSize: 100_000,
  };
  const result = evaluateScript(text, { host: quietHost(), limits });
  if ("error" in result) assert.doesNotMatch(result.error.message, OURS);
}
