import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { after, before, describe, it } from "mocha";

import { temporaryFolder } from "../support/services/folder.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("npm test", function () {
  this.timeout(120_000);
  let folder: { path: string; remove(): Promise<void> };
  before(async () => {
    folder = await temporaryFolder("npm-test");
  });
  after(async () => await folder.remove());

  /** Runs the runner over one file with this text, and gives its last line and its exit code. */
  async function outcomeOf(
    name: string,
    text: string,
    ...options: string[]
  ): Promise<[string, number | null]> {
    const place = join(folder.path, name);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "a.test.ts"), text);
    const run = spawnSync(process.execPath, ["scripts/run-tests.ts", place, ...options], {
      cwd: ROOT,
      encoding: "utf8",
    });
    return [run.stdout.trim().split("\n").at(-1) ?? "", run.status];
  }

  it("ends with the number of tests that passed and failed, and with the latter as exit code", async () => {
    assert.deepEqual(await outcomeOf("green", 'it("a", () => {}); it("b", () => {});'), [
      "2 passed, 0 failed",
      0,
    ]);
    const red =
      'it("a", () => {}); it("b", () => { throw new Error("no"); }); it("c", () => { throw new Error("no"); });';
    assert.deepEqual(await outcomeOf("red", red), ["1 passed, 2 failed", 2]);
  });

  it("counts a test that skips itself as failed", async () => {
    const text = 'it("a", () => {}); it("b", function () { this.skip(); });';
    assert.deepEqual(await outcomeOf("skipped", text), ["1 passed, 1 failed", 1]);
  });

  it("counts a process that ends midway as failed", async () => {
    const text = 'it("a", () => {}); it("b", () => process.exit(0)); it("c", () => {});';
    assert.deepEqual(await outcomeOf("ended", text), ["1 passed, 1 failed", 1]);
  });

  it("counts a file that cannot be read, a failing hook and a run without tests as failed", async () => {
    assert.deepEqual(await outcomeOf("broken", "const = 1;"), ["0 passed, 1 failed", 1]);
    const hook = 'before(() => { throw new Error("no"); }); it("a", () => {});';
    assert.deepEqual(await outcomeOf("hook", hook), ["0 passed, 1 failed", 1]);
    assert.deepEqual(await outcomeOf("empty", "export {};"), ["0 passed, 1 failed", 1]);
    assert.deepEqual(await outcomeOf("green", 'it("a", () => {});', "no-such-folder"), [
      "0 passed, 1 failed",
      1,
    ]);
  });

  it("runs what --grep names", async () => {
    const text = 'it("a", () => {}); it("b", () => { throw new Error("no"); });';
    assert.deepEqual(await outcomeOf("grep", text, "--grep", "^a$"), ["1 passed, 0 failed", 0]);
  });
});
