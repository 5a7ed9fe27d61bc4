import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("steps in a container", function () {
  this.timeout(180_000);
  let world: World;
  let session: TestSession;

  before(async () => {
    world = await startWorld();
    session = new TestSession(world);
    await session.begin();
  });
  after(async () => {
    await world.stop();
  });

  it("gives a script's output and exit code", async () => {
    const step = await session.sh("echo hello\nexit 3\n");
    assert.equal(step.exit, 3);
    assert.equal(step.log, "+ echo hello\nhello\n+ exit 3\n");
  });

  it("appends what steps print to files of the workspace, one step at a time", async () => {
    const tees = ["/sluice/src/deep/all.txt", "/sluice/tmp/other.txt"];
    const first = await session.sh("#!/bin/sh\nprintf one; echo err >&2; exit 4\n", { tees });
    assert.deepEqual([first.exit, first.log], [4, "oneerr\n"]);
    const scripts = ["two", "three"].map((word) =>
      session.sh(`#!/bin/sh\nseq 1 20000 | sed 's/$/ ${word}/'\n`, { tees }),
    );
    const [two, three] = await Promise.all(scripts);
    for (const file of tees) {
      const { log } = await session.sh(`#!/bin/sh\ncat ${file}\n`);
      const [a, b] = [two?.log ?? "", three?.log ?? ""];
      assert.ok(log === `oneerr\n${a}${b}` || log === `oneerr\n${b}${a}`, file);
    }
    const owned = await session.sh("#!/bin/sh\n[ -O /sluice/src/deep/all.txt ] && echo mine\n");
    assert.equal(owned.log, "mine\n");
  });

  it("says why a file cannot be written to beside a log that is whole", async () => {
    await session.sh("mkdir -p /sluice/src/there; ln -sfn /etc/passwd /sluice/src/link\n");
    for (const [file, code] of [
      ["/sluice/src/there", /path_refused/],
      ["/sluice/src/link", /path_refused/],
      ["/etc/motd", /path_refused/],
    ] as const) {
      const id = session.exec("#!/bin/sh\necho printed\n", { tees: [file] });
      const outcome = await world.server.outcome(id);
      assert.ok(!outcome.ok, file);
      assert.match(outcome.failure.code, code);
      assert.equal(world.server.log(id), "printed\n");
    }
  });

  it("keeps the order of stdout and stderr and bytes that are no text", async () => {
    const step = await session.sh(
      "#!/bin/sh\nfor i in 1 2 3; do echo out$i; echo err$i >&2; done\nprintf '\\377\\000x'\n",
    );
    const raw = world.server.logs.get([...world.server.logs.keys()].at(-1) ?? "") ?? Buffer.alloc(0);
    assert.equal(step.exit, 0);
    assert.equal(raw.subarray(-3).toString("hex"), "ff0078");
    assert.ok(raw.toString("latin1").startsWith("out1\nerr1\nout2\nerr2\nout3\nerr3\n"));
  });

  it("loses nothing to a script that opens its own stdout again", async () => {
    const step = await session.sh(
      "#!/bin/sh\necho a\necho b | tee /dev/stderr >/dev/null\necho c >/dev/stdout\necho d\n",
    );
    assert.equal(step.log, "a\nb\nc\nd\n");
  });

  it("obeys a first line that names an interpreter, and says what is missing", async () => {
    assert.equal((await session.sh("#!/bin/sh -e\nfalse\necho not reached\n")).log, "");
    assert.equal((await session.sh("#!/bin/nothing\n")).exit, 127);
    const away = await session.sh("true\n", { cwd: "/sluice/src/missing" });
    assert.equal(away.exit, 126);
    assert.match(away.log, /missing/);
  });

  it("runs an argument list without a shell, looked up in PATH", async () => {
    const argv = { kind: "argv" as const, argv: ["printf", "%s|", "a b", "$HOME", "'"] };
    assert.equal((await session.sh("", { run: argv })).log, "a b|$HOME|'|");
    const missing = await session.sh("", { run: { kind: "argv", argv: ["no-such-program"] } });
    assert.equal(missing.exit, 127);
    assert.match(missing.log, /no-such-program: not found/);
  });

  it("gives a script exactly the environment it was sent", async () => {
    const env = {
      PLAIN: 'it\'s "quoted" $HOME `x` \\ end',
      EMPTY: "",
      LINES: "one\ntwo\n\n",
      UNICODE: "ключ 密钥",
      "dotted.name": "odd",
      IFS: ":",
      OPTIND: "x",
    };
    const step = await session.sh(`#!/bin/sh\ntr '\\0' '@' </proc/self/environ\n`, {
      env,
      run: { kind: "argv", argv: ["cat", "/proc/self/environ"] },
    });
    const got = new Map(
      step.log
        .split("\0")
        .filter((entry) => entry !== "")
        .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)] as const),
    );
    for (const [name, value] of Object.entries(env)) assert.equal(got.get(name), value, name);
    for (const name of got.keys()) assert.doesNotMatch(name, /^_sl|^DOCKER|^npm|^SLUICE_(?!STEP)/);
    const removed = await session.sh("#!/bin/sh\nenv | grep -c '^PATH=' || true\n", { env: { PATH: null } });
    assert.match(removed.log, /^(0|1)\n$|not found/);
  });

  it("ends with 126 and words where a value is too long for the kernel", async () => {
    const step = await session.sh("true\n", { env: { HUGE: "x".repeat(140 * 1024) } });
    assert.equal(step.exit, 126);
    assert.match(step.log, /too long/i);
  });

  it("takes a script's own quirks as they are", async () => {
    assert.equal((await session.sh("#!/bin/sh\nkill -9 $$\n")).exit, 137);
    assert.equal((await session.sh("#!/bin/sh\nexec </dev/null; cat\n")).exit, 0);
    const quiet = await session.sh("#!/bin/sh\nyes | head -n 1\n");
    assert.equal(quiet.log, "y\n");
    assert.equal((await session.sh("")).exit, 0);
  });

  it("ends a step with its script though a background process holds the output", async () => {
    const step = await session.sh("#!/bin/sh\n(sleep 300; echo late) &\necho done\n");
    assert.equal(step.exit, 0);
    assert.equal(step.log, "done\n");
  });

  it("returns what a step printed, apart from its log", async () => {
    const step = await session.sh("echo value\necho note >&2\n", { capture: "stdout" });
    assert.deepEqual(step.out, { kind: "text", text: "value\n" });
    assert.equal(step.log, "+ echo value\n+ echo note\nnote\n");
    const odd = await session.sh("#!/bin/sh\nprintf 'a\\377b'\n", { capture: "stdout" });
    assert.deepEqual(odd.out, { kind: "text", text: "a\uFFFDb" });
    const failed = await session.sh("#!/bin/sh\necho x; exit 4\n", { capture: "stdout" });
    assert.equal(failed.exit, 4);
  });

  it("stores large captured output as a blob and refuses what is larger still", async () => {
    const step = await session.sh("#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' a\n", {
      capture: "stdout",
    });
    assert.equal(step.out?.kind, "blob");
    if (step.out?.kind !== "blob") return;
    assert.equal(world.server.blobs.get(step.out.blob)?.length, 3_000_000);
    const id = session.exec("#!/bin/sh\nhead -c 40000000 /dev/zero\n", { capture: "stdout" });
    const outcome = await world.server.outcome(id);
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "limit");
  });

  it("runs many steps at once, each with its own log", async () => {
    const steps = await Promise.all(
      Array.from({ length: 20 }, (_none, i) =>
        session.sh(`#!/bin/sh\nfor k in 1 2 3 4 5; do echo ${String(i)}-$k; done\nexit ${String(i)}\n`),
      ),
    );
    for (const [i, step] of steps.entries()) {
      assert.equal(step.exit, i);
      assert.equal(step.log, [1, 2, 3, 4, 5].map((k) => `${String(i)}-${String(k)}\n`).join(""));
    }
  });

  it("carries a flood whole", async () => {
    const step = await session.sh("#!/bin/sh\nseq 1 1500000\n");
    const log = world.server.logs.get([...world.server.logs.keys()].at(-1) ?? "") ?? Buffer.alloc(0);
    assert.equal(step.exit, 0);
    const lines = log.toString("latin1").split("\n");
    assert.equal(lines.length, 1_500_001);
    assert.ok(lines.slice(0, -1).every((line, i) => Number(line) === i + 1));
  });

  it("says so when the waiter is killed, and invents no code", async () => {
    const id = session.exec("#!/bin/sh\nread -r _ _ _ parent _ </proc/self/stat\nkill -9 $parent\nsleep 1\n");
    const outcome = await world.server.outcome(id);
    assert.ok(!outcome.ok, JSON.stringify(outcome));
    assert.equal(outcome.failure.code, "exit_lost");
  });

  it("does a command once, however often it comes", async () => {
    const id = session.exec("#!/bin/sh\necho x >>/sluice/src/count\n");
    await session.ended(id);
    world.server.repeat([id]);
    await session.sh("true\n");
    world.server.repeat([id]);
    const count = await session.sh("#!/bin/sh\nwc -l </sluice/src/count\n");
    assert.equal(count.log.trim(), "1");
  });
});
