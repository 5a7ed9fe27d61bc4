import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";

const ROOT = join(import.meta.dirname, "../..");
const GOOD = "pipeline { agent any\n stages { stage('a') { steps { echo 'a' } } } }\n";

describe("the linter in one file", function () {
  this.timeout(120_000);
  let tree = "";
  let bundles = "";

  function lint(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    return spawnSync(process.execPath, [join(tree, "bin/sluice.js"), "lint", ...args], {
      env,
      encoding: "utf8",
    });
  }

  before(() => {
    // A blank in the path, as people have them.
    tree = join(mkdtempSync(join(tmpdir(), "sluice-bundle-")), "a tree");
    bundles = join(tree, "node_modules/.cache/sluice");
    for (const name of ["bin", "pipelines", "package.json"])
      cpSync(join(ROOT, name), join(tree, name), { recursive: true });
    mkdirSync(join(tree, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/vite"), join(tree, "node_modules/vite"));
    writeFileSync(join(tree, "good"), GOOD);
    writeFileSync(join(tree, "bad"), "pipeline { agnet any }\n");
  });
  after(() => rmSync(join(tree, ".."), { recursive: true }));

  it("is made by the first start, and answers as the sources do", () => {
    const first = lint("--json", join(tree, "good"), join(tree, "bad"));
    assert.equal(first.status, 1, first.stderr);
    assert.equal(readdirSync(bundles).length, 2);
    const second = lint("--json", join(tree, "good"), join(tree, "bad"));
    assert.deepEqual(
      [second.status, second.stdout, second.stderr],
      [first.status, first.stdout, first.stderr],
    );
  });

  it("is not used once a source has changed, and made anew", () => {
    const source = join(tree, "bin/commands/lint.ts");
    writeFileSync(
      source,
      readFileSync(source, "utf8").replace("Checks Jenkinsfiles", "Looks at Jenkinsfiles"),
    );
    assert.match(lint("--help").stdout, /Looks at Jenkinsfiles/);
    assert.match(lint("--help").stdout, /Looks at Jenkinsfiles/);
    assert.equal(readdirSync(bundles).length, 2);
  });

  it("is passed over when it is broken or gone", () => {
    const [bundle = ""] = readdirSync(bundles).filter((name) => name.endsWith(".cjs"));
    writeFileSync(join(bundles, bundle), "throw new Error('broken')");
    assert.equal(lint(join(tree, "good")).status, 0);
    assert.equal(lint(join(tree, "good")).status, 0);
    writeFileSync(join(bundles, "lint.json"), "{");
    assert.equal(lint(join(tree, "good")).status, 0);
    rmSync(bundles, { recursive: true });
    // Where a folder should be is a file: nothing can be written.
    writeFileSync(bundles, "");
    assert.equal(lint(join(tree, "bad")).status, 1);
    assert.equal(readFileSync(bundles, "utf8"), "");
  });
});
