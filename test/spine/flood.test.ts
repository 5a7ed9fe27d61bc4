import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "mocha";
import type { Build, Step } from "../../server/http/contract/builds.ts";
import { PATIENCE } from "../support/api.ts";
import type { TestRunner } from "../support/server.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const MEBIBYTE = 1024 * 1024;
/** What is kept of a step's log: its beginning and its end. */
const HEAD_BYTES = 192 * MEBIBYTE;
const TAIL_BYTES = 64 * MEBIBYTE;
/** Far more than is kept; twenty times as much shows the same and takes twenty times as long. */
const FLOOD_BYTES = Number(process.env["SLUICE_TEST_FLOOD_MIB"] ?? "512") * MEBIBYTE;
/** More than a process may grow by because of what a build prints; and for a moment, garbage included. */
const MOST_GROWTH_BYTES = 100 * MEBIBYTE;
const MOST_PEAK_BYTES = 256 * MEBIBYTE;
/** For what is usual; more takes longer. */
const DEADLINE_MS = 500_000 * Math.max(1, FLOOD_BYTES / (2048 * MEBIBYTE));
const LINES = 1_000_000;
const WARM_UP = 3;
const WARM_UP_MIB = 128;
const LINE = "0123456789abcdef".repeat(4).slice(1);

/** A script that prints so much as fast as it can. */
const flood = (mebibytes: number): string => `yes ${LINE} | head -c ${MEBIBYTE} >block
i=0
while [ $i -lt ${mebibytes} ]; do cat block; i=$((i + 1)); done`;

const RUN = (script: string) => `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  options { skipDefaultCheckout() }
  stages { stage('Print') { steps { sh '''#!/bin/sh
${script}
''' } } }
}
`;

describe("a step that prints without end", function () {
  this.timeout(DEADLINE_MS + 100_000);
  let spine: Spine;
  let runner: TestRunner;
  let number = 0;

  before(async () => {
    spine = await startSpine({ runner: false });
    runner = await spine.server.startRunner("apart");
    // Growth counts from where all threads of engines have been started, and both sides have carried logs fast enough
    // for their collectors to have taken the room that they like to have: how much that is depends on the machine's load.
    for (let i = 0; i < WARM_UP; i += 1) await run(`seq 1 ${LINES + i}`);
    await run(flood(WARM_UP_MIB));
  });
  after(async () => await spine?.stop());

  it("F52: has a million numbered lines stored once and in order", async () => {
    const { step, build } = await run(`seq 1 ${LINES}`);
    const wanted = Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join("");
    assert.deepEqual([step.state, step.logLines, step.logBytes], ["succeeded", LINES, wanted.length]);
    assert.equal(digest(await rawLog(build, step)), digest(wanted));
  });

  it("F51: keeps the beginning and the end, says how much is cut, fills no memory and gets its verdict", async () => {
    const usual = await memory();
    const seen: number[][] = [];
    const look = setInterval(() => {
      void memory().then(
        (now) => void seen.push(now),
        () => {},
      );
    }, 200);
    const script = `${flood(FLOOD_BYTES / MEBIBYTE)}
echo the end
exit 7`;
    const { step, build } = await run(script).finally(() => clearInterval(look));
    assert.equal(step.exitCode, 7);
    assert.deepEqual([build.state, build.reason?.fault], ["failed", "command"]);
    assert.ok(step.logBytes <= HEAD_BYTES + TAIL_BYTES + 1024, `${step.logBytes} bytes are stored`);
    const { api } = spine.server;
    const cut = await api.stepLog(build.id, step.n, `?from=${HEAD_BYTES - 64}&to=${HEAD_BYTES + 1024}`);
    const notice = /^\[Sluice: \d+ lines, (\d+) bytes cut here: [^\n]+\]$/mu.exec(cut.text);
    assert.ok(notice !== null, cut.text);
    const end = await api.stepLog(build.id, step.n, "?from=-64");
    assert.ok(end.text.endsWith(`${LINE.slice(-20)}\nthe end\n`), end.text);
    // What a collector has not yet looked at comes and goes, more of it on a busy machine.
    for (const [i, who] of ["server", "runner"].entries()) {
      const grown = seen.map((now) => (now[i] ?? 0) - (usual[i] ?? 0)).toSorted((a, b) => a - b);
      const [half = 0, most = 0] = [grown[Math.floor(grown.length / 2)], grown.at(-1)];
      const text = `the ${who} grew by ${Math.round(half / MEBIBYTE)} MiB half of the time, ${Math.round(most / MEBIBYTE)} at most`;
      assert.ok(half <= MOST_GROWTH_BYTES, text);
      assert.ok(most <= MOST_PEAK_BYTES, text);
    }
  });

  async function run(script: string): Promise<{ build: Build; step: Step }> {
    number += 1;
    await spine.push(`Print ${number}`, { Jenkinsfile: RUN(script) });
    const { api } = spine.server;
    const build = await until(
      "the build has ended",
      async () => {
        const now = await api.build(PROJECT, number);
        return now.endedAtMs === null ? undefined : now;
      },
      { ...PATIENCE, deadlineMs: DEADLINE_MS },
    );
    const step = build.stages.flatMap(({ steps }) => steps).find(({ name }) => name === "sh");
    assert.ok(step !== undefined);
    return { build, step };
  }

  /** What server and runner hold in memory now. */
  async function memory(): Promise<number[]> {
    return await Promise.all([spine.server.pid(), runner.pid()].map(residentBytes));
  }

  async function rawLog(build: Build, step: Step): Promise<Buffer> {
    const answer = await fetch(`${spine.server.url}/api/v1/builds/${build.id}/steps/${step.n}/log`, {
      headers: { authorization: `Bearer ${spine.server.token}`, accept: "text/plain" },
    });
    return Buffer.from(await answer.arrayBuffer());
  }
});

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? "0") * 1024;
}

function digest(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}
