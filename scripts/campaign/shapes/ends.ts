import { setTimeout as pause } from "node:timers/promises";
import type { Order, Planned, Shape, Watched } from "../shape.ts";
import { countLines } from "./lines.ts";

/** A command that fails: its own fault, and somebody is told. */
export const failing: Shape = { name: "failing", weight: 6, plan: planFailing };

/** A command that works at the third try. */
export const retried: Shape = { name: "retry", weight: 7, plan: planRetried };

/** A command that takes too long. */
export const timedOut: Shape = { name: "timeout", weight: 6, plan: planTimedOut };

/** A build that somebody stops at some moment. */
export const cancelled: Shape = { name: "cancel", weight: 8, plan: planCancelled };

/** A build that only waits. */
export const sleeping: Shape = { name: "sleep", weight: 6, plan: planSleeping };

function planFailing({ n }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages { stage('Break') { steps { sh 'set +x; echo "breaks ${n}"; exit 3' } } }
  post { failure { echo 'sorry ${n}' } }
}
`,
    expected: { state: "failed", fault: "command" },
    check: async (_watched, console) => countLines(console, { [`breaks ${n}`]: 1, [`sorry ${n}`]: 1 }),
  };
}

function planRetried({ n }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Try') {
      steps { retry(3) { sh 'set +x; echo t >> tries; echo "try $(wc -l < tries) of ${n}"; [ $(wc -l < tries) -ge 3 ]' } }
    }
  }
}
`,
    expected: { state: "succeeded" },
    check: async (_watched, console) =>
      countLines(console, { [`try 1 of ${n}`]: 1, [`try 2 of ${n}`]: 1, [`try 3 of ${n}`]: 1 }),
  };
}

function planTimedOut({ n }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages { stage('Slow') { steps { timeout(time: 2, unit: 'SECONDS') { sh 'sleep 98765' } } } }
  post { aborted { echo 'too slow ${n}' } }
}
`,
    expected: { state: "aborted", fault: "command", code: "timeout" },
    check: async (_watched, console) => countLines(console, { [`too slow ${n}`]: 1 }),
  };
}

function planCancelled({ n, random }: Order): Planned {
  const afterMs = random.between(0, 5_000);
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages { stage('Long') { steps { sh 'set +x; echo "long ${n}"; sleep 98765' } } }
  post { always { echo 'told ${n}' } }
}
`,
    attend: async ({ person, buildId }: Watched) => {
      await pause(afterMs);
      const answer = await person.ask("POST", `/builds/${buildId}/abort`, {});
      // Once more because the first answer was lost is refused as well.
      if (answer.status !== 202 && answer.status !== 409)
        throw new Error(`aborting was answered ${answer.status}: ${answer.text}`);
      return undefined;
    },
    expected: { state: "aborted", fault: "person" },
    check: async (_watched, console) =>
      console.includes(`\nlong ${n}\n`) ? countLines(console, { [`told ${n}`]: 1 }) : [],
  };
}

function planSleeping({ n, random }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent none
  stages { stage('Wait') { steps { echo 'before ${n}'; sleep ${random.between(1, 4)}; echo 'after ${n}' } } }
}
`,
    expected: { state: "succeeded" },
    check: async (_watched, console) => countLines(console, { [`before ${n}`]: 1, [`after ${n}`]: 1 }),
  };
}
