import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, describe, it } from "mocha";
import { createBuildFiles, openConsole } from "../../../server/builds/console.ts";
import { createStepLogs } from "../../../server/builds/logs.ts";
import { smallDisk } from "../../support/services/small-disk.ts";
import { createStops } from "../../support/stops.ts";

const DISK_BYTES = 1024 * 1024;
/** Two pages of the memory that the disk is made of: of what is written next, a part fits. */
const ROOM_BYTES = 8 * 1024;

describe("the files of a build on a disk that fills up", () => {
  const stops = createStops();
  afterEach(() => stops.all());

  async function aFullDisk() {
    const disk = await smallDisk(DISK_BYTES);
    stops.add(() => disk.remove());
    await disk.fill(ROOM_BYTES);
    return disk;
  }

  it("have a log without gap or repeat when the rest of it is sent again", async () => {
    const disk = await aFullDisk();
    const files = createBuildFiles(disk.path);
    const logs = createStepLogs(files, () => 0);
    const bytes = Buffer.from(Array.from({ length: 4000 }, (_, at) => `number ${at + 1}\n`).join(""));
    await assert.rejects(logs.write(1, 1, 0, bytes), /ENOSPC/u);
    await disk.empty();
    const stored = await logs.write(1, 1, 0, bytes);
    assert.deepEqual(stored, { kind: "stored", length: bytes.length });
    assert.ok(bytes.equals(await readFile(files.logOf(1, 1))));
  });

  it("have a console that is whole or not written, never a part that counts as all", async () => {
    const disk = await aFullDisk();
    const files = createBuildFiles(disk.path);
    const console = await openConsole(files.consoleOf(1), 0);
    const marks = [{ no: 1, kind: "text" as const, text: "x".repeat(64 * 1024), stepNo: null }];
    await assert.rejects(console.append(marks), /ENOSPC/u);
    await disk.empty();
    const length = await console.append(marks);
    assert.equal((await readFile(files.consoleOf(1))).length, length);
  });
});
