import type { Order, Planned, Shape } from "../shape.ts";
import { countLines } from "./lines.ts";

/** Branches beside each other; in a third of them one fails, and the others are stopped or not. */
export const parallel: Shape = { name: "parallel", weight: 10, plan: planParallel };

/** Four cells, each with an agent of its own. */
export const matrix: Shape = { name: "matrix", weight: 4, plan: planMatrix };

function planParallel({ n, random }: Order): Planned {
  const fails = random.next() < 0.33;
  const failFast = random.next() < 0.5;
  const branch = (name: string, script: string): string =>
    `        stage('${name}') { steps { sh 'set +x; sleep 0.${random.between(1, 9)}; echo branch ${name} of ${n}; ${script}' } }`;
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Beside') {
      ${fails && failFast ? "failFast true" : ""}
      parallel {
${branch("left", "true")}
${branch("middle", fails ? "exit 4" : "true")}
${branch("right", "true")}
      }
    }
    stage('Then') { steps { echo 'after ${n}' } }
  }
}
`,
    expected: fails ? { state: "failed", fault: "command" } : { state: "succeeded" },
    check: async (_watched, console) =>
      countLines(console, {
        [`branch middle of ${n}`]: 1,
        [`after ${n}`]: fails ? 0 : 1,
        ...(fails && failFast ? {} : { [`branch left of ${n}`]: 1, [`branch right of ${n}`]: 1 }),
      }),
  };
}

function planMatrix({ n }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent none
  stages {
    stage('Cells') {
      matrix {
        axes {
          axis { name 'A'; values 'a', 'b' }
          axis { name 'B'; values '1', '2' }
        }
        agent { docker 'sluice-demo/busybox:1' }
        stages { stage('Cell') { steps { sh 'set +x; echo "cell $A$B of ${n}"' } } }
      }
    }
  }
}
`,
    expected: { state: "succeeded" },
    check: async (_watched, console) =>
      countLines(
        console,
        Object.fromEntries(["a1", "a2", "b1", "b2"].map((cell) => [`cell ${cell} of ${n}`, 1])),
      ),
  };
}
