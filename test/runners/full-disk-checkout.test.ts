import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, it } from "mocha";
import { failureOf } from "../../runners/failure.ts";
import type { Failure, Scm } from "../../runners/protocol.ts";
import { checkout } from "../../runners/workspace/checkout.ts";
import { Mirrors } from "../../runners/workspace/mirrors.ts";
import { Slots } from "../../runners/workspace/slots.ts";
import { cloneForTests, git, startGitServer } from "../support/services/git.ts";
import { smallDisk } from "../support/services/small-disk.ts";
import { createStops } from "../support/stops.ts";

const KIB = 1024;
const SIZE = 4096 * KIB;
/** A page of that disk. */
const STEP_KIB = 4;
const WISH = { project: "acme/web", trust: "trusted", workspace: null, ref: "refs/heads/main" };
const LARGE = Array.from({ length: 6_000 }, (_, n) => `${n * 7919}\n`).join("");

describe("a checkout on a disk that runs full", function () {
  this.timeout(300_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("fails by that name wherever it runs full, and goes well when there is room", async () => {
    const files = { "README.md": "hello\n", "large.txt": LARGE, "src/one/two.txt": "two\n" };
    const { url, sha } = await aRepository(files);
    const disk = await smallDisk(SIZE);
    stops.add(() => disk.remove());
    const data = path.join(disk.path, "runner");
    const wrong: string[] = [];
    let failed = 0;
    let roomKib = 0;
    for (let isEnough = false; !isEnough; roomKib += STEP_KIB) {
      await rm(data, { recursive: true, force: true });
      await mkdir(data);
      const runner = {
        mirrors: new Mirrors(path.join(data, "mirrors")),
        slots: new Slots(path.join(data, "slots")),
      };
      const slot = await runner.slots.take(WISH);
      await disk.fill(roomKib * KIB).catch(() => {});
      const failure = await failureIn(() => checkedOut(runner.mirrors, slot, scmOf(url, sha)));
      await disk.empty();
      isEnough = failure === null;
      if (failure !== null) failed += 1;
      if (failure !== null && failure.code !== "no_space")
        wrong.push(`${roomKib} KiB: ${failure.code} ${failure.message}`);
      const then = await failureIn(() => checkedOut(runner.mirrors, slot, scmOf(url, sha)));
      if (then !== null) {
        wrong.push(`${roomKib} KiB, then with room: ${then.code} ${then.message}`);
        continue;
      }
      assert.equal(await readFile(path.join(slot.src, "large.txt"), "utf8"), LARGE);
      await git(slot.src, ["-c", "safe.directory=*", "status"]);
    }
    assert.deepEqual(wrong, []);
    assert.ok(failed > 20, `${failed} times`);
  });

  it("leaves no half pack and no half copy, which would keep the disk full", async () => {
    // More objects than git unpacks one by one, and more than fits.
    const small = Array.from({ length: 120 }, (_, n) => [`small/${n}.txt`, `${n}\n`]);
    const large = randomBytes(1500 * KIB).toString("latin1");
    const { url, sha } = await aRepository({ ...Object.fromEntries(small), "large.bin": large });
    for (const roomKib of [512, 1024, 2048, 3072, 4096, 6144, 8192]) {
      const disk = await smallDisk(roomKib * KIB);
      stops.add(() => disk.remove());
      const runner = {
        mirrors: new Mirrors(path.join(disk.path, "mirrors")),
        slots: new Slots(path.join(disk.path, "slots")),
      };
      const slot = await runner.slots.take(WISH);
      const failure = await failureIn(() => checkedOut(runner.mirrors, slot, scmOf(url, sha)));
      assert.equal(failure?.code, roomKib < 8192 ? "no_space" : undefined, failure?.message);
      const left = await readdir(disk.path, { recursive: true });
      assert.deepEqual(
        left.filter((name) => /tmp_pack|dot-git/.test(name)),
        [],
        `${roomKib} KiB`,
      );
    }
  });

  async function aRepository(files: Record<string, string>): Promise<{ url: string; sha: string }> {
    const forge = await startGitServer();
    stops.add(() => forge.stop());
    const url = await forge.createRepository("acme/web");
    const copy = await cloneForTests(url);
    stops.add(() => copy.remove());
    const sha = await copy.commit("first", files);
    await copy.push("+HEAD:refs/heads/main");
    return { url, sha };
  }
});

function scmOf(url: string, sha: string): Scm {
  return { url, sha, ref: "refs/heads/main", credential: null, mirrorPath: null, insecureHttp: true };
}

async function failureIn(work: () => Promise<unknown>): Promise<Failure | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return failureOf(error);
  }
}

async function checkedOut(
  mirrors: Mirrors,
  slot: Awaited<ReturnType<Slots["take"]>>,
  scm: Scm,
): Promise<void> {
  const { signal } = new AbortController();
  const place = { id: "c1", seq: 1, session: "s", fence: 1, dir: ".", depth: null } as const;
  await checkout({
    command: { ...place, type: "checkout", scm, submodules: false, lfs: false },
    project: WISH.project,
    untrusted: false,
    slot,
    mirrors,
    mounted: null,
    login: null,
    say: () => undefined,
    signal,
  });
}
