import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { createBuildFiles } from "../../../server/builds/console.ts";
import { createStepLogs } from "../../../server/builds/logs.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { createStops } from "../../support/stops.ts";

describe("the log of a step", () => {
  const stops = createStops();
  afterEach(() => stops.all());

  it("ends with a plain notice where a runner sends more than a log may have, and takes no more", async () => {
    const folder = await temporaryFolder("logs");
    stops.add(() => folder.remove());
    const logs = createStepLogs(createBuildFiles(folder.path), () => 1, 100);
    const line = Buffer.from(`${"a".repeat(59)}\n`);
    assert.deepEqual(await logs.write(1, 1, 0, line), { kind: "stored", length: 60 });
    // A repeat is no more than what is there.
    assert.deepEqual(await logs.write(1, 1, 0, line), { kind: "stored", length: 60 });
    const full = await logs.write(1, 1, 60, line);
    assert.equal(full.kind, "full");
    assert.deepEqual(await logs.write(1, 1, full.length, line), full);
    const { bytes } = await logs.read(1, 1, 0, 1000);
    assert.equal(
      Buffer.from(bytes).toString(),
      `${line.toString()}\n[Sluice: the runner sent more than the 100 bytes that a step's log may have; the rest is not kept]\n`,
    );
    // Others go on.
    assert.deepEqual(await logs.write(1, 2, 0, line), { kind: "stored", length: 60 });
  });
});
