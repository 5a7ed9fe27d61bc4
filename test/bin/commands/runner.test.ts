import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, it } from "mocha";
import { temporaryFolder } from "../../support/services/folder.ts";
import { startChild } from "../../support/services/process.ts";
import { smallDisk } from "../../support/services/small-disk.ts";
import { createStops } from "../../support/stops.ts";

const SLUICE = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));
const CONFIG = 78;
/** Discard, where nothing listens. */
const NOBODY = "http://127.0.0.1:9";

describe("sluice runner refuses to join, with 78 and in words,", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function refusal(data: string): Promise<string> {
    const args = [SLUICE, "runner", "--server", NOBODY, "--token", "once", "--data", data];
    const child = await startChild(process.execPath, args, { env: { PATH: process.env["PATH"] } });
    stops.add(() => child.stop("SIGKILL"));
    const { code } = await child.exited;
    assert.equal(code, CONFIG, child.output());
    assert.doesNotMatch(child.output(), /^ {4}at /mu, "a stack is no message for a person");
    return child.output();
  }

  it("without its token being used up, where its key could not be kept", async () => {
    const disk = await smallDisk(512 * 1024);
    stops.add(() => disk.remove());
    const said = await refusal(disk.path);
    assert.match(said, /--data: the disk of the data folder .* is full: make room/);
    const folder = await temporaryFolder("runner");
    stops.add(() => folder.remove());
    await writeFile(join(folder.path, "file"), "");
    assert.match(await refusal(join(folder.path, "file")), /--data: .* something that is no folder/);
  });

  it("of a server that does not answer, and keeps no key then", async () => {
    const folder = await temporaryFolder("runner");
    stops.add(() => folder.remove());
    assert.match(await refusal(folder.path), new RegExp(`${NOBODY} does not answer`));
    assert.deepEqual(await readdir(folder.path), []);
  });
});
