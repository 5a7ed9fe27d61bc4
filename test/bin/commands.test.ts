import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { SERVER_PROCEDURES } from "../../server/procedures.ts";
import { openVault } from "../../server/secrets/vault.ts";
import { systemClock } from "../../server/store/clock.ts";
import { openStore } from "../../server/store/store.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { startChild } from "../support/services/process.ts";

const ROOT = join(import.meta.dirname, "../..");
const SLUICE = join(ROOT, "bin/sluice.js");

describe("the command line", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => (folder = await temporaryFolder("commands")));
  after(async () => await folder.remove());

  /** Runs it without any setting of the machine that the tests run on. */
  async function sluice(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = await startChild(process.execPath, [SLUICE, ...args], {
      cwd: folder.path,
      env: { PATH: process.env["PATH"], HOME: folder.path, ...env },
    });
    const { code } = await child.exited;
    return { code, out: child.output() };
  }

  async function aFile(name: string, text: string): Promise<string> {
    await writeFile(join(folder.path, name), text);
    return name;
  }

  it("lists its commands when it is called without one, or for help", async () => {
    const bare = await sluice([]);
    assert.equal(bare.code, 2);
    const help = await sluice(["--help"]);
    assert.equal(help.code, 0);
    assert.equal(help.out, bare.out);
    for (const name of ["serve", "runner", "lint", "run", "groovy", "why", "secret", "doctor"])
      assert.match(help.out, new RegExp(`^  ${name} +\\S`, "mu"));
  });

  it("says which command it does not know", async () => {
    const { code, out } = await sluice(["biuld"]);
    assert.equal(code, 2);
    assert.match(out, /there is no command "biuld"/u);
  });

  it("says its version", async () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
    const { code, out } = await sluice(["--version"]);
    assert.equal(code, 0);
    assert.equal(out.trim(), version);
  });

  it("refuses faults in production, for a server and for a runner, and lists them for tests", async () => {
    const env = { NODE_ENV: "production", SLUICE_FAULT: "queue.add:before", SLUICE_DATA: folder.path };
    for (const args of [
      ["serve", "--no-runner"],
      ["runner", "--server", "http://127.0.0.1:1", "--token", "t"],
    ]) {
      const { code, out } = await sluice(args, env);
      assert.equal(code, 78, out);
      assert.match(out, /SLUICE_FAULT: .*NODE_ENV is production/u);
    }
    const { code, out } = await sluice(["doctor", "--fault-points"]);
    assert.equal(code, 0, out);
    for (const line of out.trim().split("\n")) assert.match(line, /^[a-z][\w.]+ +\w+ /iu);
    for (const name of ["builds.commitTurn", "docker.pushImage", "swarm.updateService", "mail.send"])
      assert.match(out, new RegExp(`^${name.replace(".", "\\.")} +\\S`, "mu"));
  });

  for (const args of [
    ["serve", "--nonsense"],
    ["runner"],
    ["lint"],
    ["lint", "no-such-file"],
    ["run"],
    ["run", "--param", "novalue", "Jenkinsfile"],
    ["run", "--branch", "a", "--tag", "b", "Jenkinsfile"],
    ["run", "no-such-file"],
    ["run", "--dry-run"],
    ["groovy"],
    ["doctor", "--nonsense"],
    ["why"],
  ]) {
    it(`refuses "sluice ${args.join(" ")}" with 2 and words`, async () => {
      const { code, out } = await sluice(args);
      assert.equal(code, 2, out);
      assert.match(out, /\S/u);
      assert.doesNotMatch(out, /^ {4}at /mu);
    });
  }

  it("tells what the commands with options take", async () => {
    for (const name of ["lint", "run", "doctor", "serve", "why"]) {
      const { code, out } = await sluice([name, "--help"]);
      assert.equal(code, 0, name);
      assert.match(out, /^usage: sluice /imu);
    }
  });

  it("ends with 78 and all wrong settings at once, each with its place", async () => {
    const config = await aFile("sluice.yml", "forges:\n  here: { type: gut, url: nowhere }\n");
    const { code, out } = await sluice(["serve", "--no-runner"], { SLUICE_CONFIG: config });
    assert.equal(code, 78, out);
    assert.match(out, /sluice\.yml:2: /u);
    const bad = await sluice(["serve"], { SLUICE_PORT: "many", SLUICE_PUBLIC_URL: "here" });
    assert.equal(bad.code, 78);
    assert.match(bad.out, /SLUICE_PORT/u);
    assert.match(bad.out, /SLUICE_PUBLIC_URL/u);
  });

  it("ends with 78 where the key of a database is gone, naming the file", async () => {
    const dataFolder = join(folder.path, "keyless");
    await mkdir(dataFolder);
    const store = await openStore({ dataFolder, clock: systemClock, procedures: SERVER_PROCEDURES });
    await openVault({ store, keyFile: join(dataFolder, "secret.key") });
    await store.close();
    await rm(join(dataFolder, "secret.key"));
    const { code, out } = await sluice(["serve", "--no-runner"], { SLUICE_DATA: dataFolder });
    assert.equal(code, 78, out);
    assert.match(out, /keyless\/secret\.key is not there/u);
  });

  it("lints: 0 for a good file, 1 with line, column and advice for a bad one", async () => {
    const good = await aFile(
      "good",
      "pipeline { agent any\n stages { stage('A') { steps { echo 'a' } } } }\n",
    );
    assert.equal((await sluice(["lint", good])).code, 0);
    const bad = await aFile("bad", "pipeline { agnet any\n stages { stage('A') { steps { echo 'a' } } } }\n");
    const { code, out } = await sluice(["lint", bad]);
    assert.equal(code, 1);
    assert.match(out, /bad:1:12/u);
  });

  it("evaluates a script: its last value as JSON, 1 where it throws", async () => {
    const script = await aFile("script.groovy", "def all = [1, 2, 3]\nall.collect { it * 2 }\n");
    const { code, out } = await sluice(["groovy", script]);
    assert.equal(code, 0, out);
    assert.equal(out.trim(), "[2,4,6]");
    const thrown = await sluice(["groovy", await aFile("bad.groovy", "throw new RuntimeException('no')\n")]);
    assert.equal(thrown.code, 1);
    assert.match(thrown.out, /bad\.groovy:1:\d+: .*no/u);
  });

  it("runs dry without an engine", async () => {
    const file = await aFile("dry", "node { sh 'make' }\n");
    const { code, out } = await sluice(["run", "--dry-run", file], { DOCKER_HOST: "unix:///nowhere" });
    assert.equal(code, 0, out);
    assert.match(out, /^\+ make$/mu);
    assert.match(out, /^Finished: SUCCESS$/mu);
  });

  it("lists the points at which a test may break it", async () => {
    const { code, out } = await sluice(["doctor", "--fault-points"]);
    assert.equal(code, 0, out);
    const points = out
      .trim()
      .split("\n")
      .map((line) => line.split(" ", 1)[0] ?? "");
    for (const name of ["builds.commitTurn", "builds.insert", "deployments.stepTarget"])
      assert.ok(points.includes(name), `${name} in\n${out}`);
    assert.deepEqual(points, points.toSorted());
  });

  it("says what to set where a server must be asked", async () => {
    const { code, out } = await sluice(["why", "7"]);
    assert.equal(code, 2);
    assert.match(out, /SLUICE_TOKEN is not set/u);
  });
});
