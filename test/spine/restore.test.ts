import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import { z } from "zod";
import { Manifest } from "../../server/upkeep/archive.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const SLUICE = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
const run = promisify(execFile);
const ENDLESS =
  "node { docker.image('sluice-demo/busybox:1').inside { sh 'while :; do echo on; sleep 0.2; done' } }\n";
const SHORT = "node { docker.image('sluice-demo/busybox:1').inside { sh 'echo short' } }\n";
const Ready = z.object({ ready: z.boolean(), checks: z.array(z.object({ name: z.string() })) });
const Checklist = z.object({ items: z.array(z.object({ name: z.string(), ok: z.boolean() })) });

describe("a server restored from a backup", function () {
  this.timeout(360_000);
  let spine: Spine;
  beforeEach(async () => {
    spine = await startSpine();
  });
  afterEach(async () => await spine?.stop());

  it("starts nothing until that is ended, leaves no agent of before running, and then builds on", async () => {
    const { server } = spine;
    const { api, dataFolder } = server;
    await spine.push("Endless", { Jenkinsfile: ENDLESS });
    const lost = await api.build(PROJECT, 1);
    await until("its command runs", async () => /^on$/mu.test(await api.console(lost.id)), {
      deadlineMs: 120_000,
    });
    const file = join(dirname(dataFolder), "one.tar");
    const env = {
      ...process.env,
      DATABASE_URL: "",
      SLUICE_CONFIG: "",
      SLUICE_KEY_FILE: "",
      SLUICE_DATA: dataFolder,
    };
    await run(process.execPath, [SLUICE, "backup", file], { env });
    const { stdout } = await run("tar", ["-xOf", file, "backup.json"]);
    const { instance } = Manifest.parse(JSON.parse(stdout)).facts;
    const agents = async (): Promise<number> => {
      const filters = { label: [`sluice.instance=${instance ?? ""}`] };
      return (await dockerForTests().listContainers({ filters })).length;
    };
    process.kill(server.pid(), "SIGTERM");
    await server.ended();
    assert.ok((await agents()) > 0, "the step runs on without its server");
    const back = join(dirname(dataFolder), "back");
    await run(
      process.execPath,
      [SLUICE, "restore", file, "--to", back, "--key", join(dataFolder, "secret.key")],
      {
        env,
      },
    );
    await rm(dataFolder, { recursive: true, force: true });
    await rename(back, dataFolder);
    await server.restart();

    const build = await api.build(PROJECT, 1);
    assert.deepEqual([build.id, build.state, build.reason?.code], [lost.id, "failed", "restored"]);
    const ready = Ready.parse(await (await fetch(`${server.url}/readyz`)).json());
    assert.ok(ready.checks.some(({ name }) => name === "safe-mode"));
    const checklist = Checklist.parse((await api.ask("GET", "/checklist")).json());
    assert.deepEqual(checklist.items[0], { ...checklist.items[0], name: "safe-mode", ok: false });
    await spine.push("Short", { Jenkinsfile: SHORT });
    const held = await until("the push is a build that waits", async () => {
      const found = await api.ask("GET", `/projects/${PROJECT}/builds?limit=5`);
      const { items } = z
        .object({
          items: z.array(z.object({ number: z.number(), state: z.string(), waits: z.array(z.unknown()) })),
        })
        .parse(found.json());
      const [newest] = items;
      return newest !== undefined && newest.number > 1 && newest.waits.length > 0 ? newest : undefined;
    });
    assert.ok(held.number > 1000, `${held.number}`);
    assert.equal(held.state, "queued");
    assert.match(JSON.stringify(held.waits), /this server was restored from a backup and starts nothing/);
    const ended = await api.ask("POST", "/safe-mode/end");
    assert.equal(ended.status, 200, ended.text);
    const after = await api.buildEnded(PROJECT, held.number);
    assert.equal(after.state, "succeeded", await api.console(after.id));
    // The runner looks for leftovers once a minute.
    await until("no agent of before is left", async () => (await agents()) === 0, { deadlineMs: 180_000 });
  });
});
