import type { Head } from "../../../pipelines/ports.ts";

/** A head for a Jenkinsfile: a build of branch main, trusted, with nothing special about it. */
export function aHead(text: string, more: Partial<Head> = {}): Head {
  return {
    commit: "a".repeat(40),
    ref: "refs/heads/main",
    event: { kind: "branch", branch: "main", primary: true },
    actor: { id: "ann", name: "Ann", email: "ann@example.org" },
    parameters: {},
    file: { path: "Jenkinsfile", text, commit: "a".repeat(40) },
    libraries: [],
    settings: { timeZone: "UTC", defaultLabel: null, environment: {}, deployTo: null, mayDeployTo: null },
    startedAtMs: 1_750_000_000_000,
    changes: [],
    restartFrom: null,
    trusted: true,
    project: {
      key: "shop",
      jobName: "shop/main",
      url: "http://localhost:3000/projects/shop",
      cloneUrl: "https://forge.example.org/shop.git",
    },
    build: {
      number: 7,
      url: "http://localhost:3000/projects/shop/builds/7",
      serverUrl: "http://localhost:3000/",
      causes: [
        {
          class: "BranchEventCause",
          text: "Push to main by Ann",
          userId: "ann",
          userName: "Ann",
          upstream: null,
        },
      ],
      previousCommit: null,
      previousSuccessfulCommit: null,
    },
    hasAgentImage: true,
    hasScm: true,
    ...more,
  };
}
