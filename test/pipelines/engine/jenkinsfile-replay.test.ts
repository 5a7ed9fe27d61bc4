import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEngine } from "../../../pipelines/engine/run.ts";
import { abortError } from "../../../pipelines/engine/stored-errors.ts";
import type { Begin } from "../../../pipelines/ports.ts";
import { aHead } from "./a-head.ts";
import { runWithCrashes, type Answer } from "./crashing-host.ts";
import { randomJenkinsfile } from "./random-jenkinsfile.ts";
import { randomFrom } from "./random-programs.ts";

const FILES = 400;

function answer(begin: Begin, random: () => number): Answer {
  const { kind } = begin.request;
  if (kind === "session")
    return {
      value: { node: "n", labels: "x", workspace: "/sluice/src", tmp: "/sluice/tmp", env: {}, scm: null },
    };
  if (kind === "exec") return { value: { exit: random() < 0.15 ? 1 : 0, out: `out ${begin.n}\n` } };
  return kind === "timer" ? { value: null } : { error: abortError(`nothing answers ${begin.name}`) };
}

describe("a whole Jenkinsfile", () => {
  it("crashed at any instant begins the same effects and ends the same", function () {
    this.timeout(300_000);
    let crashes = 0;
    for (let seed = 1; seed <= FILES; seed += 1) {
      const text = randomJenkinsfile(randomFrom(seed));
      const life = runWithCrashes({
        load: () => createEngine(aHead(text)),
        random: randomFrom(seed ^ 0x51ed270b),
        crashChance: 0.1,
        abortChance: 0.01,
        answer,
      });
      assert.notEqual(life.end.reason?.code, "internal", `${text}\n${life.end.reason?.text ?? ""}`);
      assert.notEqual(life.end.reason?.code, "invalid_file", `${text}\n${life.end.reason?.text ?? ""}`);
      crashes += life.crashes;
    }
    assert.ok(crashes > FILES, `only ${crashes} crashes`);
  });
});
