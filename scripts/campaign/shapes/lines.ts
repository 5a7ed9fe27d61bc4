import { OUTPUT_LOST } from "../../../runners/step/supervisor.ts";

/** What the console says where an agent was lost and its block is run once more, as the rules allow. */
const AGAIN =
  "Nothing that others can see had happened on it: taking another one and running the block again";

/** What one failed write of a runner may lose: it says so at the place. */
const LOST_AT_ONCE = 65_536;
const NUMBERED = /^number (\d+)$/u;

/** How often blocks of a build were run again because their agents were lost. */
export function rerunsIn(console: string): number {
  return console.split("\n").filter((line) => line === AGAIN).length;
}

/**
 * Says what is wrong when a console does not have each of these lines exactly that often; once more for each time that
 * a block was run again, and less often where it says itself that something was lost.
 */
export function countLines(console: string, wanted: Readonly<Record<string, number>>): string[] {
  const lines = console.split("\n");
  const reruns = rerunsIn(console);
  const isWhole = !saysLost(console);
  const wrong: string[] = [];
  for (const [text, times] of Object.entries(wanted)) {
    const found = lines.filter((line) => line === text).length;
    const most = times === 0 ? 0 : times + reruns;
    if ((found < times && isWhole) || found > most)
      wrong.push(`its console has the line "${text}" ${found} times, not ${times}`);
  }
  return wrong;
}

/** Whether a log says of itself that a full disk has taken a piece of it. */
export function saysLost(text: string): boolean {
  return text.includes(OUTPUT_LOST);
}

/**
 * What is wrong with a log of the lines `number 1`, `number 2` …: none may be missing, twice or out of order. Where it
 * says that a piece was lost, that piece may be missing. `count` undefined: as far as the command came.
 */
export function checkNumbered(text: string, count: number | undefined): string | undefined {
  const pieces = text.split(`${OUTPUT_LOST}\n`);
  let last = 0;
  for (const [at, piece] of pieces.entries()) {
    const lines = piece.split("\n").filter((line) => line !== "" && line !== "+ set +x");
    // What was cut off began or ended in the middle of a line.
    if (at > 0 && lines.length > 0 && !NUMBERED.test(lines[0] ?? "")) lines.shift();
    const isCut = at < pieces.length - 1 || count === undefined;
    if (isCut && !piece.endsWith("\n")) lines.pop();
    for (const [index, line] of lines.entries()) {
      const n = Number(NUMBERED.exec(line)?.[1] ?? Number.NaN);
      const gap = n - last - 1;
      const mayMiss = index === 0 && at > 0 ? LOST_AT_ONCE / line.length : 0;
      if (!(gap >= 0 && gap <= mayMiss)) return `has "${line.slice(0, 80)}" after number ${last}`;
      last = n;
    }
  }
  const isOpen = pieces.length > 1 && pieces.at(-1) === "";
  if (count !== undefined && last !== count && !isOpen) return `ends with number ${last}, not ${count}`;
  return undefined;
}
