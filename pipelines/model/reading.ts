import type { Diagnostic, RelatedSpan, Span } from "../diagnostic.ts";
import type { Closure, Expression, MethodCall, Statement } from "../syntax/ast.ts";
import type { SignatureLookup } from "./signatures.ts";

/** What is handed along while a pipeline is read: the source, the known steps, and what was wrong so far. */
export type Reading = {
  readonly text: string;
  readonly stepNamed: SignatureLookup;
  /** The names of all known steps; empty when unknown ones are not to be spoken of. */
  readonly stepNames: readonly string[];
  /** What to do about a step that is not there. */
  readonly adviceOn: (name: string) => string | undefined;
  /** What the file itself declares: functions, variables, parameters. */
  readonly declared: ReadonlySet<string>;
  readonly diagnostics: Diagnostic[];
};

/** Notes an error at a place; the same one at the same place is noted once. */
export function refuse(
  r: Reading,
  code: string,
  message: string,
  span: Span,
  hint?: string,
  related?: readonly RelatedSpan[],
): void {
  const known = r.diagnostics.some((d) => d.message === message && d.span.start === span.start);
  if (known) return;
  r.diagnostics.push({
    code,
    message,
    span,
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined ? {} : { related }),
  });
}

/** Notes something that does not refuse the file. */
export function warn(r: Reading, code: string, message: string, span: Span, hint?: string): void {
  r.diagnostics.push({ code, message, severity: "warning", span, ...(hint === undefined ? {} : { hint }) });
}

/** The text a node was written as. */
export function sourceOf(r: Reading, node: { readonly span: Span }): string {
  return r.text.slice(node.span.start, node.span.end);
}

/** The call that a statement is, if it is nothing else. */
export function callOf(statement: Statement): MethodCall | undefined {
  if (statement.kind !== "ExpressionStatement" || statement.expression.kind !== "MethodCall")
    return undefined;
  return statement.expression;
}

/** The name of a call on nothing (or on `this`); undefined for `a.b()`, `"$x"()` and `f()()`. */
export function plainName(call: MethodCall): string | undefined {
  if (call.receiver !== undefined && call.receiver.kind !== "This") return undefined;
  return call.method.kind === "StringLiteral" && !call.isImplicitCall ? call.method.value : undefined;
}

/** The name of a call, or `error` after saying why it has none. */
export function nameOf(r: Reading, call: MethodCall): string {
  const name = plainName(call);
  if (name !== undefined) return name;
  if (call.receiver?.kind === "Variable") {
    refuse(
      r,
      "object-method-call",
      'Method calls on objects not allowed outside "script" blocks.',
      call.span,
      "put the statement into script { … }",
    );
  } else
    refuse(r, "symbol-expected", "Expected a symbol", call.span, "begin with the name of a step or section");
  return "error";
}

/** The block of a call: its last argument, when that is a closure and the call has a plain name. */
export function blockOf(call: MethodCall | undefined): Closure | undefined {
  if (call === undefined || plainName(call) === undefined) return undefined;
  const last = call.arguments.positional.at(-1);
  return last?.kind === "Closure" ? last : undefined;
}

/** How many arguments Groovy hands over: the named ones are one map. */
export function argumentCount(call: MethodCall): number {
  return call.arguments.positional.length + (call.arguments.named.length > 0 ? 1 : 0);
}

/** The text of a literal: a constant string or a bare name. */
export function literalText(expression: Expression): string | undefined {
  if (expression.kind === "StringLiteral") return expression.value;
  return expression.kind === "Variable" ? expression.name : undefined;
}

/** The text of a literal, or `` after saying that one was expected. */
export function expectLiteral(r: Reading, expression: Expression): string {
  const text = literalText(expression);
  if (text === undefined) {
    refuse(
      r,
      "literal-expected",
      "Expected string literal",
      expression.span,
      "write the name in quotes, without values in it",
    );
  }
  return text ?? "";
}

/** Reads `name true` or `name false`. */
export function readFlag(r: Reading, call: MethodCall, name: string): boolean {
  const value = call.arguments.positional[0];
  if (value?.kind === "BooleanLiteral") return value.value;
  refuse(r, "boolean-expected", `Expected a boolean with ${name}`, call.method.span, `write ${name} true`);
  return false;
}

/** Refuses an element that is there more than once; `nameOfElement` undefined leaves an element out. */
export function refuseRepeats<T extends { readonly span: Span }>(
  r: Reading,
  elements: readonly T[],
  nameOfElement: (element: T) => string | undefined,
  say: (name: string) => { readonly code: string; readonly message: string; readonly hint?: string },
): void {
  const seen = new Map<string, T>();
  const said = new Set<string>();
  for (const element of elements) {
    const name = nameOfElement(element);
    if (name === undefined) continue;
    const before = seen.get(name);
    if (before === undefined) seen.set(name, element);
    else if (!said.has(name)) {
      said.add(name);
      const { code, message, hint } = say(name);
      refuse(r, code, message, element.span, hint, [{ message: "the first one", span: before.span }]);
    }
  }
}

const INTEGER_LIMIT = 2n ** 63n;

/** What may not stand as a value: `${X}` without quotes, and integers beyond 64 bit. */
export function checkValue(r: Reading, value: Expression): void {
  if (value.kind === "IntegerLiteral" && (value.value >= INTEGER_LIMIT || value.value < -INTEGER_LIMIT)) {
    refuse(
      r,
      "integer-too-large",
      "BigIntegers cannot be used as constants in Declarative. The maximum value for an integer is 9,223,372,036,854,775,807 and the minimum value for an integer is -9,223,372,036,854,775,808.",
      value.span,
      "write the number in quotes",
    );
  }
  if (value.kind === "MethodCall" && plainName(value) === "$" && blockOf(value) !== undefined) {
    const source = sourceOf(r, value);
    refuse(
      r,
      "bare-dollar",
      `${source} cannot be used as a value directly. Did you mean "${source}"? (add quotes)`,
      value.span,
      "a value between ${ and } needs double quotes around it",
    );
  }
}
