import { dryRun } from "../../../pipelines/engine/dry-run.ts";
import type { BuildEnd, Head } from "../../../pipelines/ports.ts";
import { aHead } from "./a-head.ts";

/** What a dry run of a file printed, and how it ended. */
export type Dry = { readonly lines: readonly string[]; readonly text: string; readonly end: BuildEnd };

/** Runs a file dry. */
export function dry(
  text: string,
  more: Partial<Head> = {},
  files: Readonly<Record<string, string>> = {},
): Dry {
  const lines: string[] = [];
  const end = dryRun({
    head: aHead(text, more),
    environment: { PATH: "/bin" },
    readFile: (path) => files[path] ?? null,
    print: (line) => lines.push(...line.split("\n")),
  });
  return { lines, text: lines.join("\n"), end };
}

/** The lines that begin with `>`: what a test file echoes to be looked at. */
export function said(result: Dry): string[] {
  return result.lines.filter((line) => line.startsWith(">")).map((line) => line.slice(1).trim());
}
