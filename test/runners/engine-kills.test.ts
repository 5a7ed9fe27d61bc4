import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, it } from "mocha";
import { startSecondEngine } from "../support/services/second-engine.ts";
import type { SecondEngine } from "../support/services/second-engine.ts";
import { until } from "../support/services/until.ts";
import { createStops } from "../support/stops.ts";
import { TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** Says 150 lines and ends with 7; goes on behind lines 50 and 100 only when it is told. */
const COUNTING = `#!/bin/sh
i=1
while [ $i -le 150 ]; do
  echo "line $i"
  case $i in 50|100) until [ -e /sluice/src/go-$i ]; do sleep 0.05; done ;; esac
  i=$((i + 1))
done
exit 7
`;
const ALL = linesTo(150);

describe("a Docker daemon that ends while steps run", function () {
  this.timeout(300_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function begun(options: { liveRestore: boolean }): Promise<{ engine: SecondEngine; world: World }> {
    const engine = await startSecondEngine(options);
    stops.add(() => engine.stop());
    const world = await startWorld({ dockerHost: engine.address });
    stops.add(() => world.stop());
    return { engine, world };
  }

  /** A session in a workspace of its own, with the counting step at its line 50. */
  async function counting(world: World, project: string) {
    const session = new TestSession(world);
    const { slot } = await opened(session, project);
    const id = session.exec(COUNTING);
    await until("line 50 is stored", () => world.server.log(id) === linesTo(50));
    const source = path.join(world.dataFolder, "slots", slot, "src");
    return { session, id, go: async (line: number) => await writeFile(path.join(source, `go-${line}`), "") };
  }

  async function opened(session: TestSession, project: string): Promise<{ slot: string }> {
    const before = await slotsOf(session.world);
    await session.begin({ project });
    const made = (await slotsOf(session.world)).filter((slot) => !before.includes(slot));
    assert.equal(made.length, 1);
    return { slot: made[0] ?? "" };
  }

  it("F37: kill point 12: with live-restore they go on: exit code and each line exactly once", async () => {
    const { engine, world } = await begun({ liveRestore: true });
    const { session, id, go } = await counting(world, "kept");
    await engine.kill();
    await go(50);
    await until("the step goes on without a daemon", () => world.server.log(id) === linesTo(100));
    const meanwhile = await session.sh("#!/bin/sh\necho begun without a daemon\n");
    assert.equal(meanwhile.log, "begun without a daemon\n");
    const late = new TestSession(world);
    late.open({ project: "late" });
    const entering = late.container();
    await until("an agent waits for the daemon", () =>
      world.server.log(entering).includes("The Docker Engine is away"),
    );
    await engine.startAgain();
    const entered = await world.server.outcome(entering);
    assert.ok(entered.ok, JSON.stringify(entered));
    assert.equal((await late.sh("exit 4\n")).exit, 4);
    await engine.shutDown();
    await engine.startAgain();
    await go(100);
    assert.equal((await session.ended(id)).exit, 7);
    assert.equal(world.server.log(id), ALL);
    assert.equal((await session.sh("exit 3\n")).exit, 3);
    for (const one of [late, session]) await one.close();
  });

  for (const how of ["kill", "shutDown"] as const)
    it(`${how === "kill" ? "F37" : "F36"}: kill point 12: without live-restore ${how === "kill" ? "SIGKILL and a start" : "SIGTERM"} ends them: a written code counts, else the agent is lost`, async () => {
      const { engine, world } = await begun({ liveRestore: false });
      const lost = await counting(world, "lost");
      const ended = await counting(world, "ended");
      // Ends while nobody looks: its code is in the files, and its container is stopped before anybody reads it.
      await world.runner.stop();
      for (const line of [50, 100]) await ended.go(line);
      await until("its code is written", () => hasExit(world, ended.session));
      await engine[how]();
      await engine.startAgain();
      await world.start();
      assert.equal((await ended.session.ended(ended.id)).exit, 7);
      assert.equal(world.server.log(ended.id), ALL);
      const outcome = await world.server.outcome(lost.id);
      assert.ok(!outcome.ok, "a code was made up");
      assert.deepEqual([outcome.failure.code, outcome.failure.fault], ["docker_daemon", "sluice"]);
      assert.equal(world.server.log(lost.id), linesTo(50));
      await until("the agent is given up", () => isLost(world, lost.session));
      for (const { session } of [lost, ended]) await session.close();
    });

  it("F36: the agent is lost by the daemon, not by the command, also when the runner sees it stop", async () => {
    const { engine, world } = await begun({ liveRestore: false });
    const { session, id } = await counting(world, "seen");
    await engine.shutDown();
    await engine.startAgain();
    const outcome = await world.server.outcome(id);
    assert.ok(!outcome.ok, "a code was made up");
    assert.deepEqual([outcome.failure.code, outcome.failure.fault], ["docker_daemon", "sluice"]);
    assert.equal(world.server.log(id), linesTo(50));
    await until("the agent is given up", () => isLost(world, session));
    // Nobody tells it to: a server closes no session that it was told is lost.
    const label = [`sluice.session=${session.id}`];
    await until("what it had is removed", async () => {
      const left = await engine.docker.listContainers({ all: true, filters: { label } });
      return left.length === 0;
    });
    await session.close();
  });
});

function linesTo(last: number): string {
  return Array.from({ length: last }, (_none, i) => `line ${String(i + 1)}\n`).join("");
}

async function slotsOf(world: World): Promise<string[]> {
  const root = path.join(world.dataFolder, "slots");
  const slots: string[] = [];
  for (const group of await readdir(root).catch(() => []))
    for (const slot of await readdir(path.join(root, group))) slots.push(path.join(group, slot));
  return slots;
}

function hasExit(world: World, session: TestSession): boolean {
  const folder = path.join(world.dataFolder, "sessions", session.id, "c/main/s/st");
  return (
    existsSync(folder) && [1, 2, 3, 4, 5].some((n) => existsSync(path.join(folder, `${String(n)}.exit`)))
  );
}

function isLost(world: World, session: TestSession): boolean {
  return world.server.events.some((event) => event.type === "lost" && event.session === session.id);
}
