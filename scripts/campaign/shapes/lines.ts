/** Says what is wrong when a console does not have each of these lines exactly that often. */
export function countLines(console: string, wanted: Readonly<Record<string, number>>): string[] {
  const lines = console.split("\n");
  const wrong: string[] = [];
  for (const [text, times] of Object.entries(wanted)) {
    const found = lines.filter((line) => line === text).length;
    if (found !== times) wrong.push(`its console has the line "${text}" ${found} times, not ${times}`);
  }
  return wrong;
}
