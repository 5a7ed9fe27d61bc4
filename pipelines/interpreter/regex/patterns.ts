import type { Meter } from "../meter.ts";
import type { PatternValue } from "../values.ts";
import { parseRegex } from "./parse.ts";
import { compileRegex, type RegexProgram } from "./program.ts";

/** Instructions of all programs that one script keeps. */
const MAX_KEPT = 50_000;

/** Evaluations that a pattern counts for which was not met before, besides its length. */
const NEW_PATTERN = 20;

type Kept = { size: number; readonly programs: Map<string, RegexProgram> };

/** Patterns compiled once; the oldest are forgotten. Each script has its own, so that it counts the same in every replay. */
const keptBy = new WeakMap<Meter, Kept>();

/** The program of a pattern; throws PatternSyntaxException. */
export function programOf(pattern: PatternValue, meter: Meter): RegexProgram {
  const kept = keptBy.get(meter) ?? { size: 0, programs: new Map<string, RegexProgram>() };
  keptBy.set(meter, kept);
  const key = `${pattern.flags}/${pattern.source}`;
  const known = kept.programs.get(key);
  if (known !== undefined) return known;
  meter.tick(NEW_PATTERN + pattern.source.length);
  const program = compileRegex(parseRegex(pattern.source, pattern.flags));
  meter.allocate(program.size * 64);
  kept.programs.set(key, program);
  kept.size += program.size;
  for (const [old, { size }] of kept.programs) {
    if (kept.size <= MAX_KEPT || old === key) break;
    kept.programs.delete(old);
    kept.size -= size;
  }
  return program;
}
