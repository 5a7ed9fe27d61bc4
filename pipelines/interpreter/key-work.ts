import { EvaluationLimitError, StringLimitError } from "./limits.ts";

/** Keys made of many parts that one turn may make; more than any turn may work. */
const MAX_PARTS = 5_000_000;
/** Characters of a key. */
const MAX_LENGTH = 16 * 1024 * 1024;

/**
 * Work done for the keys of maps and sets. A value makes its key without knowing who counts, and a list that holds
 * itself many times over has a key without end: what was done is put here, and the meter takes it at its next count.
 * Turns never interleave, so that it is always the work of the script that runs.
 */
export const keyWork = { parts: 0 };

/** Joins the keys of parts, counting them. */
export function joinKeys(prefix: string, parts: readonly string[]): string {
  let length = prefix.length;
  for (const part of parts) length += part.length + 1;
  keyWork.parts += parts.length + (length >> 6);
  if (keyWork.parts > MAX_PARTS) {
    keyWork.parts = 0;
    throw new EvaluationLimitError(MAX_PARTS);
  }
  if (length > MAX_LENGTH) throw new StringLimitError(MAX_LENGTH);
  return prefix + parts.join();
}
