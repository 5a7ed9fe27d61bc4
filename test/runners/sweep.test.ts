import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { after, before, describe, it } from "mocha";
import { Engine } from "../../runners/docker/engine.ts";
import { sweep } from "../../runners/docker/sweep.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { busyboxImage } from "../support/services/images.ts";

const HOUR_MS = 3_600_000;

describe("the sweep of leftovers", function () {
  this.timeout(120_000);
  const instance = `t${randomBytes(4).toString("hex")}`;
  let docker: Docker;
  let engine: Engine;
  let image: string;

  before(async () => {
    docker = dockerForTests();
    engine = new Engine(engineAddress());
    image = await busyboxImage(docker);
  });
  after(async () => {
    const filters = { label: [`sluice.instance=${instance}`] };
    for (const { Id } of await docker.listContainers({ all: true, filters }))
      await docker.getContainer(Id).remove({ force: true });
    engine.close();
  });

  async function leave(session: string, runner: string): Promise<string> {
    const name = `sl-${instance}-${session}-main`;
    await docker.createContainer({
      name,
      Image: image,
      Labels: {
        "sluice.instance": instance,
        "sluice.session": session,
        "sluice.runner": runner,
        "sluice.nonce": "n",
      },
    });
    return `/${name}`;
  }

  it("takes what is ours and of no session, and nothing of another runner on the same engine", async () => {
    const old = await leave("b1.1", "here");
    await leave("b1.2", "here");
    await leave("b1.3", "elsewhere");
    const owner = { instance, runner: "here" };
    const removed = await sweep(engine, owner, (session) => session === "b1.2", Date.now() + HOUR_MS);
    assert.deepEqual(removed, [old]);
    const filters = { label: [`sluice.instance=${instance}`] };
    const left = await docker.listContainers({ all: true, filters });
    assert.equal(left.length, 2);
  });
});
