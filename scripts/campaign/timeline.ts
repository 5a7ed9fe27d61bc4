import { appendFileSync } from "node:fs";

/** What happened, in order: printed as it happens where wanted, and kept for the story of a failure. */
export interface Timeline {
  readonly say: (line: string) => void;
  /** The last lines, oldest first. */
  last(count: number): readonly string[];
  /** Seconds since the start. */
  seconds(): number;
}

/** Begins a timeline that is also written to `file`. */
export function startTimeline(file: string, print: (line: string) => void): Timeline {
  const startedAtMs = Date.now();
  const lines: string[] = [];
  const seconds = (): number => (Date.now() - startedAtMs) / 1000;
  return {
    seconds,
    say: (text) => {
      const line = `${seconds().toFixed(1).padStart(7)}  ${text}`;
      lines.push(line);
      appendFileSync(file, `${line}\n`);
      print(line);
    },
    last: (count) => lines.slice(-count),
  };
}
