import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { lint } from "../../pipelines/lint.ts";
import { dry } from "./engine/dry.ts";
import { hugePipelines, hugeTexts } from "./support/hostile.ts";

const MEASURE = join(import.meta.dirname, "support/measure-hostile.ts");
const MIB = 1024 * 1024;

const Report = z.array(z.object({ name: z.string(), end: z.string(), residentBytes: z.number() }));

/** Runs things by name in a process of their own, and says what it took in memory. */
function measured(kind: "scripts" | "texts", names: readonly string[]): z.infer<typeof Report> {
  const run = spawnSync(process.execPath, [MEASURE, kind, ...names], {
    encoding: "utf8",
    maxBuffer: 64 * MIB,
  });
  assert.equal(run.status, 0, run.stderr);
  return Report.parse(JSON.parse(run.stdout));
}

describe("huge files", function () {
  this.timeout(300_000);

  for (const { name, text } of hugeTexts()) {
    it(`are read to a few diagnostics, if any: ${name}`, () => {
      const diagnostics = lint(text);
      assert.ok(diagnostics.length <= 100, `${diagnostics.length}`);
      for (const { span } of diagnostics) assert.ok(span.start <= span.end && span.end <= text.length);
    });
  }

  for (const { name, text } of hugePipelines()) {
    it(`come to an end: ${name}`, () => {
      const { end } = dry(text);
      if (end.result === "SUCCESS") return;
      assert.notEqual(end.reason?.code, "internal", JSON.stringify(end.reason));
      assert.notEqual(end.reason?.text ?? "", "");
    });
  }
});

describe("the memory of a process that reads or runs hostile text", function () {
  this.timeout(300_000);

  // Those that took the most when all were measured.
  const heaviest = [
    "huge-list-of-gstrings.groovy",
    "huge-list-transpose.groovy",
    "huge-string-expand.groovy",
    "huge-list-of-matchers.groovy",
    "loop-reverse.groovy",
  ];

  it("stays below 256 MiB for scripts, each with all that it may use", () => {
    for (const { name, residentBytes, end } of heaviest.flatMap((each) => measured("scripts", [each]))) {
      assert.match(end, /^limit\./, name);
      assert.ok(residentBytes < 256 * MIB, `${name}: ${Math.round(residentBytes / MIB)} MiB`);
    }
  });

  it("stays below 256 MiB for texts", () => {
    const names = [
      "brackets",
      "identifiers",
      "values in a string",
      "numbers",
      "a string of ten million characters",
    ];
    for (const { name, residentBytes } of measured("texts", names))
      assert.ok(residentBytes < 256 * MIB, `${name}: ${Math.round(residentBytes / MIB)} MiB`);
  });
});
