import type { Order, Planned, Shape } from "../shape.ts";
import { countLines } from "./lines.ts";

/** Two stages that share a folder, a secret, a file that is kept, and a last word. */
export const plain: Shape = { name: "plain", weight: 14, plan };

function plan({ n }: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  environment { WHO = 'campaign ${n}' }
  stages {
    stage('Make') {
      steps {
        sh 'set +x; echo begun >> starts; echo "made by $WHO" > product; echo "starts $(wc -l < starts)"'
        archiveArtifacts 'product'
      }
    }
    stage('Look') {
      steps {
        sh 'set +x; cat product'
        withCredentials([string(credentialsId: 'canary', variable: 'TOKEN')]) { sh 'set +x; echo "the token is $TOKEN"' }
      }
    }
  }
  post { always { echo 'last word of ${n}' } }
}
`,
    expected: { state: "succeeded" },
    check: async ({ latest }, console) => [
      ...countLines(console, {
        "starts 1": 1,
        [`made by campaign ${n}`]: 1,
        "the token is ****": 1,
        [`last word of ${n}`]: 1,
      }),
      ...(latest().artifacts.length === 1 ? [] : [`it kept ${latest().artifacts.length} files, not 1`]),
    ],
  };
}
