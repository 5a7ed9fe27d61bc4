import { parseArgs } from "node:util";

/** The parts of the bench that can be asked for alone. */
export const PARTS = ["pipeline", "language", "accept"] as const;
export type Part = (typeof PARTS)[number];
/** Those that are measured when none is asked for; the others take too long for that. */
export const USUAL_PARTS: readonly Part[] = ["pipeline", "language"];

/** What the bench was asked to do. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Whether a missed goal makes the exit status 1. */
  readonly check: boolean;
  /** Rounds of each measure; every round has the floor and the product in turn. */
  readonly rounds: number;
}

/** How the bench is called. */
export const USAGE = `Usage: npm run bench -- [--only pipeline|language|accept] [--rounds N] [--check]

Measures Sluice beside the least that this machine needs for the same work, in the same minutes, and prints ratios.
  --only PART   pipeline: from a push to its output, accepting, start-up and memory; language: lint, loops, dry run;
                accept: 500 pushes in a second and a kill, 10,000 builds and 10,000 gates that wait (many minutes)
  --rounds N    rounds of each measure (default 10)
  --check       exit status 1 when a goal is missed`;

const DEFAULT_ROUNDS = 10;

/** Reads the arguments; a text says what is wrong with them. */
export function readBenchOptions(argv: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: "string" },
        rounds: { type: "string" },
        check: { type: "boolean", default: false },
      },
    });
    const rounds = values.rounds === undefined ? DEFAULT_ROUNDS : Number(values.rounds);
    if (!Number.isSafeInteger(rounds) || rounds < 1) return "--rounds takes a number from 1 on";
    if (values.only === undefined) return { parts: USUAL_PARTS, check: values.check, rounds };
    const part = PARTS.find((known) => known === values.only);
    if (part === undefined) return `--only takes ${PARTS.join(", ")}, not "${values.only}"`;
    return { parts: [part], check: values.check, rounds };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
