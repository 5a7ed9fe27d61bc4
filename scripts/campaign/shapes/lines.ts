/** What the console says where an agent was lost and its block is run once more, as the rules allow. */
const AGAIN =
  "Nothing that others can see had happened on it: taking another one and running the block again";

/** How often blocks of a build were run again because their agents were lost. */
export function rerunsIn(console: string): number {
  return console.split("\n").filter((line) => line === AGAIN).length;
}

/**
 * Says what is wrong when a console does not have each of these lines exactly that often; once more for each time that
 * a block was run again.
 */
export function countLines(console: string, wanted: Readonly<Record<string, number>>): string[] {
  const lines = console.split("\n");
  const reruns = rerunsIn(console);
  const wrong: string[] = [];
  for (const [text, times] of Object.entries(wanted)) {
    const found = lines.filter((line) => line === text).length;
    const most = times === 0 ? 0 : times + reruns;
    if (found < times || found > most)
      wrong.push(`its console has the line "${text}" ${found} times, not ${times}`);
  }
  return wrong;
}
