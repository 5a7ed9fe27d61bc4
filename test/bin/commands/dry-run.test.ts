import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";

const SLUICE = join(import.meta.dirname, "../../../bin/sluice.js");

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = spawnSync(process.execPath, [SLUICE, "run", "--dry-run", ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

describe("sluice run --dry-run", function () {
  this.timeout(120_000);

  it("prints the console and ends with the result as its exit status", () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-dry-"));
    try {
      const file = join(folder, "Jenkinsfile");
      writeFileSync(join(folder, "version.txt"), "1.2.3\n");
      writeFileSync(
        file,
        "pipeline { agent any\nparameters { string(name: 'P', defaultValue: 'p') }\nstages { stage('A') { steps { sh 'echo from $WHO'\necho \"${params.P} ${env.TAG_NAME} ${readFile('version.txt').trim()}\" } } } }",
      );
      const good = run(["--param", "P=given", "--tag", "v1", file], { WHO: "agent" });
      assert.match(good.out, /\+ echo from \$WHO\nfrom agent\n.*given v1 1\.2\.3\n.*Finished: SUCCESS\n$/s);
      assert.equal(good.status, 0);
      writeFileSync(file, "error 'no'");
      const bad = run([file]);
      assert.match(bad.out, /ERROR: no\nFinished: FAILURE\n$/);
      assert.equal(bad.status, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses what it does not understand, with its usage", () => {
    const unknown = run(["--frobnicate", "x", "FILE"]);
    assert.equal(unknown.status, 2);
    assert.match(unknown.err, /--frobnicate is not known\nusage: sluice run --dry-run/);
    const missing = run([join(tmpdir(), "there-is-no-such-file")]);
    assert.equal(missing.status, 2);
    assert.match(missing.err, /cannot be read/);
  });
});
