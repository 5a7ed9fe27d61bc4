import { createInterface } from "node:readline/promises";
import type { DecisionRequest } from "../../server/http/contract/gates.ts";
import type { AskedInput } from "../../server/local/reader.ts";

/** Whether `--approve` names this input: by its id, its stage or its message. */
export function isApproved(asked: AskedInput, names: readonly string[]): boolean {
  return names.some((name) => name === asked.id || name === asked.stage || name === asked.message);
}

/** Whether a person sits at the terminal who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks the person at the terminal; null when the question went away meanwhile. Questions go to the standard error, so that
 * the standard output stays the build's own.
 */
export async function ask(
  asked: AskedInput,
  signal: AbortSignal,
  interrupted: () => void,
): Promise<DecisionRequest | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // In a question the terminal hands Ctrl-C to us instead of to the process.
  terminal.on("SIGINT", interrupted);
  try {
    const yes = await terminal.question(`\n? ${asked.message}\n  ${asked.okLabel}? [y/n] `, { signal });
    if (!/^y(es)?$/iu.test(yes.trim())) return { decision: "reject" };
    const values: Record<string, string> = {};
    for (const field of asked.fields) {
      const choices = field.choices.length === 0 ? "" : ` (${field.choices.join(", ")})`;
      const shown = field.defaultText === "" ? "" : ` [${field.defaultText}]`;
      const text = await terminal.question(`  ${field.name}${choices}${shown}: `, { signal });
      if (text !== "") values[field.name] = text;
    }
    return { decision: "approve", values };
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    terminal.close();
  }
}
