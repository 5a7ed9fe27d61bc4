import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { type DiskDeps, DiskKeeper, type FreeDisk, diskLevel } from "../../runners/disk-keeper.ts";
import { Engine } from "../../runners/docker/engine.ts";
import { ImageLedger } from "../../runners/docker/image-ledger.ts";
import { Images } from "../../runners/docker/images.ts";
import { buildContext } from "../../runners/workspace/build-context.ts";
import { Slots } from "../../runners/workspace/slots.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { until } from "../support/services/until.ts";
import { createStops } from "../support/stops.ts";
import { startWorld, TestSession } from "./support/world.ts";

const GIB = 1024 ** 3;
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function ofHundred(gib: number): FreeDisk {
  return { part: gib / 100, bytes: gib * GIB };
}

/** A disk of 100 GiB on which images and workspaces lie; what is removed makes room. */
function aDisk(
  free: number,
  images: Readonly<Record<string, number>>,
  more: Partial<DiskDeps> & { readonly slotGib?: readonly number[]; readonly inUse?: readonly string[] } = {},
) {
  let freeGib = free;
  const slots = [...(more.slotGib ?? [])];
  const removed: string[] = [];
  const told: (number | null)[] = [];
  const ended: number[] = [];
  const left = new Map(Object.entries(images));
  const keeper = new DiskKeeper({
    folders: async () => ["/data"],
    ledger: {
      oldest: () => [...left.keys()].map((id, at) => ({ id, usedAtMs: at })),
      forget: (id) => void left.delete(id),
    },
    images: {
      inspect: async (id) => ({ id, digests: [`shop@${id}`], tags: [], env: {}, labels: {} }),
      remove: async (id) => {
        if (more.inUse?.includes(id) === true) return false;
        freeGib += left.get(id) ?? 0;
        removed.push(id);
        return true;
      },
    },
    needed: async () => new Set(),
    slots: {
      dropOldest: async () => {
        const gib = slots.shift();
        if (gib === undefined) return null;
        freeGib += gib;
        removed.push("slot");
        return "group/1";
      },
    },
    endLargest: async (percent) => {
      ended.push(percent);
      return "b1.0_1";
    },
    tell: (percent) => void told.push(percent),
    log,
    freeOf: async () => ofHundred(freeGib),
    ...more,
  });
  return { keeper, removed, told, ended, fill: (gib: number) => void (freeGib -= gib) };
}

describe("the disk of a runner", () => {
  const stops = createStops();
  afterEach(() => stops.all());

  it("is watched in three steps, and much room is enough whatever part it is", () => {
    assert.deepEqual(
      [16, 14, 9, 7, 5, 3].map((gib) => diskLevel(ofHundred(gib))),
      ["well", "closed", "closed", "prune", "prune", "cancel"],
    );
    assert.equal(diskLevel({ part: 0.01, bytes: 50 * GIB }), "well");
  });

  it("is told of while it is too small for new agents, and when it no longer is", async () => {
    const { keeper, told, removed, fill } = aDisk(50, { old: 5 });
    await keeper.look();
    fill(38);
    await keeper.look();
    await keeper.look();
    fill(-38);
    await keeper.look();
    assert.deepEqual(told, [null, 12, null]);
    assert.deepEqual(removed, []);
  });

  it("loses images that were unused for longest, until there is room, and none that is needed or in use", async () => {
    const images = { live: 5, busy: 5, old: 1, older: 2, fresh: 3 };
    const { keeper, removed, told, ended } = aDisk(5, images, {
      needed: async () => new Set(["live"]),
      inUse: ["busy"],
    });
    await keeper.look();
    assert.deepEqual(removed, ["old", "older"]);
    assert.deepEqual(told, [5, 8]);
    assert.deepEqual(ended, []);
  });

  it("loses workspaces that nobody has when images are not enough", async () => {
    const { keeper, removed } = aDisk(5, { old: 1 }, { slotGib: [1, 1, 1] });
    await keeper.look();
    assert.deepEqual(removed, ["old", "slot", "slot"]);
  });

  it("loses no image while the server does not say which are needed", async () => {
    const { keeper, removed } = aDisk(5, { old: 9 }, { needed: async () => null });
    await keeper.look();
    assert.deepEqual(removed, []);
  });

  it("has the session that writes most ended when nothing else helps, one in a minute", async () => {
    const { keeper, ended, told } = aDisk(3, { old: 0.5 });
    await keeper.look();
    await keeper.look();
    assert.deepEqual(ended, [3]);
    assert.deepEqual(told, [3]);
  });

  it("keeps in a file which images it has brought, and when they were used last", async () => {
    const folder = await temporaryFolder("ledger");
    stops.add(() => folder.remove());
    const file = join(folder.path, "images.json");
    const ledger = new ImageLedger(file);
    ledger.used("theirs", false);
    ledger.used("pulled", true);
    ledger.used("built", true);
    ledger.used("gone", true);
    ledger.forget("gone");
    await ledger.settled();
    const again = new ImageLedger(file);
    assert.deepEqual(
      again.oldest().map(({ id }) => id),
      ["pulled", "built"],
    );
    await writeFile(file, "{ half");
    assert.deepEqual(new ImageLedger(file).oldest(), []);
  });

  it("loses the workspace unused for longest, and never one that a session has", async () => {
    const folder = await temporaryFolder("slots");
    stops.add(() => folder.remove());
    const slots = new Slots(folder.path);
    const wish = { project: "shop", trust: "trusted", workspace: null };
    const one = await slots.take({ ...wish, ref: "a" });
    const two = await slots.take({ ...wish, ref: "b" });
    assert.equal(await slots.dropOldest(), null);
    await slots.giveBack(two, "b", true);
    assert.equal(await slots.dropOldest(), two.name);
    assert.equal(await slots.dropOldest(), null);
    await slots.giveBack(one, "a", true);
    assert.equal(await slots.dropOldest(), one.name);
  });

  it("has the agent that has written most ended by the runner, which says why, and the others go on", async function () {
    this.timeout(120_000);
    let gib = 50;
    const world = await startWorld({ freeDisk: async () => ofHundred(gib) });
    stops.add(() => world.stop());
    const [small, large] = [new TestSession(world), new TestSession(world)];
    for (const session of [small, large]) await session.begin({ project: session.id });
    const step = large.exec("head -c 30000000 /dev/zero > /large; echo written; sleep 600");
    await until("it has written", () => world.server.log(step).includes("written"));
    gib = 3;
    // Its look comes every ten seconds, and at each start.
    await world.restart();
    const lost = await until("an agent is lost", () =>
      world.server.events.find((event) => event.type === "lost"),
    );
    assert.equal(lost.session, large.id);
    assert.ok(lost.type === "lost");
    assert.equal(lost.failure.code, "no_space");
    assert.equal(lost.failure.fault, "sluice");
    assert.match(lost.failure.message, /3 % of the runner's disk is free, and this agent has written most/);
    await until("its step has ended", () => world.server.hasOutcome(step));
    assert.match((await small.sh("echo alive")).log, /alive/);
    await small.close();
  });

  it("loses an image of an engine with all its names, and not one of which there is a container", async function () {
    this.timeout(120_000);
    const folder = await temporaryFolder("image");
    stops.add(() => folder.remove());
    const ledger = new ImageLedger(join(folder.path, "images.json"));
    const engine = new Engine(engineAddress());
    stops.add(async () => engine.close());
    const images = new Images(engine, (id, made) => ledger.used(id, made));
    const source = join(folder.path, "source");
    await mkdir(source);
    const mark = randomBytes(6).toString("hex");
    await writeFile(join(source, "Dockerfile"), `FROM scratch\nLABEL mark=${mark}\nCMD ["none"]\n`);
    const id = await images.build(
      {
        context: await buildContext({ root: source, parts: [] }, "Dockerfile"),
        dockerfile: "Dockerfile",
        tags: [`disk-${mark}:1`, `disk-${mark}:2`],
        buildArgs: {},
        labels: {},
        target: null,
        pull: false,
        noCache: false,
        network: "default",
        platform: null,
        cacheFrom: [],
        logins: [],
      },
      () => {},
      new AbortController().signal,
    );
    assert.deepEqual(
      ledger.oldest().map((entry) => entry.id),
      [id],
    );
    const container = await dockerForTests().createContainer({ Image: id });
    try {
      assert.equal(await images.remove(id), false);
    } finally {
      await container.remove({ force: true });
    }
    assert.equal((await images.inspect(id))?.tags.length, 2);
    assert.equal(await images.remove(id), true);
    assert.equal(await images.inspect(id), null);
    await ledger.settled();
  });
});
