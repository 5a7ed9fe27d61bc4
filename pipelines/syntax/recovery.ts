import { isOperator, MAX_SYNTAX_ERRORS, peek, SyntaxFailure, tokenAt } from "./cursor.ts";
import type { Parser } from "./cursor.ts";

/** Runs the rule of a statement or member; when it fails, notes why and skips to where the next one can begin. */
export function guarded(p: Parser, rule: () => void): void {
  const { nesting, at: start } = p;
  try {
    rule();
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    p.nesting = nesting;
    p.angles = 0;
    p.diagnostics.push(error.diagnostic);
    if (p.diagnostics.length >= MAX_SYNTAX_ERRORS) p.at = p.tokens.length - 1;
    // Nothing is left to skip, and every level around this one would look through the whole file for it.
    if (peek(p).kind === "end") return;
    skipRest(p, start);
  }
}

/**
 * Skips the rest of what began at `start`: up to a newline or semicolon outside its brackets, or the brace that closes
 * what it stands in. A newline token never lies in round or square brackets, so it ends it even if one was left open.
 */
function skipRest(p: Parser, start: number): void {
  let braces = 0;
  let brackets = 0;
  for (let i = start; tokenAt(p, i).kind !== "end"; i += 1) {
    const token = tokenAt(p, i);
    const isPast = i >= p.at;
    if (isPast && braces <= 0 && (token.kind === "newline" || isOperator(token, "}"))) break;
    if (isPast && braces <= 0 && brackets <= 0 && isOperator(token, ";")) break;
    if (isOperator(token, "{")) braces += 1;
    else if (isOperator(token, "}")) braces -= 1;
    else if (isOperator(token, "(") || isOperator(token, "[")) brackets += 1;
    else if (isOperator(token, ")") || isOperator(token, "]")) brackets -= 1;
    if (isPast) p.at = i + 1;
  }
  if (peek(p).kind === "end") p.at = p.tokens.length - 1;
}
