import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, describe, it } from "mocha";
import { engineAddress } from "../support/services/docker.ts";
import { startChild } from "../support/services/process.ts";
import type { Child } from "../support/services/process.ts";
import { until } from "../support/services/until.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PROGRAM = fileURLToPath(new URL("support/runner-process.ts", import.meta.url));
const KILLS = Number(process.env["SLUICE_TEST_KILLS"] ?? "15");

describe("a runner that is killed", function () {
  this.timeout(900_000);
  let world: World;
  let child: Child | null = null;

  async function startProcess(): Promise<Child> {
    const options = {
      url: world.server.url,
      key: world.server.key,
      dataFolder: world.dataFolder,
      memoryFolder: world.memoryFolder,
      dockerHost: engineAddress(),
      agentImage: world.image,
    };
    child = await startChild(process.execPath, [PROGRAM, JSON.stringify(options)]);
    return child;
  }

  async function kill(): Promise<void> {
    await child?.stop("SIGKILL");
    child = null;
  }

  async function sourceFolder(): Promise<string> {
    const slots = path.join(world.dataFolder, "slots");
    const [group = ""] = await readdir(slots);
    const [slot = ""] = await readdir(path.join(slots, group));
    return path.join(slots, group, slot, "src");
  }

  before(async () => {
    world = await startWorld({ run: false });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed" && child !== null) process.stderr.write(child.output());
  });
  after(async () => {
    await kill();
    await world.stop();
  });

  it("kill point 10: at every line of a step of 100 lines: same log, same code", async () => {
    await startProcess();
    const session = new TestSession(world);
    await session.begin();
    const script = [
      "#!/bin/sh",
      "i=1",
      "while [ $i -le 100 ]; do",
      '  echo "line $i"',
      "  until [ -e /sluice/src/go-$i ]; do sleep 0.02; done",
      "  i=$((i + 1))",
      "done",
      "exit 42",
    ].join("\n");
    const id = session.exec(script);
    const source = await sourceFolder();
    for (let i = 1; i <= 100; i += 1) {
      await until(`line ${String(i)} is stored`, () => world.server.log(id).endsWith(`line ${String(i)}\n`));
      await kill();
      await startProcess();
      await writeFile(path.join(source, `go-${String(i)}`), "");
    }
    const step = await session.ended(id);
    assert.equal(step.exit, 42);
    assert.equal(
      world.server.log(id),
      Array.from({ length: 100 }, (_none, i) => `line ${String(i + 1)}\n`).join(""),
    );
    await session.close();
    await kill();
  });

  it(`at ${String(KILLS)} random instants among floods: no byte lost or repeated, every code right`, async () => {
    await startProcess();
    const session = new TestSession(world);
    await session.begin();
    world.server.secrets.set("s@1", { value: "line 77777 of", mask: true });
    let running: { id: string; exit: number; lines: number }[] = [];
    let begun = 0;
    let killed = 0;
    while (killed < KILLS) {
      while (running.length < 3) {
        begun += 1;
        const lines = [3, 2000, 400_000][begun % 3] ?? 3;
        const exit = begun % 200;
        const script = `#!/bin/sh\nseq 1 ${String(lines)} | sed 's/^/line /; s/$/ of ${String(begun)}/'\nsleep 0.2\necho end\nexit ${String(exit)}\n`;
        const secrets = [{ ref: "s@1", variable: "S", as: "value" as const, fileName: null }];
        const tees = [`/sluice/src/tee/${String(begun)}.txt`];
        running.push({ id: session.exec(script, { secrets, tees }), exit, lines });
      }
      await pause(Math.random() * 900);
      await kill();
      killed += 1;
      await startProcess();
      running = await settled(running, begun);
    }
    await Promise.all(running.map(async (step) => world.server.outcome(step.id)));
    await settled(running, begun);
    await session.close();
    await kill();

    async function settled(steps: typeof running, last: number): Promise<typeof running> {
      const open = [];
      for (const step of steps) {
        if (!world.server.hasOutcome(step.id)) {
          open.push(step);
          continue;
        }
        assert.equal((await session.ended(step.id)).exit, step.exit);
        const log = world.server.logs.get(step.id) ?? Buffer.alloc(0);
        const number = log.toString("latin1", 0, 40).split("\n")[0]?.split(" ").at(-1) ?? "";
        const wanted: string[] = [];
        for (let i = 1; i <= step.lines; i += 1)
          wanted.push(i === 77777 ? `**** ${number}\n` : `line ${String(i)} of ${number}\n`);
        const expected = Buffer.from(`${wanted.join("")}end\n`);
        assert.equal(log.length, expected.length, `step ${step.id} of ${String(last)}`);
        assert.equal(digest(log), digest(expected), step.id);
        const teed = await readFile(path.join(await sourceFolder(), "tee", `${number}.txt`));
        assert.equal(digest(teed), digest(expected), `what tee wrote of ${step.id}`);
        world.server.logs.delete(step.id);
      }
      return open;
    }
  });

  it("kill point 9: in each of a session's commands: containers are adopted, nothing is made twice", async () => {
    for (let round = 0; round < 6; round += 1) {
      await startProcess();
      await world.server.connected();
      const session = new TestSession(world);
      const opening = session.open();
      const entering = session.container();
      await pause(Math.random() * 400);
      await kill();
      await startProcess();
      expectOk(await world.server.outcome(opening));
      expectOk(await world.server.outcome(entering));
      const step = await session.sh("echo here\n");
      assert.equal(step.log, "+ echo here\nhere\n");
      const closing = session.command();
      session.send({ id: closing, type: "close" });
      await pause(Math.random() * 100);
      await kill();
      await startProcess();
      expectOk(await world.server.outcome(closing));
      await kill();
    }
  });

  it("while a step ends: the result is told by the next process", async () => {
    await startProcess();
    const session = new TestSession(world);
    await session.begin();
    const id = session.exec("#!/bin/sh\necho one\nsleep 1\necho two\nexit 6\n", { capture: "stdout" });
    const source = await sourceFolder();
    await until(
      "the step is under way",
      async () => (await readdir(path.dirname(source))).length > 0 && child !== null,
    );
    await pause(300);
    await kill();
    await pause(2000);
    await startProcess();
    const step = await session.ended(id);
    assert.equal(step.exit, 6);
    assert.deepEqual(step.out, { kind: "text", text: "one\ntwo\n" });
    await session.close();
  });
});

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
