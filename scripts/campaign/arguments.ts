import { parseArgs } from "node:util";

/** What a campaign was asked for. */
export interface CampaignOptions {
  readonly seed: number;
  /** It ends when this time is over, or when builds and faults, where given, are reached. */
  readonly minutes: number;
  readonly builds: number | undefined;
  readonly faults: number | undefined;
  /** Also faults that take minutes. */
  readonly isLong: boolean;
  /** Only faults and kinds of builds with these words in their names; all where there are none. */
  readonly onlyFaults: readonly string[];
  readonly onlyShapes: readonly string[];
  /** How long builds may take to end once nothing is struck any more. */
  readonly patienceMs: number;
  /** The folder stays although all was well. */
  readonly keep: boolean;
}

const USUAL_MINUTES = 5;
/** Longer than a runner that fell silent is waited for, on a machine with five times too much to do. */
const USUAL_PATIENCE_S = 240;
const MOST_MINUTES = 24 * 60;

export const USAGE = `Usage: npm run campaign -- [--seed N] [--minutes M] [--builds B] [--faults F] [--long] [--keep] [--patience S]
                               [--only-faults A,B] [--only-builds A,B]

Runs builds on a real server, runners, Redis, Docker, registry, Swarm and git while all of them are struck, and checks
after each quiet period that nothing was lost or done twice.
  --seed N      repeats the same schedule of builds and faults (default: drawn, and printed)
  --minutes M   how long (default ${USUAL_MINUTES}; with --builds or --faults: until they are reached)
  --builds B    ends when so many builds were made
  --faults F    ends when so many faults were done; with --builds: when both are reached
  --long        what takes minutes, in real time: first the cases that npm test cuts short, then a campaign in which
                Redis, the server and runners are away for minutes, too
  --patience S  seconds within which all has to come to rest once nothing is struck (default ${USUAL_PATIENCE_S})
  --keep        keeps the folder also when all was well
  --only-faults A,B   only faults and long cases with one of these words in their names
  --only-builds A,B   only such kinds of builds
Exit status: 0 nothing was violated, 1 something was, 2 wrong use.`;

/** Reads the arguments; undefined where they are wrong, "help" where help was asked for. */
export function readOptions(
  argv: readonly string[],
  drawSeed: () => number,
): CampaignOptions | "help" | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: "string" },
        minutes: { type: "string" },
        builds: { type: "string" },
        faults: { type: "string" },
        long: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        patience: { type: "string" },
        "only-faults": { type: "string", default: "" },
        "only-builds": { type: "string", default: "" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const builds = countOf(values.builds);
    const faults = countOf(values.faults);
    const isCounted = builds !== undefined || faults !== undefined;
    const minutes =
      values.minutes === undefined ? (isCounted ? MOST_MINUTES : USUAL_MINUTES) : Number(values.minutes);
    if (!(minutes > 0) || minutes > MOST_MINUTES) return undefined;
    return {
      seed: countOf(values.seed) ?? drawSeed(),
      minutes,
      builds,
      faults,
      isLong: values.long,
      patienceMs: (countOf(values.patience) ?? USUAL_PATIENCE_S) * 1000,
      onlyFaults: wordsOf(values["only-faults"]),
      onlyShapes: wordsOf(values["only-builds"]),
      keep: values.keep,
    };
  } catch {
    return undefined;
  }
}

/** @throws {Error} for what is no whole number */
function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${text} is no count`);
  return count;
}

function wordsOf(text: string): string[] {
  return text.split(",").filter((word) => word !== "");
}

/** Whether a name has one of the words, or there are none. */
export function isWanted(name: string, words: readonly string[]): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}
