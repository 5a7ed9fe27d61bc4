import type { Answer } from "../../../server/http/contract.ts";
import { aBuild, aFailure, aStage, aStep, FAILED_BUILD, NOW } from "./fixtures.ts";

const MINUTE = 60_000;

/** A whole build's page with nothing on it, for builds that differ from the example in shape. */
function aWholeBuild(part: Partial<Answer<"build">> & { readonly number: number }): Answer<"build"> {
  return {
    ...FAILED_BUILD,
    ...aBuild({ id: part.number, number: part.number }),
    stages: [],
    steps: [],
    failure: null,
    diagnostics: [],
    notices: [],
    tests: null,
    artifacts: [],
    ...part,
  };
}

/** A change request from a fork, that nobody has let run yet. */
export const OUTSIDE_BUILD = aWholeBuild({
  number: 414,
  state: "queued",
  trust: "untrusted",
  trigger: "change",
  ref: { kind: "change", name: "57" },
  title: "Round the discount half to even",
  author: { name: "visitor", login: "visitor" },
  startedAtMs: null,
  endedAtMs: null,
  waits: [
    {
      cause: "approval",
      text: "it was made by somebody who may not write to the repository",
      sinceAtMs: NOW - 40 * MINUTE,
      untilAtMs: null,
      endedBy: "a maintainer of the project who lets it run, on its page",
      gate: null,
      build: null,
    },
  ],
  change: {
    number: 57,
    title: "Round the discount half to even",
    source: "fix/rounding",
    target: "main",
    fork: true,
    author: "visitor",
    draft: false,
  },
});

/** How many cells the matrix of the example has. */
export const MATRIX_CELLS = 200;

/** A matrix of many cells on a branch with a Chinese name, one of them failed. */
export const MATRIX_BUILD = aWholeBuild({
  number: 415,
  state: "failed",
  reason: { code: "command_exit", fault: "command", text: "One cell failed." },
  failure: aFailure({
    stage: "Matrix › PLATFORM = 'platform-17', NODE = '20'",
    step: 118,
    line: 1,
    excerpt: [],
  }),
  ref: { kind: "branch", name: "功能/退款回调签名-与一个相当长的分支名称-用来检查换行和截断是否正常" },
  title: `一行很长的提交说明：${"修正购物车折扣".repeat(12)}`,
  stages: [
    aStage({ path: "Matrix", kind: "matrix", state: "failed" }),
    ...Array.from({ length: MATRIX_CELLS }, (_, at) =>
      aStage({
        path: `Matrix/${at}`,
        parent: "Matrix",
        name: `PLATFORM = 'platform-${at % 20}', NODE = '${Math.floor(at / 20) + 15}'`,
        kind: "branch",
        state: at === 117 ? "failed" : "succeeded",
        steps: [
          aStep({
            n: at + 1,
            stage: `Matrix/${at}`,
            label: "sh npm test",
            state: at === 117 ? "failed" : "succeeded",
          }),
        ],
      }),
    ),
  ],
});

/** How many branches of the example run beside each other. */
export const BRANCHES = 60;

/** Many parallel branches between two stages, all drawn. */
export const PARALLEL_BUILD = aWholeBuild({
  number: 416,
  stages: [
    aStage({ path: "Build", steps: [aStep({ n: 1, stage: "Build" })] }),
    aStage({ path: "Regions", kind: "parallel" }),
    ...Array.from({ length: BRANCHES }, (_, at) =>
      aStage({
        path: `Regions/${at}`,
        parent: "Regions",
        name: `region-${at}`,
        kind: "branch",
        steps: [aStep({ n: at + 2, stage: `Regions/${at}` })],
      }),
    ),
    aStage({ path: "Report", steps: [aStep({ n: BRANCHES + 2, stage: "Report" })] }),
  ],
});

/** A line without a blank in it. */
export const UNBROKEN_LINE = `start-${"0123456789abcdef".repeat(2000)}-end`;

/** A scripted pipeline that names no stage. */
export const SCRIPTED_BUILD = aWholeBuild({
  number: 417,
  title: UNBROKEN_LINE.slice(0, 400),
  steps: [
    aStep({ n: 1, name: "checkout", label: "checkout scm" }),
    aStep({ n: 2, label: `sh echo ${UNBROKEN_LINE.slice(0, 300)}` }),
  ],
});

/** The answers of the builds above. */
export function wideAnswers(): readonly (readonly [string, unknown])[] {
  return [OUTSIDE_BUILD, MATRIX_BUILD, PARALLEL_BUILD, SCRIPTED_BUILD].map(
    (build) => [`GET /projects/${build.project}/builds/${build.number}`, build] as const,
  );
}

/** Logs of the builds above, by build and step. */
export function wideLogs(): readonly (readonly [string, Buffer])[] {
  return [
    ["417.1", Buffer.from("cloned\n")],
    ["417.2", Buffer.from(`before\n${UNBROKEN_LINE}\nafter\n`)],
    ["415.118", Buffer.from("one cell failed\n")],
  ] as const;
}
