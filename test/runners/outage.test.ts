import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { asFailure, Engine } from "../../runners/docker/engine.ts";
import { acrossOutages } from "../../runners/docker/outage.ts";
import { engineAddress } from "../support/services/docker.ts";

const TASK = "564424a15c412f1fc24e90b30c03d23c152f9dc2bf1d900b761702bcc177e494";
const refusal = (statusCode: number, message: string) =>
  asFailure(
    "docker.startContainer",
    Object.assign(new Error(`(HTTP code ${statusCode}) ${message}`), { statusCode }),
  );

describe("work for which the engine was away", () => {
  async function attempts(failure: Error): Promise<{ tries: number; said: string; ended: unknown }> {
    const engine = new Engine(engineAddress());
    let tries = 0;
    let said = "";
    const work = async (): Promise<string> => {
      tries += 1;
      if (tries === 1) throw failure;
      return "done";
    };
    try {
      const signal = new AbortController().signal;
      const ended: unknown = await acrossOutages(engine, work, {
        say: (text) => (said += text),
        signal,
      }).catch((error: unknown) => error);
      return { tries, said, ended };
    } finally {
      engine.close();
    }
  }

  it("is done again where an engine that died left a container half started", async () => {
    const { tries, said, ended } = await attempts(
      refusal(500, `server error - task ${TASK}: already exists`),
    );
    assert.deepEqual([tries, ended], [2, "done"]);
    assert.match(said, /The Docker Engine is away/u);
  });

  it("is not done again where an engine that is there refuses it", async () => {
    for (const failure of [
      refusal(500, "server error - driver failed programming external connectivity"),
      refusal(409, `conflict: task ${TASK}: already exists`),
    ]) {
      const { tries, ended } = await attempts(failure);
      assert.equal(tries, 1);
      assert.equal(ended, failure);
    }
  });
});
