import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";

const ROOT = join(import.meta.dirname, "../..");
const CASES =
  "F01 F02 F03 F06 F08 F10 F13 F15 F16 F18 F21 F24 F27 F29 F31 F33 F36 F37 F40 F41 F43 F45 F47 F49 F51 F52 F56 F57 F60 F62 F64 F66 F70";
/** A row without a test says why in so many words at least. */
const REASON_WORDS = 5;

interface Row {
  readonly number: string;
  readonly shown: string;
}

function rows(form: RegExp): Row[] {
  const page = readFileSync(join(ROOT, "docs/reliability.md"), "utf8");
  return [...page.matchAll(form)].map(([, number = "", shown = ""]) => ({ number, shown }));
}

const failures = (): Row[] => rows(/^\| (F\d\d) \|.*\| ([^|]*) \|$/gmu);
const killPoints = (): Row[] => rows(/^\| (\d+) \|.*\| ([^|]*) \|$/gmu);

/** Files of a row that are not there or have no title with its number. */
function untitled({ number, shown }: Row): string[] {
  const files = [...shown.matchAll(/`(test\/[^`]+)`/gu)].map(([, file = ""]) => file);
  if (files.length === 0) return [`kill point ${number} names no test`];
  const title = new RegExp(`["'\`][^"'\`\\n]*kill point ${number}\\b`, "u");
  return files.flatMap((file) =>
    existsSync(join(ROOT, file)) && title.test(readFileSync(join(ROOT, file), "utf8"))
      ? []
      : [`${file} has no test of kill point ${number}`],
  );
}

/** What is wrong with a row: a test that is not there or not named so, or neither a test nor a reason. */
function wrongWith({ number, shown }: Row): string[] {
  const files = [...shown.matchAll(/`(test\/[^`]+)`/gu)].map(([, file = ""]) => file);
  if (files.length === 0)
    return shown.split(/\s+/u).length < REASON_WORDS ? [`${number} names neither a test nor a reason`] : [];
  return files.flatMap((file) => {
    if (!existsSync(join(ROOT, file))) return [`${number} names ${file}, which is not there`];
    const text = readFileSync(join(ROOT, file), "utf8");
    return new RegExp(`["'\`]${number}: `, "u").test(text) ? [] : [`${file} has no test "${number}: …"`];
  });
}

describe("the table of failures", () => {
  it("has every case once, in order", () => {
    assert.deepEqual(
      failures().map(({ number }) => number),
      CASES.split(" "),
    );
  });

  it("names tests that are there and carry the number of their case, or says why there is none", () => {
    assert.deepEqual(failures().flatMap(wrongWith), []);
  });
});

describe("the table of kill points", () => {
  it("has all 26, in order, each with tests that carry its number", () => {
    assert.deepEqual(
      killPoints().map(({ number }) => Number(number)),
      Array.from({ length: 26 }, (_none, i) => i + 1),
    );
    assert.deepEqual(killPoints().flatMap(untitled), []);
  });
});
