import assert from "node:assert/strict";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { StateFile } from "../../runners/state.ts";
import { needlesFor } from "../../runners/mask.ts";
import { BEGINNING, DEFAULT_LOG_LIMITS, readCheckpoint, StepLog } from "../../runners/step-log.ts";
import { newSessionState } from "../../runners/session.ts";
import { smallDisk } from "../support/services/small-disk.ts";
import { until } from "../support/services/until.ts";
import { createStops } from "../support/stops.ts";
import { NO_LIMITS } from "./support/world.ts";

describe("what a runner writes down of a session", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("waits for room on a full disk, and is there then", async () => {
    const disk = await smallDisk(1024 * 1024);
    stops.add(() => disk.remove());
    const folder = join(disk.path, "b1.0_1");
    await mkdir(folder);
    const state = newSessionState({
      seq: 1,
      session: "b1.0_1",
      fence: 1,
      id: "b1.0_1",
      type: "open",
      build: "1",
      project: "shop",
      trust: "trusted",
      profile: "standard",
      nonce: "0123456789abcdef",
      scm: null,
      workspace: null,
      dockerApi: false,
      limits: NO_LIMITS,
    });
    await disk.fill(0).catch(() => {});
    let isSaved = false;
    const saved = new StateFile(folder).save(state).then(() => (isSaved = true));
    await until("a first try has failed", async () => (await readdir(folder)).includes("state.json.new"));
    assert.equal(isSaved, false);
    await disk.empty();
    await saved;
    assert.deepEqual(JSON.parse(await readFile(join(folder, "state.json"), "utf8")), state);
  });
});

describe("the place up to which a step's log is stored", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("stays where it was on a full disk, whatever is stored meanwhile, and is written when there is room", async () => {
    const disk = await smallDisk(64 * 1024);
    stops.add(() => disk.remove());
    const file = join(disk.path, "1.json");
    let stored = 0;
    const done: number[] = [];
    const log = new StepLog({
      put: async (at, bytes) => {
        stored = at + bytes.length;
        return { kind: "stored", stored };
      },
      needles: needlesFor([]),
      file,
      limits: DEFAULT_LOG_LIMITS,
      checkpoint: BEGINNING,
      tee: null,
    });
    log.onDone = (segment) => done.push(segment);
    const take = async (segment: number): Promise<void> => {
      const raw = (segment + 1) * 10;
      log.take(Buffer.from("012345678\n"), { raw, held: 0, position: { segment, offset: 10 } });
      await until(`${raw} bytes are stored`, () => stored === raw);
    };
    await take(0);
    await disk.fill(0).catch(() => {});
    await take(1);
    await take(2);
    assert.deepEqual([done, log.from], [[], BEGINNING]);
    assert.deepEqual(readCheckpoint(file), BEGINNING);
    await disk.empty();
    await take(3);
    await log.end();
    assert.equal(done.at(-1), 3);
    assert.deepEqual(readCheckpoint(file), log.from);
    assert.equal(log.from.raw, 40);
  });
});
