/** Parameters typed as lines `NAME=value`; `bad` is the first line that is none. */
export interface ParsedParameters {
  readonly parameters: Record<string, string>;
  readonly bad: string | undefined;
}

/** Reads lines of `NAME=value`; empty lines are passed over, everything behind the first `=` is the value. */
export function parseParameters(text: string): ParsedParameters {
  const parameters: Record<string, string> = {};
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = /^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)$/.exec(line);
    const name = match?.[1];
    if (name === undefined) return { parameters, bad: line.trim() };
    parameters[name] = match?.[2] ?? "";
  }
  return { parameters, bad: undefined };
}
