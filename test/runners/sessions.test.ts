import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { dockerForTests } from "../support/services/docker.ts";
import { until } from "../support/services/until.ts";
import { NO_ARGS, NO_LIMITS, TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const docker = dockerForTests();

describe("agent sessions", function () {
  this.timeout(180_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(async () => {
    await world.stop();
  });

  async function containersOf(session: TestSession): Promise<{ Id: string; State: string }[]> {
    return docker.listContainers({ all: true, filters: { label: [`sluice.session=${session.id}`] } });
  }

  it("say what the build is to know of its place and image", async () => {
    const session = new TestSession(world);
    const opening = session.open();
    const opened = expectOk(await world.server.outcome(opening));
    assert.equal(opened.of, "open");
    if (opened.of !== "open") return;
    assert.equal(opened.value.env["NODE_NAME"], "test-runner");
    assert.equal(opened.value.workspace, "/sluice/src");
    const entered = expectOk(await world.server.outcome(session.container({ env: { FROM_AGENT: "yes" } })));
    assert.ok(entered.of === "container");
    assert.match(entered.value.imageId, /^sha256:/);
    assert.equal(entered.value.user, "0:0");
    assert.equal(
      (await session.sh("#!/bin/sh\necho $FROM_AGENT; pwd; id -u\n")).log,
      "yes\n/sluice/src\n0\n",
    );
    await session.close();
  });

  it("leave nothing behind when they close", async () => {
    const session = new TestSession(world);
    await session.begin();
    await session.sh("echo x >file\n");
    assert.equal((await containersOf(session)).length, 1);
    await session.close();
    assert.equal((await containersOf(session)).length, 0);
    assert.ok(!(await readdir(path.join(world.dataFolder, "sessions"))).includes(session.id));
  });

  it("of two builds go on side by side and cannot reach each other", async () => {
    const [one, two] = [new TestSession(world), new TestSession(world)];
    await Promise.all([one.begin(), two.begin()]);
    const [first, second] = await Promise.all([
      one.sh("#!/bin/sh\necho one >me; sleep 0.2; cat me\n"),
      two.sh("#!/bin/sh\necho two >me; sleep 0.2; cat me\n"),
    ]);
    assert.equal(first.log + second.log, "one\ntwo\n");
    const [container] = await containersOf(two);
    const facts = await docker.getContainer(container?.Id ?? "").inspect();
    const address = Object.values(facts.NetworkSettings.Networks)[0]?.IPAddress ?? "";
    assert.match(address, /^\d+\./);
    const server = two.exec("#!/bin/sh\necho up; nc -l -p 7000 </dev/null\n");
    await until("a server listens", () => world.server.log(server).includes("up"));
    const reach = await one.sh(`#!/bin/sh\nnc -w 2 ${address} 7000 </dev/null && echo reached || echo no\n`);
    assert.match(reach.log, /no\n$/);
    await Promise.all([one.close(), two.close()]);
  });

  it("keep a workspace for the next build of the project", async () => {
    const first = new TestSession(world);
    await first.begin({ project: "acme/kept" });
    await first.sh("echo kept >file\n");
    await first.close();
    const second = new TestSession(world);
    await second.begin({ project: "acme/kept" });
    assert.equal((await second.sh("#!/bin/sh\ncat file\n")).log, "kept\n");
    await second.close();
    const untrusted = new TestSession(world);
    await untrusted.begin({ project: "acme/kept", trust: "untrusted", profile: "untrusted" });
    assert.equal(
      (await untrusted.sh("#!/bin/sh\nls; id -u; touch /etc/x 2>&1; grep CapEff /proc/self/status\n")).log,
      "10001\ntouch: /etc/x: Read-only file system\nCapEff:\t0000000000000000\n",
    );
    await untrusted.close();
  });

  it("run as the image's own user, who owns the workspace and has a home", async () => {
    const session = new TestSession(world);
    const ready = await session.begin({ project: "acme/user" }, { args: { ...NO_ARGS, user: "1234:1234" } });
    assert.equal(ready.user, "1234:1234");
    const step = await session.sh(
      '#!/bin/sh\nid -u; touch file; stat -c %u file; touch "$HOME/x" && echo home\n',
    );
    assert.equal(step.log, "1234\n1234\nhome\n");
    await session.close();
  });

  it("tell a step that ran out of memory from one that was killed", async () => {
    const session = new TestSession(world);
    await session.begin({ limits: { ...NO_LIMITS, memoryBytes: 64 * 1024 * 1024 } });
    const hungry = await session.sh("#!/bin/sh\nhead -c 200000000 /dev/zero | tail >/dev/null; exit $?\n");
    const killed = await session.sh("#!/bin/sh\nkill -9 $$\n");
    assert.equal(killed.exit, 137);
    assert.equal(killed.oom, false);
    // An engine that keeps no memory accounts ends the step normally.
    assert.ok(hungry.oom || hungry.exit === 0, JSON.stringify(hungry));
    await session.close();
  });

  it("have services that are found by name, on a network of their own", async () => {
    const session = new TestSession(world);
    await session.begin();
    const service = session.container({
      name: "db",
      role: "service",
      command: ["/bin/sh", "-c", "echo hello from db | nc -l -p 5432"],
      args: { ...NO_ARGS, aliases: ["postgres"] },
    });
    expectOk(await world.server.outcome(service));
    const step = await session.sh(
      "#!/bin/sh\nfor i in $(seq 100); do nc postgres 5432 </dev/null && break; sleep 0.1; done\n",
    );
    assert.equal(step.log.split("\n").at(-2), "hello from db");
    expectOk(await session.run({ id: session.command(), type: "drop", container: "db" }));
    assert.equal((await containersOf(session)).length, 1);
    await session.close();
    const networks = await docker.listNetworks({ filters: { label: [`sluice.session=${session.id}`] } });
    assert.equal(networks.length, 0);
  });

  it("run steps in a second container that shares the workspace", async () => {
    const session = new TestSession(world);
    await session.begin();
    expectOk(await world.server.outcome(session.container({ name: "tool", role: "inside" })));
    await session.sh("echo shared >file\n");
    assert.equal(
      (await session.sh("#!/bin/sh\ncat file; hostname\n", { container: "tool" })).log.split("\n")[0],
      "shared",
    );
    await session.close();
  });

  it("are parked and go on with their files, without their processes", async () => {
    const session = new TestSession(world);
    await session.begin();
    await session.sh("#!/bin/sh\necho a >/root/inside; echo b >file; sleep 9999 &\n");
    expectOk(await session.run({ id: session.command(), type: "park" }));
    assert.deepEqual(
      (await containersOf(session)).map((one) => one.State),
      ["exited"],
    );
    await world.restart();
    expectOk(await session.run({ id: session.command(), type: "unpark" }));
    const step = await session.sh("#!/bin/sh\ncat /root/inside file; ps | grep -c 'sleep 999[9]'\n");
    assert.equal(step.log, "a\nb\n0\n");
    await session.close();
  });

  it("are lost with their container: open steps end first, then the session", async () => {
    const session = new TestSession(world);
    await session.begin();
    const step = session.exec("#!/bin/sh\necho running\nsleep 300\n");
    await until("the step runs", () => world.server.log(step).includes("running"));
    const [container] = await containersOf(session);
    await docker.getContainer(container?.Id ?? "").kill();
    const outcome = await world.server.outcome(step);
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "container_exited");
    await until("the session is lost", () =>
      world.server.events.some((event) => event.type === "lost" && event.session === session.id),
    );
    const next = await world.server.outcome(session.exec("true\n"));
    assert.ok(!next.ok);
    await session.close();
  });

  it("whose container vanished while the runner was away end their steps truly", async () => {
    const session = new TestSession(world);
    await session.begin();
    const over = session.exec("#!/bin/sh\necho done\nexit 3\n");
    const open = session.exec("#!/bin/sh\necho running\nsleep 300\n");
    await session.ended(over);
    await until("the step runs", () => world.server.log(open).includes("running"));
    await world.runner.stop();
    const [container] = await containersOf(session);
    await docker.getContainer(container?.Id ?? "").remove({ force: true });
    await world.start();
    const outcome = await world.server.outcome(open);
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "container_gone");
    await session.close();
  });

  it("that the server refuses are removed without waiting for their logs", async () => {
    const session = new TestSession(world);
    await session.begin();
    const step = session.exec("#!/bin/sh\nwhile :; do echo flood; done\n");
    await until("the step writes", () => world.server.log(step).length > 0);
    world.server.refuse(session.id);
    session.exec("true\n");
    await until("the containers are gone", async () => (await containersOf(session)).length === 0);
  });

  it("are taken up or removed after a hello, as the server says", async () => {
    const [kept, gone] = [new TestSession(world), new TestSession(world)];
    await Promise.all([kept.begin(), gone.begin()]);
    await world.runner.stop();
    world.server.raiseFence(gone.id);
    await world.start();
    await until("the older placement is removed", async () => (await containersOf(gone)).length === 0);
    assert.equal((await kept.sh("echo on\n")).exit, 0);
    await kept.close();
  });

  it("refuse what no build may have, in words", async () => {
    const session = new TestSession(world);
    expectOk(await world.server.outcome(session.open()));
    const socket = await world.server.outcome(
      session.container({ args: { ...NO_ARGS, dockerSocket: true } }),
    );
    assert.ok(!socket.ok);
    assert.equal(socket.failure.code, "refused");
    const proc = await world.server.outcome(
      session.container({ args: { ...NO_ARGS, tmpfs: ["/proc/x"] }, name: "p" }),
    );
    assert.ok(!proc.ok && proc.failure.fault === "file");
    const image = await world.server.outcome(
      session.container({ image: "nowhere.invalid/none:1", name: "i" }),
    );
    assert.ok(!image.ok && image.failure.code === "image_missing");
    await session.close();
  });

  it("of an unknown id answer at once", async () => {
    const session = new TestSession(world);
    const step = await world.server.outcome(session.exec("true\n"));
    assert.ok(!step.ok && step.failure.code === "session_unknown");
    await session.close();
  });

  it("drain: no new place is offered, and the end of the last one is told", async () => {
    const session = new TestSession(world);
    await session.begin();
    const drained = world.runner.drain();
    await until("the hello says so", () => world.server.hellos.at(-1)?.draining === true);
    await world.server.connected();
    await session.close();
    await drained;
    await world.restart();
  });
});
