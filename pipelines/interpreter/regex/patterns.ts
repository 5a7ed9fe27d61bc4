import type { PatternValue } from "../values.ts";
import { parseRegex } from "./parse.ts";
import { compileRegex, type RegexProgram } from "./program.ts";

const MAX_KEPT = 200;

/** Patterns compiled once; the oldest are forgotten. */
const kept = new Map<string, RegexProgram>();

/** The program of a pattern; throws PatternSyntaxException. */
export function programOf(pattern: PatternValue): RegexProgram {
  const key = `${pattern.flags}/${pattern.source}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const program = compileRegex(parseRegex(pattern.source, pattern.flags));
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? "");
  kept.set(key, program);
  return program;
}
