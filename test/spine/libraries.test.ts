import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { cloneForTests } from "../support/services/git.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

describe("shared libraries", () => {
  let spine: Spine;
  before(async function () {
    this.timeout(120_000);
    spine = await startSpine({
      runner: false,
      file: "libraries:\n  greetings: { forge: here, repo: greetings }\n  fixed: { forge: here, repo: greetings, version: v1, override: false }\n",
    });
    const copy = await cloneForTests(await spine.git.createRepository("greetings"));
    try {
      await copy.commit("first", {
        "vars/greet.groovy": 'def call(String name) { echo "hello ${new org.acme.Words().shout(name)}" }\n',
        "src/org/acme/Words.groovy":
          "package org.acme\nclass Words implements Serializable { String shout(String s) { s.toUpperCase() } }\n",
      });
      await copy.push("HEAD:main");
      await copy.push("HEAD:refs/tags/v1");
      await copy.commit("second", {
        "vars/greet.groovy": 'def call(String name) { echo "good day ${name}" }\n',
      });
      await copy.push("HEAD:main");
    } finally {
      await copy.remove();
    }
  });
  after(async function () {
    this.timeout(60_000);
    await spine.stop();
  });

  const cases = [
    ["at a tag, with its classes", "@Library('greetings@v1') _\ngreet 'ada'\n", "succeeded", /hello ADA/],
    [
      "at the version that the server names",
      "library 'greetings'\ngreet 'ada'\n",
      "succeeded",
      /good day ada/,
    ],
    [
      "from a declarative pipeline",
      "pipeline { agent none\n libraries { lib('greetings@v1') }\n stages { stage('A') { steps { greet 'bob' } } } }\n",
      "succeeded",
      /hello BOB/,
    ],
    [
      "that the server does not have are refused by name",
      "@Library('other') _\necho 'x'\n",
      "failed",
      /there is no library "other"/,
    ],
    [
      "at a version that is not there are refused",
      "@Library('greetings@v9') _\necho 'x'\n",
      "failed",
      /no branch, tag or commit "v9"/,
    ],
    [
      "whose version the server fixes are refused at another",
      "@Library('fixed@main') _\necho 'x'\n",
      "failed",
      /used at v1 only/,
    ],
  ] as const;
  for (const [index, [name, file, state, says]] of cases.entries())
    it(`${state === "succeeded" ? "are read " : ""}${name}`, async function () {
      this.timeout(200_000);
      await spine.push(name, { Jenkinsfile: file });
      const build = await spine.server.api.buildEnded(PROJECT, index + 1);
      const text = await spine.server.api.console(build.id);
      assert.match(text, says);
      assert.equal(build.state, state, text);
    });
});
