import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import type { Build, Step } from "../../server/http/contract/builds.ts";
import { startSpine, PROJECT } from "../../test/support/spine.ts";
import type { Spine } from "../../test/support/spine.ts";
import { dockerForTests } from "../../test/support/services/docker.ts";
import { busyboxImage } from "../../test/support/services/images.ts";
import { openEngineFloor } from "./engine-floor.ts";
import type { EngineFloor } from "./engine-floor.ts";
import { firstOutputOf } from "./live-log.ts";
import { signedPush } from "./push.ts";
import type { Measure } from "./report.ts";

const FURTHER_STEPS = 20;
const EXECS = 8;
const FILES = 20;
const SETTLE_MS = 1000;

const Accepted = z.object({ builds: z.tuple([z.object({ id: z.int(), number: z.int() })]) });

/** From a webhook to the first output of its build's first command, and what each further command takes. */
export async function* firstOutputMeasures(rounds: number): AsyncGenerator<Measure> {
  const image = await busyboxImage(dockerForTests());
  // The pushes are announced here, with a clock beside them, and not by the repository's hook.
  const spine = await startSpine();
  let floor: EngineFloor | undefined;
  try {
    const { url, secret } = await spine.server.api.renewHook(PROJECT);
    await spine.git.setHook(PROJECT, { url: `${spine.git.url}/nowhere`, secret: "of nobody" });
    await spine.push("the project", { Jenkinsfile: jenkinsfile(image), ...files(0) });
    floor = await openEngineFloor(`${spine.git.url}/${PROJECT}.git`, image);
    const figures = await measure(spine, floor, { url, secret }, rounds);
    yield {
      kind: "ratio",
      name: "webhook to first step output",
      unit: "ms",
      product: figures.first,
      beside: "checkout, container and exec by hand",
      floor: figures.firstFloor,
      goal: { atMost: 1.3 },
    };
    yield {
      kind: "ratio",
      name: "a further step",
      unit: "ms",
      product: figures.further,
      beside: "docker exec",
      floor: figures.exec,
      goal: { atMost: 0.25 },
    };
  } finally {
    await floor?.stop();
    await spine.stop();
  }
}

interface Figures {
  readonly first: number[];
  readonly firstFloor: number[];
  readonly further: number[];
  readonly exec: number[];
}

async function measure(
  spine: Spine,
  floor: EngineFloor,
  hook: { readonly url: string; readonly secret: string },
  rounds: number,
): Promise<Figures> {
  const figures: Figures = { first: [], firstFloor: [], further: [], exec: [] };
  let firstStep = 1;
  // The first round warms both sides up, and tells which number the first command has.
  for (let round = 0; round <= rounds; round += 1) {
    const commit = await spine.push(`round ${round}`, files(round + 1));
    const byHand = await floor.firstByte(commit);
    const execs: number[] = [];
    for (let i = 0; i < EXECS; i += 1) execs.push(await floor.exec());
    const { firstMs, build } = await announce(spine, hook, commit, firstStep);
    const commands = stepsOf(build).filter(({ name }) => name === "sh");
    firstStep = commands[0]?.n ?? firstStep;
    if (round === 0) continue;
    figures.firstFloor.push(byHand);
    figures.exec.push(...execs);
    figures.first.push(firstMs);
    figures.further.push(periodOf(commands));
  }
  return figures;
}

async function announce(
  spine: Spine,
  hook: { readonly url: string; readonly secret: string },
  commit: string,
  firstStep: number,
): Promise<{ firstMs: number; build: Build }> {
  const { headers, body } = signedPush({ repository: PROJECT, ref: "refs/heads/main", commit }, hook.secret);
  const startedAt = performance.now();
  const answer = await fetch(hook.url, { method: "POST", headers, body });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`the webhook was answered ${answer.status}: ${text}`);
  const [{ id, number }] = Accepted.parse(JSON.parse(text)).builds;
  const firstAt = await firstOutputOf(spine.server, id, firstStep);
  const build = await spine.server.api.buildEnded(PROJECT, number);
  if (build.state !== "succeeded")
    throw new Error(`build ${number} ended ${build.state}: ${build.reason?.text}`);
  // The floor must not pay for the removal of this build's container.
  await pause(SETTLE_MS);
  return { firstMs: firstAt - startedAt, build };
}

function stepsOf(build: Build): readonly Step[] {
  return build.stages.flatMap(({ steps }) => steps);
}

/** ms from the end of one command to the end of the next, over all of a build. */
function periodOf(commands: readonly Step[]): number {
  const from = commands[0]?.endedAtMs;
  const to = commands.at(-1)?.endedAtMs;
  if (from === undefined || from === null || to === undefined || to === null || commands.length < 2)
    throw new Error("a build without further commands");
  return (to - from) / (commands.length - 1);
}

function jenkinsfile(image: string): string {
  const further = Array.from({ length: FURTHER_STEPS }, (_, at) => `        sh 'echo ${at + 1}'`);
  return `pipeline {
  agent { docker '${image}' }
  stages {
    stage('Measure') {
      steps {
        sh 'cat Jenkinsfile'
${further.join("\n")}
      }
    }
  }
}
`;
}

function files(round: number): Record<string, string> {
  const names = Array.from({ length: FILES }, (_, at) => [`file-${at}.txt`, `${round === 0 ? at : round}\n`]);
  return Object.fromEntries(names.slice(0, round === 0 ? FILES : 1));
}
