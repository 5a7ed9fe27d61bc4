import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { startRegistry } from "../support/services/registry.ts";
import { startLine } from "../support/services/line.ts";
import type { LineEnd } from "../support/services/line.ts";
import { until } from "../support/services/until.ts";
import type { Registry } from "../support/services/registry.ts";
import type { ImageOperation, ImageValue, Outcome } from "../../runners/protocol.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("images", function () {
  this.timeout(180_000);
  let world: World;
  let registry: Registry;
  let session: TestSession;
  const made: string[] = [];

  before(async () => {
    registry = await startRegistry({ password: "p>ss?word~1" });
    world = await startWorld();
    world.server.secrets.set("reg-user", { value: registry.username, mask: false });
    world.server.secrets.set("reg-pass", { value: registry.password, mask: true });
    session = new TestSession(world);
    await session.begin({ project: "images" });
  });
  after(async () => {
    const docker = dockerForTests();
    for (const image of made)
      await docker
        .getImage(image)
        .remove({ force: true })
        .catch(() => undefined);
    await world.stop();
    await registry.stop();
  });

  function credential(): { server: string; username: string; password: string } {
    return { server: registry.host, username: "reg-user", password: "reg-pass" };
  }

  async function image(operation: ImageOperation): Promise<Outcome & { log: string }> {
    const id = session.command();
    const outcome = await session.run({ id, type: "image", cwd: "/sluice/src", operation });
    return { ...outcome, log: world.server.log(id) };
  }

  function build(more: Partial<Extract<ImageOperation, { op: "build" }>> = {}): ImageOperation {
    return {
      op: "build",
      context: ".",
      dockerfile: "Dockerfile",
      tags: [],
      buildArgs: {},
      labels: {},
      target: null,
      pull: false,
      noCache: false,
      network: "default",
      platform: null,
      cacheFrom: [],
      credentials: [],
      ...more,
    };
  }

  function valueOf(outcome: Outcome): ImageValue {
    const result = expectOk(outcome);
    assert.ok(result.of === "image");
    if (result.value.labels["dev.sluice.build"] !== undefined) made.push(result.value.imageId);
    return result.value;
  }

  it("are built from the workspace, without what .dockerignore names", async () => {
    await session.sh(`#!/bin/sh\nmkdir -p app/sub app/skip; cd app; echo hello >sub/file; echo no >skip/secret; echo keep >skip/kept; ln -s sub/file link
printf 'skip/*\\n!skip/kept\\n' >.dockerignore
printf 'FROM ${world.image}\\nARG WORD\\nCOPY . /ctx\\nRUN echo "word $WORD"; find /ctx ! -type d | sort\\n' >Dockerfile\n`);
    const tag = `sluice-test/app:${randomBytes(4).toString("hex")}`;
    const outcome = await image(
      build({ context: "app", buildArgs: { WORD: "given" }, labels: { a: "b" }, tags: [tag], noCache: true }),
    );
    const value = valueOf(outcome);
    assert.match(value.imageId, /^sha256:/);
    assert.deepEqual(value.tags, [tag]);
    assert.equal(value.labels["a"], "b");
    assert.match(outcome.log, /word given/);
    assert.deepEqual(outcome.log.match(/^\/ctx\S+$/gm), [
      "/ctx/.dockerignore",
      "/ctx/Dockerfile",
      "/ctx/link",
      "/ctx/skip/kept",
      "/ctx/sub/file",
    ]);
  });

  it("that fail to build say why, as the command's fault", async () => {
    await session.sh(`printf 'FROM ${world.image}\\nRUN echo going; exit 7\\n' >Dockerfile\n`);
    const outcome = await image(build());
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "image_build_failed");
    assert.equal(outcome.failure.fault, "command");
    assert.match(outcome.failure.message, /7/);
    assert.match(outcome.log, /going/);
  });

  it("are pushed by the id that was built, with the registry's digest", async () => {
    await session.sh(
      `printf 'FROM ${world.image}\\nRUN echo ${randomBytes(8).toString("hex")} >/it\\n' >Dockerfile\n`,
    );
    const repository = `${registry.host}/acme/web`;
    const mine = valueOf(await image(build({ tags: [`${repository}:v1`] })));
    await session.sh(`printf 'FROM ${world.image}\\nRUN echo other >/it\\n' >Dockerfile\n`);
    const other = valueOf(await image(build({ tags: [`${repository}:v1`] })));
    assert.notEqual(mine.imageId, other.imageId);
    const [first, second] = await Promise.all([
      image({ op: "push", image: mine.imageId, repository, tag: "v1", credential: credential() }),
      image({ op: "push", image: other.imageId, repository, tag: "v2", credential: credential() }),
    ]);
    assert.equal(valueOf(first).digest, await registry.digestOf("acme/web", "v1"));
    assert.equal(valueOf(second).digest, await registry.digestOf("acme/web", "v2"));
    assert.notEqual(valueOf(first).digest, valueOf(second).digest);
    assert.deepEqual((await registry.tagsOf("acme/web")).sort(), ["v1", "v2"]);
  });

  it("are built and pushed from the start again when the engine's connection breaks in the middle", async () => {
    const line = await startLine({ to: engineEnd() });
    const cut = await startWorld({ dockerHost: `tcp://127.0.0.1:${line.port}` });
    try {
      const there = new TestSession(cut);
      await there.begin({ project: "cut" });
      const ask = (operation: ImageOperation): string => {
        const id = there.command();
        there.send({ id, type: "image", cwd: "/sluice/src", operation });
        return id;
      };
      const breakFor = async (ms: number): Promise<void> => {
        line.set({ cut: "reset" });
        await pause(ms);
        line.set({});
      };
      await there.sh(
        `printf 'FROM ${cut.image}\\nRUN echo ${randomBytes(8).toString("hex")} >/it; echo begun; sleep 2\\n' >Dockerfile\n`,
      );
      const building = ask(build({ noCache: true }));
      await until("the build has begun", () => cut.server.log(building).includes("begun"));
      await breakFor(1_000);
      const built = valueOf(await cut.server.outcome(building));
      assert.match(cut.server.log(building), /The Docker Engine is away; this goes on when it is back/u);
      const repository = `${registry.host}/acme/cut`;
      line.set({ cut: "reset" });
      cut.server.secrets.set("reg-user", { value: registry.username, mask: false });
      cut.server.secrets.set("reg-pass", { value: registry.password, mask: true });
      const pushing = ask({
        op: "push",
        image: built.imageId,
        repository,
        tag: "v1",
        credential: credential(),
      });
      await until("it waits", () => cut.server.log(pushing).includes("The Docker Engine is away"));
      line.set({});
      const pushed = valueOf(await cut.server.outcome(pushing));
      assert.equal(pushed.digest, await registry.digestOf("acme/cut", "v1"));
    } finally {
      await cut.stop();
      await line.stop();
    }
  });

  it("are pulled with credentials, also as an agent", async () => {
    const reference = `${registry.host}/acme/web:v1`;
    const pulled = valueOf(await image({ op: "pull", image: reference, credential: credential() }));
    assert.equal(pulled.digest, await registry.digestOf("acme/web", "v1"));
    const entered = expectOk(
      await world.server.outcome(
        session.container({
          name: "tool",
          role: "inside",
          image: reference,
          pull: "always",
          credential: credential(),
        }),
      ),
    );
    assert.ok(entered.of === "container");
    assert.equal(entered.value.digest, `${registry.host}/acme/web@${pulled.digest ?? ""}`);
    assert.equal(
      (await session.sh("#!/bin/sh\ntest -e /it && echo there\n", { container: "tool" })).log,
      "there\n",
    );
  });

  it("are refused by the registry in its own words, without the password", async () => {
    world.server.secrets.set("reg-wrong", { value: "not-the-password", mask: true });
    const wrong = { ...credential(), password: "reg-wrong" };
    const outcome = await image({
      op: "push",
      image: world.image,
      repository: `${registry.host}/acme/web`,
      tag: "x",
      credential: wrong,
    });
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "registry_denied");
    assert.doesNotMatch(JSON.stringify(outcome), /not-the-password/);
    const missing = await image({
      op: "pull",
      image: `${registry.host}/acme/none:1`,
      credential: credential(),
    });
    assert.ok(!missing.ok && missing.failure.code === "image_missing", JSON.stringify(missing));
  });

  it("give their facts, and their absence, by name", async () => {
    assert.match(valueOf(await image({ op: "inspect", image: world.image })).imageId, /^sha256:/);
    const none = await image({ op: "inspect", image: "sluice-test/none:1" });
    assert.ok(!none.ok && none.failure.code === "image_missing");
  });
});

function engineEnd(): LineEnd {
  const { protocol, pathname, port } = new URL(engineAddress());
  return protocol === "unix:" ? { path: pathname } : { port: Number(port) };
}
