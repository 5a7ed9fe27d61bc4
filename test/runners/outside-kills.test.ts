import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { after, afterEach, before, describe, it } from "mocha";
import type { ImageOperation, ImageValue, Outcome } from "../../runners/protocol.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { startChild } from "../support/services/process.ts";
import type { Child } from "../support/services/process.ts";
import { startRegistry } from "../support/services/registry.ts";
import type { Registry } from "../support/services/registry.ts";
import { startRegistryProxy } from "../support/services/registry-proxy.ts";
import type { RegistryProxy } from "../support/services/registry-proxy.ts";
import { until } from "../support/services/until.ts";
import { createStops } from "../support/stops.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PROGRAM = fileURLToPath(new URL("support/runner-process.ts", import.meta.url));

describe("a runner and what it asks of Docker and a registry", function () {
  this.timeout(300_000);
  const stops = createStops();
  const made: string[] = [];
  let docker: Docker;
  let registry: Registry;
  let proxy: RegistryProxy;
  let world: World;
  let child: Child | null = null;

  before(async () => {
    docker = dockerForTests();
    registry = await startRegistry({ isOpen: true });
    stops.add(() => registry.stop());
    proxy = await startRegistryProxy(registry.port);
    stops.add(() => proxy.stop());
    world = await startWorld({ run: false });
    stops.add(() => world.stop());
  });
  afterEach(async () => {
    await child?.stop("SIGKILL");
    child = null;
  });
  after(async () => {
    for (const image of made.splice(0))
      await docker
        .getImage(image)
        .remove({ force: true })
        .catch(() => {});
    await stops.all();
  });

  async function startProcess(fault = ""): Promise<void> {
    const options = {
      url: world.server.url,
      key: world.server.key,
      dataFolder: world.dataFolder,
      memoryFolder: world.memoryFolder,
      dockerHost: engineAddress(),
      agentImage: world.image,
    };
    const env = { ...process.env, SLUICE_FAULT: fault };
    child = await startChild(process.execPath, [PROGRAM, JSON.stringify(options)], { env });
    await world.server.connected();
  }

  /** Waits until the fault has killed the runner. */
  async function dies(): Promise<void> {
    const dying = child;
    await until("the fault has killed the runner", () => dying?.exit() !== undefined);
    assert.match(dying?.output() ?? "", /SLUICE_FAULT: killed/u);
    child = null;
  }

  async function containersOf(session: TestSession): Promise<string[]> {
    const filters = { label: [`sluice.session=${session.id}`] };
    return (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
  }

  function image(session: TestSession, operation: ImageOperation): string {
    const id = session.command();
    session.send({ id, type: "image", cwd: "/sluice/src", operation });
    return id;
  }

  function valueOf(outcome: Outcome): ImageValue {
    const result = expectOk(outcome);
    assert.ok(result.of === "image");
    return result.value;
  }

  /** A session, an image of its own, and the push of it. */
  async function withImage(): Promise<{
    session: TestSession;
    repository: string;
    name: string;
    id: string;
  }> {
    const session = new TestSession(world);
    await session.begin({ project: "images" });
    const name = `acme/${randomBytes(4).toString("hex")}`;
    const id = await newImage(name);
    return { session, repository: `${proxy.host}/${name}`, name, id };
  }

  async function newImage(label: string): Promise<string> {
    const container = await docker.createContainer({ Image: world.image, Labels: { "sluice-test": label } });
    const { Id } = await container.commit({ changes: `LABEL of=${label}` });
    await container.remove({ force: true });
    made.push(Id);
    return Id;
  }

  for (const [title, point] of [
    ["F08: kill point 9: made a container and died before it noted its id", "docker.createContainer:after"],
    ["kill point 9: started a container and died before it could say so", "docker.startContainer:after"],
  ] as const)
    it(`${title}: adopts it, and leaves no litter`, async () => {
      await startProcess(point);
      const session = new TestSession(world);
      const commands = [session.open(), session.container()];
      await dies();
      const [made] = await containersOf(session);
      assert.ok(made !== undefined, "it died before the container was made");
      await startProcess();
      for (const command of commands) expectOk(await world.server.outcome(command));
      assert.equal((await session.sh("echo here\n")).log, "+ echo here\nhere\n");
      // An engine that lacks something has it made once more, without that.
      if (point === "docker.startContainer:after") assert.deepEqual(await containersOf(session), [made]);
      assert.equal((await containersOf(session)).length, 1);
      await session.close();
      assert.deepEqual(await containersOf(session), []);
    });

  for (const moment of ["before", "after"])
    it(`kill point 8: died ${moment} it sent the line that starts a step: it runs once`, async () => {
      await startProcess(`step.start:${moment}`);
      const session = new TestSession(world);
      await session.begin({ project: "lines" });
      const id = session.exec("#!/bin/sh\necho ran >>ran\ncat ran\nexit 5\n");
      await dies();
      await startProcess();
      assert.equal((await session.ended(id)).exit, 5);
      assert.equal(world.server.log(id), "ran\n");
      assert.equal((await session.sh("#!/bin/sh\ncat ran; rm ran\n")).log, "ran\n");
      await session.close();
    });

  it("F08: made a container of which the server wants to know no more: removes it", async () => {
    await startProcess("docker.createContainer:after");
    const session = new TestSession(world);
    session.open();
    session.container();
    await dies();
    assert.equal((await containersOf(session)).length, 1);
    world.server.raiseFence(session.id);
    await startProcess();
    await until("it is gone", async () => (await containersOf(session)).length === 0);
  });

  for (const moment of ["before", "after"])
    it(`kill point 22: died ${moment} the push of an image and could not say so: it is pushed once`, async () => {
      await startProcess(`docker.pushImage:${moment}`);
      const { session, repository, name, id } = await withImage();
      const pushing = image(session, { op: "push", image: id, repository, tag: "1", credential: null });
      await dies();
      assert.equal(proxy.takeManifests().length, moment === "before" ? 0 : 1);
      await startProcess();
      const { digest } = valueOf(await world.server.outcome(pushing));
      assert.equal(proxy.takeManifests().length, moment === "before" ? 1 : 0, "not pushed once");
      assert.ok(digest !== null);
      assert.equal(await registry.digestOf(name, "1"), digest);
      await session.close();
    });

  it("kill point 22: pushes again what another image has overwritten meanwhile", async () => {
    await startProcess("docker.pushImage:after");
    const { session, repository, name, id } = await withImage();
    const pushing = image(session, { op: "push", image: id, repository, tag: "1", credential: null });
    await dies();
    const pushed = await registry.digestOf(name, "1");
    await docker.getImage(await newImage("other")).tag({ repo: repository, tag: "1" });
    await text(await docker.getImage(repository).push({ tag: "1", authconfig: {} }));
    assert.notEqual(await registry.digestOf(name, "1"), pushed);
    await startProcess();
    assert.equal(valueOf(await world.server.outcome(pushing)).digest, pushed);
    assert.equal(await registry.digestOf(name, "1"), pushed);
    await session.close();
  });

  it("F43: is answered 500 twice by the registry and tries again, pushing and pulling", async () => {
    await startProcess();
    const { session, repository, name, id } = await withImage();
    proxy.answerInstead(500, 2, /^PUT .*\/manifests\//u);
    const pushing = image(session, { op: "push", image: id, repository, tag: "1", credential: null });
    const { digest } = valueOf(await world.server.outcome(pushing));
    assert.equal(await registry.digestOf(name, "1"), digest);
    assert.match(world.server.log(pushing), /trying again in 1 s/u);
    proxy.answerInstead(500, 2, /^(GET|HEAD) .*\/manifests\//u);
    const pulling = image(session, { op: "pull", image: `${repository}:1`, credential: null });
    assert.equal(valueOf(await world.server.outcome(pulling)).digest, digest);
    assert.match(world.server.log(pulling), /trying again in 1 s/u);
    await session.close();
  });

  it("F43: is answered 401 by the registry and says so at once", async () => {
    await startProcess();
    const { session, repository, id } = await withImage();
    world.server.secrets.set("user", { value: "somebody", mask: false });
    world.server.secrets.set("password", { value: "wrong", mask: true });
    const credential = { server: proxy.host, username: "user", password: "password" };
    for (const operation of [
      { op: "push", image: id, repository, tag: "1", credential },
      { op: "pull", image: `${repository}:1`, credential },
    ] as const) {
      const asked = proxy.requests.length;
      proxy.answerInstead(401, 1000, /^/u);
      const command = image(session, operation);
      const outcome = await world.server.outcome(command);
      assert.ok(!outcome.ok);
      assert.deepEqual([outcome.failure.code, outcome.failure.fault], ["registry_denied", "file"]);
      assert.match(outcome.failure.message, /authentication required|unauthorized|no basic auth/iu);
      assert.doesNotMatch(world.server.log(command), /trying again/u);
      assert.ok(proxy.requests.length > asked);
    }
    proxy.answerInstead(401, 0, /^/u);
    await session.close();
  });
});
