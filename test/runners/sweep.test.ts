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

  async function leave(
    session: string,
    runner: string,
    name = `sl-${instance}-${session}-main`,
  ): Promise<string> {
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

  async function leftNames(): Promise<string[]> {
    const filters = { label: [`sluice.instance=${instance}`] };
    const left = await docker.listContainers({ all: true, filters });
    return left.flatMap(({ Names }) => Names).toSorted();
  }

  const owner = { instance, runner: "here" };
  const nobodys = { knows: () => false, over: async () => new Set<string>() };

  it("takes what is ours and of no session, and of another runner on the same engine only what the server says is over", async () => {
    const old = await leave("b1.1", "here");
    const known = await leave("b1.2", "here");
    const working = await leave("b1.3", "elsewhere");
    const over = await leave("b1.4", "elsewhere");
    const asked: string[] = [];
    const sessions = {
      knows: (session: string) => session === "b1.2",
      over: async (foreign: readonly string[]) => {
        asked.push(...foreign);
        return new Set(["b1.4"]);
      },
    };
    assert.deepEqual(await sweep(engine, owner, sessions, Date.now()), [], "they may be just being made");
    const removed = await sweep(engine, owner, sessions, Date.now() + HOUR_MS);
    assert.deepEqual(removed.toSorted(), [old, over]);
    assert.deepEqual(asked.toSorted(), ["b1.3", "b1.4"]);
    assert.deepEqual(await leftNames(), [known, working]);
  });

  it("F45: takes 200 leftovers of a dead run at once, and nothing of others", async () => {
    const before = await leftNames();
    const others = [
      await leave("b9.1", "elsewhere"),
      // Labels alone are no proof: an image can carry them.
      await leave("b9.2", "here", `somebody-${instance}`),
    ];
    const made = [];
    for (let i = 0; i < 200; i += 1) made.push(leave(`b2.${String(i)}`, "here"));
    const names = await Promise.all(made);
    const sessions = { ...nobodys, knows: (session: string) => session === "b1.2" };
    const removed = await sweep(engine, owner, sessions, Date.now() + HOUR_MS);
    assert.deepEqual(removed.toSorted(), names.toSorted());
    assert.deepEqual(await leftNames(), [...before, ...others].toSorted());
  });
});
