import type { Diagnostic } from "../diagnostic.ts";
import type { Annotation, Import, Program, Statement } from "./ast.ts";
import { parseClassBody } from "./classes.ts";
import { suspectBraces } from "./checks/braces.ts";
import { checkDepth } from "./checks/depth.ts";
import { checkScopes } from "./checks/scopes.ts";
import { checkJumps } from "./checks/jumps.ts";
import { parseCommandExpression } from "./commands.ts";
import {
  acceptKeyword,
  at,
  failure,
  isKeyword,
  isOperator,
  newlines,
  pastNewlines,
  peek,
  shown,
  spanFrom,
  take,
  tokenAt,
} from "./cursor.ts";
import type { Parser, Rules } from "./cursor.ts";
import { lex, MAX_PROBLEMS } from "./lexer.ts";
import { guarded } from "./recovery.ts";
import { pastAnnotation, startsImport } from "./lookahead.ts";
import { parseExpression } from "./operators.ts";
import { parseBlock, parseStatement, skipSeparators } from "./statements.ts";
import { parseAnnotation, parseName, parseQualifiedName } from "./types.ts";

/** A parsed file. With diagnostics that are errors the tree holds what could be read and is not for running. */
export type Parsed = { readonly program: Program; readonly diagnostics: readonly Diagnostic[] };

/** How many UTF-16 units a file may have. Public Jenkinsfiles stay below 60 000. */
export const MAX_SOURCE_UNITS = 1_000_000;

/** Reads a Groovy text. Never throws: whatever is wrong with the text is a diagnostic, in the order of the text. */
export function parse(text: string): Parsed {
  if (text.length > MAX_SOURCE_UNITS) return tooLong(text);
  const { tokens, diagnostics } = lex(text);
  const rules: Rules = {
    expression: parseExpression,
    commandExpression: parseCommandExpression,
    blockBody: parseBlockBody,
    block: parseBlock,
    classBody: parseClassBody,
  };
  const p: Parser = { tokens, diagnostics: [], rules, at: 0, nesting: 0, angles: 0, lastPath: undefined };
  const [tooMany] = diagnostics;
  if (tooMany?.code === "source-too-long") return { program: emptyProgram(text), diagnostics: [tooMany] };
  const program = parseProgram(p, text);
  const found = onePerLine([...diagnostics, ...p.diagnostics]).map((d) => withSuspects(d, p));
  if (found.length > 0) return { program, diagnostics: found };
  const tooDeep = checkDepth(program);
  if (tooDeep.length > 0) return { program, diagnostics: tooDeep };
  const checked = inOrder([...checkScopes(program), ...checkJumps(program)]);
  return { program, diagnostics: checked.slice(0, MAX_PROBLEMS) };
}

const START = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

function emptyProgram(text: string): Program {
  return { kind: "Program", text, annotations: [], imports: [], statements: [], span: START };
}

function tooLong(text: string): Parsed {
  const program = emptyProgram(text);
  const message = `the file has more than ${MAX_SOURCE_UNITS} characters`;
  return {
    program,
    diagnostics: [
      { code: "source-too-long", message, hint: "read data from a file of the workspace", span: START },
    ],
  };
}

// Program = [ Package ] { Import | Statement }
function parseProgram(p: Parser, text: string): Program {
  const imports: Import[] = [];
  const annotations: Annotation[] = [];
  const statements: Statement[] = [];
  let packageName: string | undefined;
  newlines(p);
  const first = peek(p).span;
  guarded(p, () => {
    if (isKeyword(peek(p), "package")) {
      p.at += 1;
      packageName = parseQualifiedName(p).name;
    }
  });
  while (peek(p).kind !== "end") {
    const before = p.at;
    skipSeparators(p);
    guarded(p, () => {
      if (peek(p).kind === "end") return;
      if (startsImport(p, p.at)) imports.push(parseImport(p, annotations));
      else statements.push(parseStatement(p));
      expectSeparator(p, "EOF");
    });
    if (p.at === before) p.at += 1;
  }
  return {
    kind: "Program",
    text,
    ...(packageName === undefined ? {} : { packageName }),
    annotations,
    imports,
    statements,
    span: spanFrom(p, first),
  };
}

// Import = { Annotation } "import" [ "static" ] QualifiedName [ "." "*" | "as" Identifier ]
function parseImport(p: Parser, annotations: Annotation[]): Import {
  const first = peek(p);
  const own: Annotation[] = [];
  while (pastAnnotation(p, p.at) !== undefined) {
    own.push(parseAnnotation(p, parseExpression));
    newlines(p);
  }
  annotations.push(...own);
  take(p);
  const isStatic = acceptKeyword(p, "static");
  const { name } = parseQualifiedName(p);
  const isStar = at(p, ".") && isOperator(tokenAt(p, pastNewlines(p, p.at + 1)), "*");
  if (isStar) p.at = pastNewlines(p, p.at + 1) + 1;
  const alias = acceptKeyword(p, "as") ? { alias: parseName(p).name } : {};
  return {
    kind: "Import",
    isStatic,
    name,
    isStar,
    ...alias,
    annotations: own,
    span: spanFrom(p, first.span),
  };
}

// BlockBody = [ Statement ] { separator [ Statement ] }
function parseBlockBody(p: Parser, closing: "}" | "end"): Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    skipSeparators(p);
    if (peek(p).kind === "end" || (closing === "}" && at(p, "}"))) return statements;
    const before = p.at;
    guarded(p, () => {
      statements.push(parseStatement(p));
      if (!at(p, "}")) expectSeparator(p, "'}'");
    });
    if (p.at === before) return statements;
  }
}

function expectSeparator(p: Parser, wanted: string): void {
  const token = peek(p);
  if (token.kind === "newline" || token.kind === "end" || at(p, ";")) return;
  // Groovy says EOF of a script and names the brace of a block; one that is too many is said plainly.
  if (wanted === "EOF" && at(p, "}"))
    throw failure(token, "unexpected token: }", "there is no block left to close");
  throw failure(
    token,
    `expecting ${wanted}, found ${shown(token)}`,
    "a statement ends with its line or with a semicolon",
  );
}

/** Where braces do not match, the place where it is noticed is rarely the one where it went wrong. */
function withSuspects(diagnostic: Diagnostic, p: Parser): Diagnostic {
  if (!/^(expecting '}', found end of file|unexpected token: })$/.test(diagnostic.message)) return diagnostic;
  const suspects = suspectBraces(p.tokens);
  return suspects.length === 0 ? diagnostic : { ...diagnostic, related: suspects };
}

/** What follows the first mistake of a line is mostly its echo. */
function onePerLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Set<number>();
  return inOrder(diagnostics).filter((diagnostic) => {
    if (diagnostic.code === "syntax" && lines.has(diagnostic.span.line)) return false;
    lines.add(diagnostic.span.line);
    return true;
  });
}

function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted((a, b) => a.span.start - b.span.start);
}
