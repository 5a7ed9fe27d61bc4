import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { NO_FAULTS } from "../../runners/faults.ts";
import { StepFollower } from "../../runners/step/follower.ts";
import { OUTPUT_LOST } from "../../runners/step/supervisor.ts";
import { Supervised } from "../../runners/step/supervised.ts";
import { createStops } from "../support/stops.ts";
import { temporaryFolder } from "../support/services/folder.ts";

const NONCE = "sluice-0123456789abcdef";
const END = `${NONCE}-1 5 0\n`;
const BYTES = 24 * 1024 * 1024;

describe("a runner that follows a step", () => {
  const stops = createStops();
  afterEach(() => stops.all());

  /** A session's folder in which step 1 has ended with 5 and left these files below `out/`. */
  async function anEndedStep(files: Readonly<Record<string, string | Buffer>>): Promise<Supervised> {
    const folder = await temporaryFolder("follower");
    stops.add(() => folder.remove());
    await mkdir(join(folder.path, "out"));
    await mkdir(join(folder.path, "st"));
    await writeFile(join(folder.path, "st/1.pid"), "17\n");
    await writeFile(join(folder.path, "st/1.exit"), "5 0 end\n");
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder.path, "out", name), content);
    const supervised = new Supervised({
      folder: folder.path,
      inFolder: join(folder.path, "in"),
      nonce: NONCE,
      faults: NO_FAULTS,
    });
    stops.add(async () => supervised.close());
    return supervised;
  }

  function follow(supervised: Supervised, capture: boolean, take: (chunk: Buffer) => void): StepFollower {
    const follower = new StepFollower({
      supervised,
      n: 1,
      capture,
      sink: { take, full: false },
      from: { segment: 0, offset: 0 },
      raw: 0,
    });
    follower.start();
    // Seconds pass while it has only begun to read.
    for (let second = 0; second < 10; second += 1) follower.look();
    return follower;
  }

  it("reads all that is there before it calls the end missing, however long that takes", async () => {
    const output = Buffer.concat([Buffer.alloc(BYTES, "x"), Buffer.from(END)]);
    let taken = 0;
    const follower = follow(await anEndedStep({ "1.out.0": output }), false, (chunk) => {
      taken += chunk.length;
    });
    assert.ok(taken < BYTES);
    assert.deepEqual(await follower.ended, { code: 5, oomKills: 0, incomplete: false, out: null });
    assert.equal(taken, BYTES);
  });

  it("gives a returned value that is whole", async () => {
    const supervised = await anEndedStep({ "1.out.0": END, "1.val.0": `v1.2\n${END}` });
    const { out } = await follow(supervised, true, () => {}).ended;
    assert.equal(out?.toString(), "v1.2\n");
  });

  for (const [what, files, failure] of [
    [
      "of which a full disk has taken a piece",
      { "1.val.0": "v1", "1.val.1": `${OUTPUT_LOST}\n${END}` },
      { code: "no_space", fault: "sluice" },
    ],
    ["whose end was never written", { "1.val.0": "v1." }, { code: "exit_lost", fault: "sluice" }],
  ] as const)
    it(`gives no returned value ${what}`, async () => {
      const supervised = await anEndedStep({ "1.out.0": what.includes("end") ? "" : END, ...files });
      const follower = follow(supervised, true, () => {});
      await assert.rejects(follower.ended, failure);
    });
});
