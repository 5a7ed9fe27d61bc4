import assert from "node:assert/strict";
import { glob, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { LeftoversAnswer } from "../../runners/protocol.ts";
import type { Build } from "../../server/http/contract/builds.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { startNamespace } from "../support/services/namespace.ts";
import type { Namespace } from "../support/services/namespace.ts";
import { until } from "../support/services/until.ts";
import type { TestRunner } from "../support/server.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Counts aloud until the file `go` is there, and says which process it was. */
const COUNTING = (name: string) => `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  options { skipDefaultCheckout() }
  stages {
    stage('Count') {
      steps {
        sh 'set +x; echo ${name} > starts; echo "process $$"; i=0; while [ ! -e go ]; do i=$((i+1)); echo "number $i"; sleep 0.05; done; echo "last $i"; rm go'
      }
    }
  }
}
`;
const PATIENT = { deadlineMs: 60_000, everyMs: 100 };
/** Short of what counts as silence, by which the work would go to the other runner. */
const CUT_MS = Number(process.env["SLUICE_TEST_CUT_S"] ?? "6") * 1000;

describe("runners that share a machine", function () {
  this.timeout(300_000);
  let spine: Spine;
  let namespace: Namespace;
  const runners = new Map<string, TestRunner>();
  let number = 0;

  before(async () => {
    spine = await startSpine({ runner: false, env: { SLUICE_ALLOW_HTTP: "1" } });
    for (const name of ["one", "two"]) runners.set(name, await spine.server.startRunner(name));
  });
  after(async () => {
    await spine?.stop();
    await namespace?.stop();
  });

  it("F02: one that is killed takes up the same container when it is back, and loses no line", async () => {
    const build = await begin("resumed");
    const was = await containerOf(build.id);
    const runner = runnerOf(was.runner);
    await runner.kill();
    const said = await lastNumber(build);
    await runner.startAgain();
    await until("it is heard again", async () => (await lastNumber(build)) > said, PATIENT);
    assert.deepEqual(await containerOf(build.id), was);
    await letGo("resumed");
    await countedOnce(await spine.server.api.buildEnded(PROJECT, number));
  });

  it("F03: the work of one that stays away goes on at the other, and when it is back it closes what it had", async () => {
    const build = await begin("moved");
    const was = await containerOf(build.id);
    await runnerOf(was.runner).kill();
    const now = await until(
      "the other one does it",
      async () => {
        const found = (await containersOf(build.id)).filter(({ runner }) => runner !== was.runner);
        return found[0];
      },
      PATIENT,
    );
    assert.equal(now.runner, was.runner === "one" ? "two" : "one");
    // Were the first one never to come back, the other would hear that it may clean up behind it.
    assert.deepEqual(await toldOver(runnerOf(now.runner), [was.session, now.session]), [was.session]);
    await runnerOf(was.runner).startAgain();
    await until(
      "what the first one had is gone",
      async () => (await containersOf(build.id)).every(({ runner }) => runner !== was.runner),
      PATIENT,
    );
    await letGo("moved");
    const ended = await spine.server.api.buildEnded(PROJECT, number);
    const console = await spine.server.api.console(build.id);
    assert.equal(ended.state, "succeeded", console);
    assert.match(console, new RegExp(`^The agent was lost: the runner ${was.runner} is gone$`, "mu"));
    assert.match(console, /^last \d+$/mu);
  });

  it("one in a network of its own, cut off while a step prints, loses and repeats no line, and the step is the same process", async () => {
    namespace = await startNamespace();
    await spine.server.startRunner("apart", { namespace });
    for (const name of ["one", "two"]) await runnerOf(name).stop();
    const build = await begin("cut");
    const was = await containerOf(build.id);
    assert.equal(was.runner, "apart");
    // Somebody could take its work, if it were thought lost.
    await runnerOf("two").startAgain();
    await namespace.cut();
    const cutAtMs = Date.now();
    await until("nothing is heard for a while", () => Date.now() - cutAtMs > CUT_MS, PATIENT);
    const said = await lastNumber(build);
    await namespace.mend();
    await until("it is heard again", async () => (await lastNumber(build)) > said + 20, PATIENT);
    assert.deepEqual(await containerOf(build.id), was);
    await letGo("cut");
    await countedOnce(await spine.server.api.buildEnded(PROJECT, number));
  });

  function runnerOf(name: string): TestRunner {
    const runner = runners.get(name);
    assert.ok(runner !== undefined, `there is no runner ${name}`);
    return runner;
  }

  async function toldOver(runner: TestRunner, sessions: readonly string[]): Promise<readonly string[]> {
    const key = await readFile(join(runner.dataFolder, "runner.key"), "utf8");
    const answer = await fetch(`${spine.server.url}/runner/v1/leftovers`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.trim()}`, "content-type": "application/json" },
      body: JSON.stringify({ sessions }),
    });
    return LeftoversAnswer.parse(await answer.json()).over;
  }

  /** Pushes a build that counts, and waits until it does. */
  async function begin(name: string): Promise<Build> {
    number += 1;
    await spine.push(name, { Jenkinsfile: COUNTING(name) });
    const build = await spine.server.api.buildIs(PROJECT, number, "counts", ({ stages }) =>
      stages.some(({ steps }) => steps.some((step) => step.name === "sh")),
    );
    await until("it has counted a little", async () => (await lastNumber(build)) > 20, PATIENT);
    return build;
  }

  async function countLog(build: Build): Promise<string> {
    const step = build.stages.flatMap(({ steps }) => steps).findLast((one) => one.name === "sh");
    if (step === undefined) return "";
    return (await spine.server.api.stepLog(build.id, step.n, "?from=0")).text;
  }

  async function lastNumber(build: Build): Promise<number> {
    const numbers = (await countLog(build)).match(/^number (\d+)$/gmu) ?? [];
    return Number(numbers.at(-1)?.slice("number ".length) ?? 0);
  }

  async function countedOnce(build: Build): Promise<void> {
    const log = await countLog(build);
    assert.equal(build.state, "succeeded", log);
    const lines = log.split("\n").filter((line) => line !== "" && line !== "+ set +x");
    const last = lines.length - 2;
    assert.deepEqual(
      lines.slice(1),
      [...Array.from({ length: last }, (_, at) => `number ${at + 1}`), `last ${last}`],
      "a line is missing or there twice",
    );
    assert.match(lines[0] ?? "", /^process \d+$/u);
  }

  async function letGo(name: string): Promise<void> {
    const folder = dirname(spine.server.dataFolder);
    let found = 0;
    for await (const file of glob(join(folder, "*/slots/*/*/src/starts"))) {
      await writeFile(join(dirname(file), "go"), name);
      found += 1;
    }
    assert.ok(found > 0, "there is no workspace with a counting command");
  }

  /** The build's containers that run, with the runners they belong to. */
  async function containersOf(build: number) {
    const label = [`sluice.instance=${await spine.server.instance()}`];
    const listed = await dockerForTests().listContainers({ filters: { label } });
    return listed
      .filter(({ Labels }) => (Labels["sluice.session"] ?? "").startsWith(`b${build}.`))
      .map(({ Id, Labels }) => ({
        id: Id,
        runner: Labels["sluice.runner"] ?? "",
        session: Labels["sluice.session"] ?? "",
        name: Labels["sluice.container"],
      }));
  }

  async function containerOf(build: number) {
    const found = (await containersOf(build)).find(({ name }) => name === "main");
    assert.ok(found !== undefined, "no container of the build runs");
    return found;
  }
});
