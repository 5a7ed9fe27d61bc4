import { PROJECT, startSpine } from "../../../test/support/spine.ts";
import type { Measure } from "../report.ts";
import { openCounts } from "./counts.ts";
import { sendPushes } from "./send.ts";

const PUSHES = 500;
const WARM_UP = 50;
const MAX_ROUNDS = 3;
const SLOWEST_MS = 2000;
// No runner is there: what follows an answer is not part of it.
const PIPELINE = `pipeline { agent any; stages { stage('A') { steps { echo 'a' } } } }
`;

/** 500 pushes within a second, the server killed at the last answer: how slow the slowest was, and what was lost. */
export async function* burstMeasures(rounds: number): AsyncGenerator<Measure> {
  const slowest: number[] = [];
  const wrong: number[] = [];
  for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round += 1) {
    const seen = await burst();
    slowest.push(seen.slowestMs);
    wrong.push(seen.wrong);
  }
  yield {
    kind: "plain",
    name: `slowest of ${PUSHES} pushes in a second`,
    unit: "ms",
    product: slowest,
    goal: { atMost: SLOWEST_MS },
  };
  yield {
    kind: "plain",
    name: "of these not answered 2xx, or without exactly one build after SIGKILL and a start",
    unit: "pushes",
    product: wrong,
    goal: { atMost: 0 },
    most: true,
  };
}

async function burst(): Promise<{ slowestMs: number; wrong: number }> {
  const spine = await startSpine({ runner: false });
  try {
    const commit = await spine.push("a file", { Jenkinsfile: PIPELINE }, "other");
    const target = { ...(await spine.server.api.renewHook(PROJECT)), repository: PROJECT, commit };
    await sendPushes(target, WARM_UP, PUSHES);
    const { answers } = await sendPushes(target, PUSHES, PUSHES);
    await spine.server.kill();
    await spine.server.restart();
    const counts = openCounts(spine.server.dataFolder);
    try {
      const wrong = answers.filter(
        ({ ref, status }) => status < 200 || status > 299 || counts.buildsOf(ref) !== 1,
      );
      return { slowestMs: Math.max(...answers.map(({ ms }) => ms)), wrong: wrong.length };
    } finally {
      counts.close();
    }
  } finally {
    await spine.stop();
  }
}
