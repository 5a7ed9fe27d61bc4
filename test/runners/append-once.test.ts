import assert from "node:assert/strict";
import { appendFile, mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { appendOnce, forgetAppend, pieceOf, withPieces } from "../../runners/workspace/append-once.ts";
import type { Piece } from "../../runners/workspace/append-once.ts";

describe("what is appended once", () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "sluice-append-"));
    for (const name of ["src", "own"]) await mkdir(join(base, name));
  });
  afterEach(async () => await rm(base, { recursive: true }));

  const target = (): string => join(base, "src", "deep", "a.log");
  const append = (id: string, piece: Piece): Promise<void> =>
    appendOnce({ root: join(base, "src"), parts: ["deep", "a.log"] }, id, piece, {
      owner: null,
      folder: join(base, "own"),
    });
  const text = (): Promise<string> => readFile(target(), "utf8");

  it("stands behind what was there, whoever asks again", async () => {
    for (const id of ["1", "2", "1", "2", "2"]) await append(id, pieceOf(Buffer.from(`<${id}>`)));
    assert.equal(await text(), "<1><2>");
    for (const id of ["1", "2"]) forgetAppend(join(base, "own"), id);
    assert.deepEqual(await readdir(join(base, "own")), []);
  });

  it("is gone on with where a process died in it", async () => {
    await append("0", pieceOf(Buffer.from("before\n")));
    const whole = Buffer.from("x".repeat(3_000_000));
    const dies: Piece = async (at) => {
      if (at > 1_500_000) throw new Error("died");
      return whole.subarray(at, at + 1_000_000);
    };
    await assert.rejects(append("1", dies), /died/);
    assert.equal((await text()).length, 2_000_007);
    await append("1", pieceOf(whole));
    assert.equal(await text(), `before\n${whole.toString()}`);
  });

  it("is appended whole where something else has come behind its beginning", async () => {
    const dies: Piece = async (at) => {
      if (at > 0) throw new Error("died");
      return Buffer.from("one");
    };
    await assert.rejects(append("1", dies), /died/);
    await appendFile(target(), "other");
    await append("1", pieceOf(Buffer.from("one two")));
    assert.equal(await text(), "oneotherone two");
  });

  it("comes from a file, and is nothing where there is none", async () => {
    const spool = join(base, "own", "spool");
    await withPieces(spool, (piece) => append("1", piece));
    assert.equal(await text(), "");
    await writeFile(spool, "y".repeat(2_500_000));
    await withPieces(spool, (piece) => append("2", piece));
    assert.equal((await text()).length, 2_500_000);
  });

  it("goes in turn where several ask at once", async () => {
    const ids = Array.from({ length: 20 }, (_none, at) => `<${at}>`);
    await Promise.all(ids.map((id) => append(id, pieceOf(Buffer.from(id.repeat(1000))))));
    const found = (await text()).match(/(<\d+>)\1{999}/g) ?? [];
    assert.equal(found.length, 20);
  });
});
