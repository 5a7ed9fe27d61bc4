/** `npm run bench`: Sluice beside the least this machine needs for the same work. */
import { readBenchOptions, USAGE } from "./bench/arguments.ts";
import type { Part } from "./bench/arguments.ts";
import { loadText, machineLine } from "./bench/machine.ts";
import { judge, lineOf, statusOf } from "./bench/report.ts";
import type { Measure, Verdict } from "./bench/report.ts";

const UNUSABLE = 2;

const MEASURES: Readonly<Record<Part, (rounds: number) => AsyncGenerator<Measure>>> = {
  pipeline: async function* (rounds) {
    yield* (await import("./bench/pipeline.ts")).pipelineMeasures(rounds);
  },
  language: async function* (rounds) {
    yield* (await import("./bench/language.ts")).languageMeasures(rounds);
  },
  accept: async function* (rounds) {
    yield* (await import("./bench/accept.ts")).acceptMeasures(rounds);
  },
};

async function main(argv: readonly string[]): Promise<number> {
  const options = readBenchOptions(argv);
  if (typeof options === "string") {
    console.error(`bench: ${options}\n\n${USAGE}`);
    return UNUSABLE;
  }
  console.log(await machineLine());
  const verdicts: Verdict[] = [];
  for (const part of options.parts) {
    for await (const measure of MEASURES[part](options.rounds)) {
      const verdict = judge(measure);
      verdicts.push(verdict);
      console.log(lineOf(verdict));
    }
  }
  const missed = verdicts.filter(({ met }) => !met).length;
  console.log(`${verdicts.length - missed} of ${verdicts.length} goals met; load now ${loadText()}`);
  return statusOf(verdicts, options.check);
}

process.exitCode = await main(process.argv.slice(2));
