import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { after, before, describe, it } from "mocha";
import { createAndStart, createOrAdopt } from "../../runners/docker/containers.ts";
import type { ContainerPlan } from "../../runners/docker/create-options.ts";
import { Engine } from "../../runners/docker/engine.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { busyboxImage } from "../support/services/images.ts";
import { NO_ARGS, NO_LIMITS } from "./support/world.ts";

describe("what an engine cannot do", function () {
  this.timeout(120_000);
  const instance = `t${randomBytes(4).toString("hex")}`;
  const engines: Engine[] = [];
  let docker: Docker;
  let image: string;

  before(async () => {
    docker = dockerForTests();
    image = await busyboxImage(docker);
  });
  after(async () => {
    const filters = { label: [`sluice.instance=${instance}`] };
    for (const { Id } of await docker.listContainers({ all: true, filters }))
      await docker.getContainer(Id).remove({ force: true });
    for (const engine of engines) engine.close();
  });

  function anEngine(): Engine {
    const engine = new Engine(engineAddress());
    engines.push(engine);
    return engine;
  }

  function aPlan(session: string): ContainerPlan {
    return {
      name: `sl-${instance}-${session}-main`,
      image,
      profile: "standard",
      args: NO_ARGS,
      env: {},
      limits: NO_LIMITS,
      labels: { "sluice.instance": instance, "sluice.session": session, "sluice.nonce": "n" },
      network: "none",
      aliases: [],
      runnerUser: null,
      lacks: new Set(),
      folders: null,
      command: ["sleep", "600"],
      volumes: [],
    };
  }

  async function isRunning(id: string): Promise<boolean> {
    return (await docker.getContainer(id).inspect()).State.Running;
  }

  it("is found out by several containers at the same moment, and all of them start", async () => {
    const engine = anEngine();
    const ids = await Promise.all(
      ["b1.1", "b1.2", "b1.3"].map(async (session) => {
        let id = "";
        await createAndStart(
          engine,
          aPlan(session),
          (made) => (id = made),
          () => {},
        );
        return id;
      }),
    );
    for (const id of ids) assert.ok(await isRunning(id));
  });

  it("was not known to whoever made a container that another life adopts, and it starts", async () => {
    await createOrAdopt(anEngine(), aPlan("b2.1"));
    const later = anEngine();
    // Found out with another container meanwhile.
    later.lacks.add("file-limit").add("init");
    const id = await createAndStart(
      later,
      aPlan("b2.1"),
      () => {},
      () => {},
    );
    assert.ok(await isRunning(id));
  });
});
