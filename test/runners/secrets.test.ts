import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";
import { until } from "../support/services/until.ts";

const value = "hunter2-Sekret/+";

describe("secrets of a step", function () {
  this.timeout(180_000);
  let world: World;
  let session: TestSession;

  before(async () => {
    world = await startWorld();
    world.server.secrets.set("token@1", { value, mask: true });
    world.server.secrets.set("user@1", { value: "deployer", mask: false });
    session = new TestSession(world);
    await session.begin();
  });
  after(async () => {
    await world.stop();
  });

  it("are variables of the step, masked in its log and in later ones", async () => {
    const secrets = [
      { ref: "token@1", variable: "TOKEN", as: "value", fileName: null },
      { ref: "user@1", variable: "USERNAME", as: "value", fileName: null },
    ] as const;
    const step = await session.sh(
      '#!/bin/sh\necho "$USERNAME:$TOKEN"; printf %s "$TOKEN" | base64; echo "$TOKEN" >kept\n',
      {
        secrets: [...secrets],
      },
    );
    assert.equal(step.log, "deployer:****\n****\n");
    const later = await session.sh('#!/bin/sh\ncat kept; echo "[$TOKEN]"\n');
    assert.equal(later.log, "****\n[]\n");
  });

  it("are masked however the script's writes are cut", async () => {
    const script = [
      "#!/bin/sh",
      ...Array.from(value).map((c) => `printf %s '${c}'; sleep 0.01`),
      "echo",
      "echo end",
    ].join("\n");
    assert.equal((await session.sh(script)).log, "****\nend\n");
  });

  it("are readable files of the container's user, outside the workspace, gone with the step", async () => {
    const secrets = [{ ref: "token@1", variable: "FILE", as: "file", fileName: "key.pem" }] as const;
    const step = await session.sh(
      '#!/bin/sh\ncat "$FILE"; stat -c "%a %u" "$FILE"; basename "$FILE"; touch "$FILE"x 2>&1 || echo read-only\n',
      {
        secrets: [...secrets],
      },
    );
    assert.match(step.log, /^\*\*\*\*400 0\nkey\.pem\n.*\nread-only\n$/);
    const inputs = await readdir(world.memoryFolder);
    await until("no secret file is left", async () => {
      for (const name of inputs) {
        const folder = path.join(world.memoryFolder, name, session.id, "main", "f");
        try {
          if ((await readdir(folder)).length > 0) return false;
        } catch {
          continue;
        }
      }
      return true;
    });
    for (const name of inputs)
      assert.equal((await stat(path.join(world.memoryFolder, name))).mode & 0o077, 0);
  });

  it("that are revoked end the step before it begins, naming them", async () => {
    const id = session.exec("true\n", {
      secrets: [{ ref: "gone@7", variable: "X", as: "value", fileName: null }],
    });
    const outcome = await world.server.outcome(id);
    assert.ok(!outcome.ok);
    assert.equal(outcome.failure.code, "secret_gone");
    assert.match(outcome.failure.message, /gone@7/);
  });

  it("are fetched again by a new runner process, and still masked", async () => {
    await world.restart();
    const step = await session.sh("#!/bin/sh\ncat kept\n");
    assert.equal(step.log, "****\n");
  });

  it("do not stay in the files of ended steps", async () => {
    const step = await session.sh("true\n", {
      secrets: [{ ref: "token@1", variable: "TOKEN", as: "value", fileName: null }],
    });
    assert.equal(step.exit, 0);
    const left = await session.sh(
      '#!/bin/sh\ngrep -rl "hunter2" /.sluice/s/in 2>/dev/null | grep -v "^$0$" | grep -vF "${0##*/}" || echo none\n',
    );
    assert.equal(left.log, "none\n");
  });
});
