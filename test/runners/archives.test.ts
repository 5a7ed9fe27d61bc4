import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { FileOperation, FileValue, Globs, Outcome } from "../../runners/protocol.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const ALL: Globs = { include: ["**"], exclude: [], defaultExcludes: true };
type Unpack = Extract<FileOperation, { op: "unpack" }>;

describe("archives of a workspace", function () {
  this.timeout(180_000);
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(async () => await world.stop());

  async function file(session: TestSession, operation: FileOperation, cwd = "/sluice/src"): Promise<Outcome> {
    return session.run({ id: session.command(), type: "file", cwd, operation });
  }
  async function value(
    session: TestSession,
    operation: FileOperation,
    cwd = "/sluice/src",
  ): Promise<FileValue> {
    const result = expectOk(await file(session, operation, cwd));
    assert.ok(result.of === "file");
    return result.value;
  }
  async function paths(session: TestSession, operation: FileOperation, cwd?: string): Promise<string[]> {
    const found = await value(session, operation, cwd);
    assert.ok(found.kind === "files");
    return found.files.map((one) => one.path);
  }
  const unpack = (path: string, more: Partial<Unpack> = {}): Unpack => ({
    op: "unpack",
    path,
    format: "zip",
    globs: { ...ALL, defaultExcludes: false },
    purpose: "write",
    ...more,
  });
  async function opened(project: string): Promise<TestSession> {
    const session = new TestSession(world);
    await session.begin({ project });
    await session.sh(`#!/bin/sh
mkdir -p in/deep out; echo one >in/a.txt; echo ключ >in/deep/ключ.txt; echo '#!/bin/sh' >in/run.sh
chmod 755 in/run.sh; head -c 3000000 /dev/zero >in/deep/big; : >in/empty; ln -s /etc/passwd in/link
`);
    return session;
  }
  const CONTENT = ["a.txt", "deep/big", "deep/ключ.txt", "empty", "run.sh"];
  const sums =
    "find . -type f ! -name '*.zip' ! -name '*.t*r' | sort | xargs md5sum; find . -type f -perm -100 | sort";

  for (const [format, name, tool] of [
    ["zip", "all.zip", "unzip -o -q ../in/all.zip"],
    ["tar", "all.tar", "tar -xf ../in/all.tar"],
    ["tgz", "all.tgz", "tar -xzf ../in/all.tgz"],
  ] as const)
    it(`are packed as ${format} so that the usual tool reads them, and read back`, async () => {
      const session = await opened(`archives-${format}`);
      const pack = { op: "pack", path: name, format, globs: ALL } as const;
      assert.deepEqual(await paths(session, pack, "/sluice/src/in"), CONTENT);
      // Again, over itself, which is not among its own files.
      assert.deepEqual(await paths(session, pack, "/sluice/src/in"), CONTENT);
      const ours = format === "zip" ? "zip" : "tar";
      const there = unpack(`/sluice/src/in/${name}`, { format: ours });
      assert.deepEqual((await paths(session, there, "/sluice/src/back")).toSorted(), CONTENT);
      const { log } = await session.sh(`#!/bin/sh
mkdir -p out back; rm -f in/link
(cd in && ${sums.replaceAll("'*.t*r'", "'*.tgz' ! -name '*.tar'")}) >1; (cd out && ${tool} && ${sums}) >2; (cd back && ${sums}) >3
cmp 1 2 && cmp 2 3 && echo same; wc -l <1
`);
      assert.match(log, /^same\n6\n$/u);
      await session.close();
    });

  it("give what matches only, as files or as texts", async () => {
    const session = await opened("archives-some");
    await value(session, { op: "pack", path: "../x.zip", format: "zip", globs: ALL }, "/sluice/src/in");
    const texts = { ...ALL, include: ["**/*.txt"] };
    assert.deepEqual(await paths(session, unpack("x.zip", { globs: texts }), "/sluice/src"), [
      "a.txt",
      "deep/ключ.txt",
    ]);
    const read = await value(session, unpack("x.zip", { globs: texts, purpose: "read" }));
    assert.ok(read.kind === "texts");
    assert.deepEqual(
      read.texts.map(({ path, data }) => [path, data.kind === "text" ? data.text : ""]),
      [
        ["a.txt", "one\n"],
        ["deep/ключ.txt", "ключ\n"],
      ],
    );
    await session.close();
  });

  it("that are damaged are told, and nothing that leads out is written", async () => {
    const session = await opened("archives-bad");
    await session.sh(`#!/bin/sh
cp in/a.txt no.zip; mkdir -p xx && echo evil >xx/evil.txt; tar -cf bad.tar xx/evil.txt
sed -i 's#xx/evil#../evil#' bad.tar; cp bad.tar whole.tar; printf x | dd of=in/big2 2>/dev/null
`);
    await value(session, { op: "pack", path: "../good.zip", format: "zip", globs: ALL }, "/sluice/src/in");
    await session.sh("#!/bin/sh\nhead -c 2000 good.zip >cut.zip\nsed 's#deep/#/etc/#g' good.zip >out.zip\n");
    for (const name of ["no.zip", "cut.zip"]) {
      const refused = await file(session, unpack(name));
      assert.ok(!refused.ok, name);
      assert.equal(refused.failure.fault, "file");
      assert.match(refused.failure.message, new RegExp(`${name} cannot be read as zip`, "u"));
      assert.deepEqual(await value(session, unpack(name, { purpose: "test" })), {
        kind: "done",
        done: false,
      });
    }
    assert.deepEqual(await value(session, unpack("good.zip", { purpose: "test" })), {
      kind: "done",
      done: true,
    });
    const absolute = await file(session, unpack("out.zip"));
    assert.ok(!absolute.ok && absolute.failure.fault === "file", JSON.stringify(absolute));
    const above = await file(session, unpack("bad.tar", { format: "tar" }), "/sluice/src/out");
    assert.ok(!above.ok && above.failure.fault === "file", JSON.stringify(above));
    const missing = await file(session, unpack("none.zip"));
    assert.ok(!missing.ok && missing.failure.code === "file_missing");
    const { log } = await session.sh("#!/bin/sh\nls; ls /etc/ключ.txt 2>&1 | head -c 3\n");
    assert.doesNotMatch(log, /evil/u);
    await session.close();
  });

  it("are not written through a link that stands in their place", async () => {
    const session = await opened("archives-link");
    await session.sh("#!/bin/sh\nln -s /etc/passwd out/a.txt; ln -s /etc out/deep\n");
    await value(session, { op: "pack", path: "../x.zip", format: "zip", globs: ALL }, "/sluice/src/in");
    const outcome = await file(session, unpack("/sluice/src/x.zip"), "/sluice/src/out");
    assert.ok(!outcome.ok && outcome.failure.code === "path_refused", JSON.stringify(outcome));
    const { log } = await session.sh("#!/bin/sh\ncat out/a.txt; head -c 4 /etc/passwd\n");
    assert.equal(log, "one\nroot");
    await session.close();
  });
});
