import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { NO_FAULTS } from "../../runners/faults.ts";
import { StepFollower } from "../../runners/step/follower.ts";
import { Supervised } from "../../runners/step/supervised.ts";
import { temporaryFolder } from "../support/services/folder.ts";

const NONCE = "sluice-0123456789abcdef";
const BYTES = 24 * 1024 * 1024;

describe("a runner that follows a step", () => {
  it("reads all that is there before it calls the end missing, however long that takes", async () => {
    const folder = await temporaryFolder("follower");
    const supervised = new Supervised({
      folder: folder.path,
      inFolder: join(folder.path, "in"),
      nonce: NONCE,
      faults: NO_FAULTS,
    });
    try {
      await mkdir(join(folder.path, "out"));
      await mkdir(join(folder.path, "st"));
      await writeFile(join(folder.path, "st/1.pid"), "17\n");
      await writeFile(join(folder.path, "st/1.exit"), "5 0 end\n");
      const output = Buffer.concat([Buffer.alloc(BYTES, "x"), Buffer.from(`${NONCE}-1 5 0\n`)]);
      await writeFile(join(folder.path, "out/1.out.0"), output);
      let taken = 0;
      const follower = new StepFollower({
        supervised,
        n: 1,
        capture: false,
        sink: { take: (chunk) => void (taken += chunk.length), full: false },
        from: { segment: 0, offset: 0 },
        raw: 0,
      });
      follower.start();
      // Seconds pass while it has only begun to read.
      for (let second = 0; second < 10; second += 1) follower.look();
      assert.ok(taken < BYTES);
      assert.deepEqual(await follower.ended, { code: 5, oomKills: 0, incomplete: false, out: null });
      assert.equal(taken, BYTES);
    } finally {
      supervised.close();
      await folder.remove();
    }
  });
});
