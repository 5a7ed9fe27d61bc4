import type {
  Assert,
  Block,
  Catch,
  Declaration,
  Expression,
  ExpressionStatement,
  For,
  ForIn,
  If,
  Labeled,
  MultipleDeclaration,
  Parameter,
  Statement,
  Switch,
  SwitchCase,
  Try,
  While,
} from "./ast.ts";
import { parseTypeDeclaration } from "./classes.ts";
import { parseCommandExpression } from "./commands.ts";
import {
  accept,
  acceptKeyword,
  at,
  expect,
  failure,
  isKeyword,
  isOperator,
  nested,
  newlines,
  pastNewlines,
  peek,
  report,
  shown,
  spanFrom,
  take,
  tokenAt,
  unexpected,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import {
  isAbstractHere,
  parseDeclaration,
  parseDeclarationPrefix,
  parseMultipleDeclaration,
} from "./declarations.ts";
import {
  startsClosureParameters,
  startsDeclaration,
  startsGenericMethod,
  startsImport,
  startsMultipleDeclaration,
  startsTypeDeclaration,
} from "./lookahead.ts";
import { parseConditional, parseExpression } from "./operators.ts";
import { parseName, parseType } from "./types.ts";

// Block = "{" { Statement } "}"
/** Reads a block that is no closure. */
export function parseBlock(p: Parser): Block {
  return nested(p, () => {
    const opener = expect(p, "{");
    const statements = p.rules.blockBody(p, "}");
    expect(p, "}", opener.span);
    return { kind: "Block", statements, span: spanFrom(p, opener.span) };
  });
}

// Statement = Declaration | TypeDeclaration | If | For | While | Switch | Try | Jump | Assert | Labeled | CommandExpression
/** Reads one statement. */
export function parseStatement(p: Parser): Statement {
  return nested(p, () => {
    const token = peek(p);
    if (token.kind === "keyword") {
      const statement = parseKeywordStatement(p);
      if (statement !== undefined) return statement;
    }
    if (startsImport(p, p.at))
      throw failure(token, "an import cannot stand here", "move it to the top of the file");
    if (startsTypeDeclaration(p, p.at)) return parseTypeDeclaration(p);
    if (startsMultipleDeclaration(p, p.at)) return parseMultipleDeclaration(p);
    if (startsDeclaration(p, p.at) || startsGenericMethod(p, p.at)) return parseScriptDeclaration(p);
    if (token.kind === "identifier" && isOperator(peek(p, 1), ":")) return parseLabeled(p);
    return parseExpressionStatement(p);
  });
}

function parseKeywordStatement(p: Parser): Statement | undefined {
  switch (peek(p).text) {
    case "if":
      return parseIf(p);
    case "for":
      return parseFor(p);
    case "while":
      return parseWhile(p);
    case "switch":
      return parseSwitch(p);
    case "try":
      return parseTry(p);
    case "return":
      return parseReturn(p);
    case "break":
    case "continue":
      return parseJump(p);
    case "throw":
      return parseThrow(p);
    case "assert":
      return parseAssert(p);
    case "synchronized":
      if (isOperator(peek(p, 1), "(")) throw synchronizedRefused(p);
      return undefined;
    case "do":
      throw unexpected(peek(p), "Groovy 2.4 has no do … while; use while (true) { … if (done) break }");
    case "goto":
    case "const":
      throw unexpected(peek(p));
    default:
      return undefined;
  }
}

function synchronizedRefused(p: Parser): Error {
  return failure(
    peek(p),
    "synchronized is not supported in a pipeline",
    "one build has no threads; lock('name') { … } keeps other builds out",
  );
}

/** A declaration of the script: a method must have a body, a variable no visibility. */
function parseScriptDeclaration(p: Parser): Statement {
  const declaration = parseDeclaration(p);
  if (declaration.kind === "MethodDeclaration") {
    if (isAbstractHere(p, declaration)) {
      report(
        p,
        "method-without-body",
        "You defined a method without body. Try adding a body, or declare it abstract.",
        declaration.nameSpan,
        "add { … }; to call a step, leave out what stands before its name",
      );
    }
    return declaration;
  }
  const hidden = declaration.modifiers.find((word) =>
    ["private", "public", "protected", "static"].includes(word),
  );
  const isField = declaration.annotations.some((annotation) => /(^|\.)Field$/.test(annotation.name));
  if (hidden !== undefined && !isField) {
    report(
      p,
      "modifier-not-allowed",
      `Modifier '${hidden}' not allowed here.`,
      declaration.span,
      "a variable of the script takes def; @Field makes one that functions see",
    );
  }
  return declaration;
}

// Labeled = Identifier ":" ( Block | Statement )
function parseLabeled(p: Parser): Labeled {
  const first = take(p);
  expect(p, ":");
  newlines(p);
  const statement = at(p, "{") ? parseBlock(p) : parseStatement(p);
  return { kind: "Labeled", label: first.text, statement, span: spanFrom(p, first.span) };
}

// ExpressionStatement = CommandExpression; a bare "{" could be a block or a closure and is refused
function parseExpressionStatement(p: Parser): ExpressionStatement {
  const first = peek(p);
  if (at(p, "{") && !startsClosureParameters(p, p.at + 1)) {
    throw failure(
      first,
      "Ambiguous expression could be either a parameterless closure expression or an isolated open code block",
      "Add an explicit closure parameter list, e.g. {it -> ...}, or force it to be treated as an open block by giving it a label, e.g. L:{...}",
    );
  }
  const expression = parseCommandExpression(p);
  return { kind: "ExpressionStatement", expression, span: spanFrom(p, first.span) };
}

// Body = Block | Statement
function parseBody(p: Parser): Statement {
  newlines(p);
  return at(p, "{") ? parseBlock(p) : parseStatement(p);
}

// If = "if" "(" Conditional ")" Body [ [ separator ] "else" Body ]
function parseIf(p: Parser): If {
  const start = take(p);
  const opener = expect(p, "(");
  const condition = parseConditional(p);
  expectConditionEnd(p, opener.span);
  const consequent = parseBody(p);
  const base = { kind: "If", condition, consequent } as const;
  if (!acceptElse(p)) return { ...base, span: spanFrom(p, start.span) };
  const alternative = parseBody(p);
  return { ...base, alternative, span: spanFrom(p, start.span) };
}

function expectConditionEnd(p: Parser, opener: Expression["span"]): void {
  if (at(p, "="))
    throw failure(
      peek(p),
      "expecting ')', found '='",
      "compare with ==; an assignment needs brackets of its own: if ((x = f()))",
    );
  expect(p, ")", opener);
}

function acceptElse(p: Parser): boolean {
  let i = pastNewlines(p, p.at);
  if (isOperator(tokenAt(p, i), ";")) i = pastNewlines(p, i + 1);
  if (!isKeyword(tokenAt(p, i), "else")) return false;
  p.at = i + 1;
  return true;
}

// For = "for" "(" ( [ Initial ] ";" [ Condition ] ";" [ Update ] | ForIn ) ")" ( Body | ";" )
function parseFor(p: Parser): For | ForIn {
  const start = take(p);
  const opener = expect(p, "(");
  const forIn = startsForIn(p) ? parseForInHead(p) : undefined;
  const head = forIn ?? parseForHead(p);
  expect(p, ")", opener.span);
  const body = parseLoopBody(p);
  return { ...head, body, span: spanFrom(p, start.span) };
}

/** Looks for `in` or `:` in front of the first `;` or closing bracket of the head. */
function startsForIn(p: Parser): boolean {
  let depth = 0;
  for (let i = p.at; ; i += 1) {
    const token = tokenAt(p, i);
    if (token.kind === "end") return false;
    if (depth === 0 && (isKeyword(token, "in") || isOperator(token, ":"))) return true;
    if (depth === 0 && (isOperator(token, ";") || isOperator(token, "=") || isOperator(token, "?")))
      return false;
    if (token.kind !== "operator") continue;
    if ("([{".includes(token.text)) depth += 1;
    else if (")]}".includes(token.text)) depth -= 1;
    if (depth < 0) return false;
  }
}

// ForIn = [ Prefix ] [ Type ] Identifier ( "in" | ":" ) Expression
function parseForInHead(p: Parser): Omit<ForIn, "body" | "span"> {
  const first = peek(p);
  const prefix = parseDeclarationPrefix(p);
  const typed = tokenAt(p, p.at + 1);
  const type = isKeyword(typed, "in") || isOperator(typed, ":") ? undefined : parseType(p);
  const { name, span: nameSpan } = parseName(p);
  const variable: Parameter = {
    kind: "Parameter",
    name,
    nameSpan,
    ...prefix,
    ...(type === undefined ? {} : { type }),
    isVarargs: false,
    span: spanFrom(p, first.span),
  };
  if (at(p, ":") && type === undefined && prefix.modifiers.length === 0) {
    throw failure(
      peek(p),
      "Java-style for-each statement requires a type declaration.",
      "Use the 'in' keyword, as for (x in y) {...}",
    );
  }
  if (!acceptKeyword(p, "in")) expect(p, ":");
  const iterable = parseExpression(p);
  return { kind: "ForIn", variable, iterable };
}

function parseForHead(p: Parser): Omit<For, "body" | "span"> {
  const initial = at(p, ";") ? [] : [parseForInitial(p)];
  expect(p, ";");
  const condition = at(p, ";") ? undefined : parseExpression(p);
  expect(p, ";");
  const update = at(p, ")") ? [] : [parseExpression(p)];
  if (at(p, ",")) {
    throw failure(
      peek(p),
      "expecting ')', found ','",
      "Groovy 2.4 takes one expression here; put the other into the body",
    );
  }
  return { kind: "For", initial, ...(condition === undefined ? {} : { condition }), update };
}

function parseForInitial(p: Parser): Declaration | MultipleDeclaration | ExpressionStatement {
  const first = peek(p);
  if (startsMultipleDeclaration(p, p.at)) return parseMultipleDeclaration(p);
  if (startsDeclaration(p, p.at)) {
    const declaration = parseDeclaration(p);
    if (declaration.kind === "MethodDeclaration") throw unexpected(first);
    if (declaration.variables.length > 1) {
      throw failure(
        first,
        "unexpected token: =",
        "Groovy 2.4 takes one variable in the head of a for loop; declare the other before it",
      );
    }
    return declaration;
  }
  const expression = parseExpression(p);
  return { kind: "ExpressionStatement", expression, span: spanFrom(p, first.span) };
}

/** A loop without body ends in `;`. */
function parseLoopBody(p: Parser): Statement {
  newlines(p);
  const semicolon = peek(p);
  if (!isOperator(semicolon, ";")) return parseBody(p);
  return { kind: "Block", statements: [], span: take(p).span };
}

// While = "while" "(" Expression ")" ( Body | ";" )
function parseWhile(p: Parser): While {
  const start = take(p);
  const opener = expect(p, "(");
  const condition = parseExpression(p);
  expect(p, ")", opener.span);
  const body = parseLoopBody(p);
  return { kind: "While", condition, body, span: spanFrom(p, start.span) };
}

// Switch = "switch" "(" Expression ")" "{" { SwitchCase } "}"
function parseSwitch(p: Parser): Switch {
  const start = take(p);
  const bracket = expect(p, "(");
  const subject = parseExpression(p);
  expect(p, ")", bracket.span);
  newlines(p);
  const opener = expect(p, "{");
  newlines(p);
  const cases: SwitchCase[] = [];
  while (isKeyword(peek(p), "case") || isKeyword(peek(p), "default")) cases.push(parseCase(p));
  expect(p, "}", opener.span);
  return { kind: "Switch", subject, cases, span: spanFrom(p, start.span) };
}

// SwitchCase = ( "case" Expression | "default" ) ":" { Statement }; the last label must have a statement
function parseCase(p: Parser): SwitchCase {
  const start = take(p);
  const match = start.text === "case" ? parseExpression(p) : undefined;
  expect(p, ":");
  newlines(p);
  const statements: Statement[] = [];
  while (!isCaseEnd(p)) {
    statements.push(parseStatement(p));
    if (!skipSeparators(p)) break;
  }
  if (statements.length === 0 && at(p, "}"))
    throw unexpected(peek(p), "the last label of a switch needs a statement; break will do");
  return {
    kind: "SwitchCase",
    ...(match === undefined ? {} : { match }),
    statements,
    span: spanFrom(p, start.span),
  };
}

function isCaseEnd(p: Parser): boolean {
  const token = peek(p);
  if (token.kind === "end" || isOperator(token, "}") || isKeyword(token, "case")) return true;
  return isKeyword(token, "default") && isOperator(peek(p, 1), ":");
}

/** Steps over newlines and semicolons, and tells whether there was one. */
export function skipSeparators(p: Parser): boolean {
  const before = p.at;
  while (peek(p).kind === "newline" || at(p, ";")) p.at += 1;
  return p.at > before;
}

// Try = "try" Block { Catch } [ "finally" Block ]
function parseTry(p: Parser): Try {
  const start = take(p);
  newlines(p);
  const body = parseBlock(p);
  const catches: Catch[] = [];
  while (isKeyword(tokenAt(p, pastNewlines(p, p.at)), "catch")) {
    newlines(p);
    catches.push(parseCatch(p));
  }
  const finallyBlock = parseFinally(p);
  const span = spanFrom(p, start.span);
  if (catches.length === 0 && finallyBlock === undefined) {
    report(p, "try-alone", "A try statement must have at least one catch or finally block.", start.span);
  }
  return { kind: "Try", body, catches, ...(finallyBlock === undefined ? {} : { finallyBlock }), span };
}

function parseFinally(p: Parser): Block | undefined {
  if (!isKeyword(tokenAt(p, pastNewlines(p, p.at)), "finally")) return undefined;
  newlines(p);
  p.at += 1;
  newlines(p);
  return parseBlock(p);
}

// Catch = "catch" "(" [ "final" ] [ "def" ] [ Type { "|" Type } ] Identifier ")" Block
function parseCatch(p: Parser): Catch {
  const start = take(p);
  const opener = expect(p, "(");
  parseDeclarationPrefix(p);
  const types = [];
  while (!(peek(p).kind === "identifier" && isOperator(peek(p, 1), ")"))) {
    types.push(parseType(p));
    if (!accept(p, "|")) break;
  }
  const { name, span: nameSpan } = parseName(p);
  expect(p, ")", opener.span);
  newlines(p);
  const body = parseBlock(p);
  return { kind: "Catch", types, name, nameSpan, body, span: spanFrom(p, start.span) };
}

// Return = "return" [ Expression ]; a command needs brackets here
function parseReturn(p: Parser): Statement {
  const start = take(p);
  if (isStatementEnd(p)) return { kind: "Return", span: start.span };
  const value = parseExpression(p);
  refuseCommandTail(p, "return");
  return { kind: "Return", value, span: spanFrom(p, start.span) };
}

function isStatementEnd(p: Parser): boolean {
  const token = peek(p);
  return token.kind === "end" || token.kind === "newline" || isOperator(token, ";") || isOperator(token, "}");
}

function refuseCommandTail(p: Parser, word: string): void {
  const token = peek(p);
  if (isStatementEnd(p) || token.kind === "operator" || isKeyword(token, "else")) return;
  throw failure(
    token,
    `expecting the end of the statement, found ${shown(token)}`,
    `after ${word} a call needs its brackets: ${word} f(x)`,
  );
}

// Jump = ( "break" | "continue" ) [ Identifier ]
function parseJump(p: Parser): Statement {
  const start = take(p);
  const label = peek(p).kind === "identifier" ? { label: take(p).text } : {};
  const span = spanFrom(p, start.span);
  return start.text === "break" ? { kind: "Break", ...label, span } : { kind: "Continue", ...label, span };
}

// Throw = "throw" Expression
function parseThrow(p: Parser): Statement {
  const start = take(p);
  const value = parseExpression(p);
  refuseCommandTail(p, "throw");
  return { kind: "Throw", value, span: spanFrom(p, start.span) };
}

// Assert = "assert" Conditional [ ( ":" | "," ) Expression ]
function parseAssert(p: Parser): Assert {
  const start = take(p);
  const condition = parseConditional(p);
  const base = { kind: "Assert", condition } as const;
  if (!accept(p, ",") && !accept(p, ":")) return { ...base, span: spanFrom(p, start.span) };
  newlines(p);
  const message = parseExpression(p);
  return { ...base, message, span: spanFrom(p, start.span) };
}
