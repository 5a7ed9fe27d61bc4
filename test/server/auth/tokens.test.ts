import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { describe, it } from "mocha";
import { runnerTokenText } from "../../../server/auth/tokens.ts";

describe("the text by which a runner joins", () => {
  it("can be given on a command line, whatever chance made of it", () => {
    for (let time = 0; time < 500; time += 1) {
      const token = runnerTokenText();
      const { values } = parseArgs({ args: ["--token", token], options: { token: { type: "string" } } });
      assert.equal(values.token, token);
    }
  });
});
