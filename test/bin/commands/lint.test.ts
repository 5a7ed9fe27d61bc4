import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../../..");
const COMMAND = `import { lintCommand } from "./bin/commands/lint.ts"; process.exitCode = await lintCommand(process.argv.slice(1));`;
const GOOD = "pipeline { agent any\n stages { stage('a') { steps { echo 'a' } } } }\n";
const BAD = "pipeline { agnet any\n stages { stage('a') { steps { echo 'a' } } } }\n";

const Line = z.strictObject({
  file: z.string(),
  ok: z.boolean(),
  errors: z.array(
    z.looseObject({ line: z.number(), column: z.number(), code: z.string(), message: z.string() }),
  ),
  warnings: z.array(z.unknown()),
});

function run(args: readonly string[], input = ""): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--input-type=module", "-e", COMMAND, "--", ...args], {
    cwd: ROOT,
    input,
    encoding: "utf8",
  });
}

describe("sluice lint", () => {
  let folder = "";
  let good = "";
  let bad = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-lint-"));
    good = join(folder, "good");
    bad = join(folder, "bad");
    writeFileSync(good, GOOD);
    writeFileSync(bad, BAD);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("says nothing and exits 0 when all files are good", () => {
    const { status, stdout } = run([good]);
    assert.deepEqual([status, stdout], [0, ""]);
  });

  it("exits 1 for a file that is refused, showing place, line and hint", () => {
    const { status, stdout } = run([good, bad]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /bad:1:12: error: Undefined section "agnet" \[section-undefined\]\n {2}pipeline \{ agnet any\n {13}\^{5}\n {2}hint: did you mean agent\?/,
    );
  });

  it("prints one object a file with --json", () => {
    const { status, stdout } = run(["--json", good, bad]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)));
    assert.equal(status, 1);
    assert.deepEqual(
      lines.map(({ file, ok }) => [file, ok]),
      [
        [good, true],
        [bad, false],
      ],
    );
    assert.deepEqual(
      lines[1]?.errors.map(({ line, column, code }) => [line, column, code]),
      [
        [1, 1, "section-missing"],
        [1, 12, "section-undefined"],
      ],
    );
  });

  it("reads the standard input with --stdin", () => {
    assert.equal(run(["--stdin"], GOOD).status, 0);
    assert.equal(run(["--stdin"], BAD).status, 1);
  });

  it("checks thousands of files in one process, in bounded memory", () => {
    const many = mkdtempSync(join(folder, "many-"));
    const stage = (at: number): string => `stage('s${at}') { steps { sh 'make ${"x".repeat(at % 50)}' } }`;
    const files = Array.from({ length: 3_000 }, (_, at) => {
      const file = join(many, `Jenkinsfile-${at}`);
      const stages = Array.from({ length: 20 }, (_each, each) => stage(at * 20 + each)).join("\n");
      writeFileSync(file, `pipeline { agent any\n stages { ${stages} } }\n${at % 1000 === 7 ? "}" : ""}`);
      return file;
    });
    const counted = `${COMMAND} process.stderr.write(String(process.resourceUsage().maxRSS));`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", counted, "--", "--json", ...files],
      { cwd: ROOT, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 },
    );
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)));
    assert.equal(status, 1, stderr.slice(-300));
    assert.equal(lines.length, 3_000);
    assert.deepEqual(
      lines.flatMap(({ ok }, at) => (ok ? [] : [at])),
      [7, 1007, 2007],
    );
    assert.ok(Number(stderr) < 400 * 1024, `${stderr} KiB`);
  }).timeout(120_000);

  it("exits 2 for a file that cannot be read and for a wrong command line", () => {
    assert.equal(run([join(folder, "absent"), good]).status, 2);
    assert.equal(run(["--nonsense"]).status, 2);
    assert.equal(run([]).status, 2);
  });
});
