import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { Build } from "../../server/http/contract/builds.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { until } from "../support/services/until.ts";
import { PATIENCE } from "../support/api.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Builds that are stopped at a random instant. */
const AT_RANDOM = 16;
const POST = `post {
    aborted { echo 'told' }
    always { echo 'always' }
    cleanup { echo 'swept' }
  }`;
const IMAGE = "sluice-demo/busybox:1";

/** A build that stays in one state until somebody stops it, and how that state is seen. `N` stands for a number of its own. */
interface Stay {
  readonly title: string;
  readonly file: string;
  readonly isThere: (build: Build, spine: Spine) => boolean | Promise<boolean>;
  /** Further files of the commit. */
  readonly files?: Readonly<Record<string, string>>;
  /** What its console says afterwards, beside what `post` says. */
  readonly says?: readonly RegExp[];
}

const inStage = (body: string, agent = `{ docker '${IMAGE}' }`, post = "") => `pipeline {
  agent none
  options { skipDefaultCheckout() }
  stages {
    stage('Stay') {
      agent ${agent}
      steps {
        ${body}
      }
      ${post}
    }
    stage('After') { steps { echo 'never' } }
  }
  ${POST}
}
`;

describe("a build that is stopped", function () {
  this.timeout(300_000);
  let spine: Spine;
  /** Builds so far. */
  let pushed = 0;
  // They take connections and never say a word.
  const registry = silent();
  const gitServer = silent();

  before(async () => {
    await registry.start();
    await gitServer.start();
    spine = await startSpine({ places: 20, env: { SLUICE_PARK_AFTER: "1s" } });
  });
  after(async () => {
    await spine?.stop();
    registry.stop();
    gitServer.stop();
  });

  const stays = (): Stay[] => [
    {
      title: "in branches that run beside each other",
      file: inStage("parallel(left: { sh 'sleep 98N' }, right: { sh 'sleep 98N' })"),
      isThere: async (build) => (await processesOf(build)).length >= 2,
    },
    {
      title: "in a container beside that of its agent",
      file: inStage(`script { docker.image('${IMAGE}').inside { sh 'sleep 98N' } }`),
      isThere: hasProcess,
    },
    {
      title: "in what it does at its end",
      file: inStage("echo 'done'", undefined, "post { always { sh 'sleep 98N' } }"),
      isThere: hasProcess,
    },
    {
      title: "in the build of an image",
      file: inStage("checkout scm; script { docker.build('sluice-test/stays:1') }", "any"),
      files: { Dockerfile: `FROM ${IMAGE}\nRUN sleep 98N\n` },
      isThere: hasProcess,
    },
    {
      title: "while the image of its agent is pulled",
      file: inStage("echo 'never'", `{ docker '${registry.address()}/never:1' }`),
      isThere: () => registry.connections() > 0,
    },
    {
      title: "in a checkout",
      file: inStage(
        `checkout scmGit(branches: [[name: '${"ab".repeat(20)}']], userRemoteConfigs: [[url: 'https://${gitServer.address()}/never.git']])`,
        "any",
      ),
      isThere: () => gitServer.connections() > 0,
    },
    {
      title: "at a gate inside an agent, which is parked",
      file: inStage("sh 'echo kept'; input 'Go on?'"),
      isThere: async (build) => {
        const states = await containersOf(spine, build);
        return states.length === 1 && states[0] === "exited";
      },
    },
    {
      title: "in a wait that a time limit would end",
      file: inStage("timeout(time: 1, unit: 'HOURS') { sleep 3600 }"),
      isThere: (build) => build.stages.some(({ steps }) => steps.some(({ name }) => name === "sleep")),
    },
  ];

  it("F47: in a command that ignores TERM, which is killed after its grace", async () => {
    await stopAll([
      {
        title: "a command that ignores TERM",
        file: inStage(
          `sh '''#!/bin/sh
trap "" TERM
echo begun
while :; do sleep 98N || true; done
'''`,
          undefined,
          "post { always { sh 'echo cleaned' } }",
        ),
        isThere: hasProcess,
        says: [/^cleaned$/mu],
      },
    ]);
  });

  it("F49: by a time limit, leaves none of the children that left the command with setsid and nohup", async () => {
    const { api } = spine.server;
    pushed += 1;
    const number = pushed;
    const children =
      'nohup sleep 98N >/dev/null 2>&1 & setsid sleep 98N & setsid sh -c "trap \\"\\" TERM; sleep 98N; sleep 98N" & echo begun; sleep 98N';
    const steps = `timeout(time: 3, unit: 'SECONDS') { sh '${children}' }`;
    const file = inStage(steps).replaceAll("98N", sleepOf(number));
    await spine.push("Run out of time", { Jenkinsfile: file }, "limit");
    const ended = await api.buildEnded(PROJECT, number);
    const console = await api.console(ended.id);
    assert.equal(ended.reason?.code, "timeout", console);
    assert.match(console, /^begun$/mu);
    assert.deepEqual(await processesOf(ended), []);
    await until(
      "no container is left",
      async () => (await containersOf(spine, ended)).length === 0,
      PATIENCE,
    );
  });

  it("is aborted wherever it is, carries out its post, and leaves neither process nor container", async () => {
    await stopAll(stays());
  });

  it("is aborted at any moment, with nothing left of it", async () => {
    const seed = Number(process.env["SLUICE_TEST_SEED"] ?? String(Date.now() % 1_000_000));
    const random = randomFrom(seed);
    const { api } = spine.server;
    const file = `pipeline {
  agent { docker '${IMAGE}' }
  stages {
    stage('Some') { steps { sh 'sleep 98N & sleep 0.2' } }
    stage('Sides') {
      parallel {
        stage('Left') { steps { sh 'sleep 0.3' } }
        stage('Right') {
          agent { docker '${IMAGE}' }
          steps { sh 'sleep 0.4' }
        }
      }
    }
    stage('Inner') { steps { script { docker.image('${IMAGE}').inside { sh 'sleep 0.3; sleep 98N' } } } }
  }
  post {
    always { sh 'echo cleaned' }
    cleanup { echo 'swept' }
  }
}
`;
    const builds: { number: number; afterMs: number }[] = [];
    for (let i = 0; i < AT_RANDOM; i += 1) {
      pushed += 1;
      builds.push({ number: pushed, afterMs: random() * 6000 });
      const own = file.replaceAll("98N", sleepOf(pushed));
      await spine.push(`Stop at random ${i}`, { Jenkinsfile: own }, `random-${i}`);
    }
    await Promise.all(
      builds.map(async ({ number, afterMs }) => {
        const what = `seed ${seed}, build ${number}, ${Math.round(afterMs)} ms`;
        const build = await api.build(PROJECT, number);
        await pause(afterMs);
        const answer = await api.ask("POST", `/builds/${build.id}/abort`, {});
        assert.equal(answer.status, 202, `${what}: ${await api.console(build.id)}`);
        const ended = await api.buildEnded(PROJECT, number);
        const console = await api.console(build.id);
        assert.equal(ended.state, "aborted", `${what}: ${console}`);
        // An agent that was not there yet takes `post`, which runs in it, with it.
        if (console.includes("[Pipeline] { (Some)"))
          assert.match(console, /^swept$/mu, `${what}: ${console}`);
        await until(
          `no process is left (${what})`,
          async () => (await processesOf(build)).length === 0,
          PATIENCE,
        );
        await until(
          `no container is left (${what})`,
          async () => (await containersOf(spine, build)).length === 0,
          PATIENCE,
        );
      }),
    );
  });

  async function stopAll(all: readonly Stay[]): Promise<void> {
    const numbered = [];
    for (const stay of all) {
      pushed += 1;
      const number = pushed;
      const own = (text: string): string => text.replaceAll("98N", sleepOf(number));
      const files = Object.fromEntries(
        Object.entries(stay.files ?? {}).map(([name, text]) => [name, own(text)]),
      );
      // Each branch is a build of its own.
      await spine.push(
        stay.title,
        { Jenkinsfile: own(stay.file), Dockerfile: "", ...files },
        `stay-${number}`,
      );
      numbered.push({ stay, number });
    }
    const failures = await Promise.all(
      numbered.map(async ({ stay, number }) => {
        try {
          await stopOne(stay, number);
          return null;
        } catch (error) {
          return `${stay.title}: ${error instanceof Error ? error.message : String(error)}`;
        }
      }),
    );
    assert.deepEqual(
      failures.filter((failure) => failure !== null),
      [],
    );
  }

  async function stopOne(stay: Stay, number: number): Promise<void> {
    const { api } = spine.server;
    await api.build(PROJECT, number);
    const build = await until(
      `it is there`,
      async () => {
        const now = await api.build(PROJECT, number);
        if (now.endedAtMs !== null) return now;
        return (await stay.isThere(now, spine)) ? now : undefined;
      },
      PATIENCE,
    );
    assert.equal(build.endedAtMs, null, await api.console(build.id));
    const answer = await api.ask("POST", `/builds/${build.id}/abort`, {});
    assert.equal(answer.status, 202, answer.text);
    const ended = await api.buildEnded(PROJECT, number);
    const console = await api.console(build.id);
    assert.deepEqual([ended.state, ended.reason?.code], ["aborted", "aborted"], console);
    assert.deepEqual(console.match(/^(told|always|swept|never)$/gmu), ["always", "told", "swept"], console);
    for (const said of stay.says ?? []) assert.match(console, said);
    assert.deepEqual(await processesOf(build), [], "a process is left");
    await until(
      "no container is left",
      async () => (await containersOf(spine, build)).length === 0,
      PATIENCE,
    );
  }

  async function hasProcess(build: Build): Promise<boolean> {
    return (await processesOf(build)).length > 0;
  }
});

/** The same numbers for the same seed (a linear congruence). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function silent() {
  const sockets = new Set<Socket>();
  let seen = 0;
  const server = createServer((socket) => {
    seen += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  return {
    start: async () => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    },
    address: () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("it does not listen");
      return `127.0.0.1:${address.port}`;
    },
    /** Since it was started. */
    connections: () => seen,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** How long the processes of that build sleep: by this they are known among all of this machine. */
function sleepOf(number: number): string {
  return `98${process.pid}${String(number).padStart(2, "0")}`;
}

/** Processes of this machine, containers included, that sleep as those of this build do. */
async function processesOf(build: Build): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/u.test(pid)) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const [program = "", ...rest] = words.split("\0");
    if (program.endsWith("sleep") && rest[0] === sleepOf(build.number)) found.push(words);
  }
  return found;
}

/** States of the containers of this build's sessions. */
async function containersOf(spine: Spine, build: Build): Promise<string[]> {
  const filters = { label: [`sluice.instance=${await spine.server.instance()}`] };
  const listed = await dockerForTests().listContainers({ all: true, filters });
  return listed
    .filter(({ Labels }) => (Labels["sluice.session"] ?? "").startsWith(`b${build.id}.`))
    .map(({ State }) => State);
}
