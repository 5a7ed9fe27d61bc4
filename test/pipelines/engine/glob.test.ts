import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { globMatches } from "../../../pipelines/engine/glob.ts";
import { shellWords } from "../../../pipelines/engine/shell-words.ts";
import { argsHash } from "../../../pipelines/engine/args-hash.ts";
import { commandLines, echoed } from "../../../pipelines/engine/dry-shell.ts";

describe("a glob", () => {
  const exact = { ignoreCase: false };

  it("keeps a star within a segment and lets two stars cross", () => {
    assert.ok(globMatches("feature/*", "feature/a", exact));
    assert.ok(!globMatches("feature/*", "feature/a/b", exact));
    assert.ok(globMatches("**/*.js", "a/b/c.js", exact));
    assert.ok(globMatches("**/*.js", "c.js", exact));
    assert.ok(globMatches("docs/", "docs/a/b", exact));
    assert.ok(!globMatches("a?c", "ac", exact));
  });

  it("can ignore case", () => {
    assert.ok(globMatches("MASTER", "master", { ignoreCase: true }));
    assert.ok(!globMatches("MASTER", "master", exact));
  });

  it("answers at once on patterns made to be slow", () => {
    assert.ok(!globMatches("**/a".repeat(40), "a/".repeat(200), exact));
    assert.ok(!globMatches("*a".repeat(40), "a".repeat(2000).concat("b"), exact));
  });
});

describe("words of a command line", () => {
  it("are split as a shell splits them", () => {
    assert.deepEqual(shellWords(`-v "$PWD/a b":/x -e A='1 2' c\\ d ""`), [
      "-v",
      "$PWD/a b:/x",
      "-e",
      "A=1 2",
      "c d",
      "",
    ]);
  });
});

describe("the hash of arguments", () => {
  it("is that of the binding, not of the secret", () => {
    const hash = (value: string): string =>
      argsHash("sh", { script: `curl -u ${value}` }, [{ value, name: "token:T" }]);
    assert.equal(hash("s3cret"), hash("rotated"));
    assert.match(hash("s3cret"), /^[0-9a-f]{32}$/);
  });

  it("does not depend on the order of names", () => {
    assert.equal(argsHash("x", { a: 1, b: 2 }, []), argsHash("x", { b: 2, a: 1 }, []));
    assert.notEqual(argsHash("x", { a: 1 }, []), argsHash("y", { a: 1 }, []));
  });
});

describe("a dry run's echo", () => {
  it("replaces variables as a shell does", () => {
    const env = { A: "one", B: "two words" };
    assert.equal(echoed('echo "A is $A" and ${B}', env), "A is one and two words");
    assert.equal(echoed("echo 'A is $A'", env), "A is $A");
    assert.equal(echoed("make all", env), null);
    assert.equal(echoed("echo $(date)", env), null);
    assert.equal(echoed("echo a > b", env), null);
  });

  it("joins lines that end in a backslash", () => {
    assert.deepEqual(commandLines("echo a \\\n  b\n\n# no\nls"), ["echo a    b", "ls"]);
  });
});
