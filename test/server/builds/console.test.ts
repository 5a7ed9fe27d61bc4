import assert from "node:assert/strict";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, describe, it } from "mocha";
import { createBuildFiles, openConsole, readConsole } from "../../../server/builds/console.ts";
import type { BuildFiles, RecordedLogs } from "../../../server/builds/console.ts";
import { createStepLogs } from "../../../server/builds/logs.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { createStops } from "../../support/stops.ts";

const LOG = "one\ntwo\nthree\n";
const RECORDED: RecordedLogs = new Map([[1, LOG.length]]);

describe("the files of a build that were harmed", () => {
  const stops = createStops();
  afterEach(() => stops.all());

  /** A console with a step's log in its middle. */
  async function aBuild(): Promise<BuildFiles> {
    const folder = await temporaryFolder("console");
    stops.add(() => folder.remove());
    const files = createBuildFiles(folder.path);
    const console = await openConsole(files.consoleOf(1), 0);
    await console.append([
      { no: 1, kind: "text", text: "before", stepNo: null },
      { no: 2, kind: "log", stepNo: 1 },
      { no: 3, kind: "text", text: "after", stepNo: null },
    ]);
    await mkdir(dirname(files.logOf(1, 1)), { recursive: true });
    await writeFile(files.logOf(1, 1), LOG);
    return files;
  }

  async function read(files: BuildFiles, recorded = RECORDED): Promise<string[]> {
    const pieces: Buffer[] = [];
    for await (const piece of readConsole(files, 1, recorded)) pieces.push(piece);
    return Buffer.concat(pieces).toString().split("\n");
  }

  it("show what there is of a half-written log, how much is lost, and what to do", async () => {
    const files = await aBuild();
    assert.deepEqual(await read(files), ["before", "one", "two", "three", "after", ""]);
    await truncate(files.logOf(1, 1), 6);
    const lost = "of this log are not on disk: bring the file back from a copy of the data folder]";
    assert.deepEqual(await read(files), [
      "before",
      "one",
      "tw",
      `[Sluice: the last 8 bytes ${lost}`,
      "after",
      "",
    ]);
    await rm(files.logOf(1, 1));
    assert.deepEqual(await read(files), ["before", `[Sluice: the last 14 bytes ${lost}`, "after", ""]);
    // Of a step that runs nothing is recorded, and nothing is missed.
    assert.deepEqual(await read(files, new Map()), ["before", "after", ""]);
  });

  it("show the readable lines of a console with garbage in it, and say that others were there", async () => {
    const files = await aBuild();
    const lines = [`{"t":"before"}`, `{"t":"be`, "\u0000\u0001", `{"t":"after"}`, `{"t":"half`];
    await writeFile(files.consoleOf(1), lines.join("\n"));
    assert.deepEqual(await read(files), [
      "before",
      "[Sluice: lines of this console cannot be read: bring the file back from a copy of the data folder]",
      "after",
      "",
    ]);
  });

  it("are no obstacle to the end of a step whose log somebody took away", async () => {
    const files = await aBuild();
    const logs = createStepLogs(files, Date.now);
    const bytes = Buffer.from("four\n");
    assert.deepEqual(await logs.write(1, 1, LOG.length, bytes), { kind: "stored", length: LOG.length + 5 });
    await rm(files.logOf(1, 1));
    assert.deepEqual(await logs.measure(1, 1), { bytes: 0, lines: 0 });
    assert.equal((await logs.read(1, 1, 0, 100)).bytes.length, 0);
  });
});
