import type { ClassDeclaration, Expression, Parameter, Statement, TypeName } from "../../syntax/ast.ts";
import type { Span } from "../../diagnostic.ts";
import type { ClassDefinition, CompiledCode } from "../classes.ts";
import type { Eval, Exec } from "../frame.ts";
import type { Runtime } from "../runtime.ts";
import type { Site } from "../thrown.ts";
import type { BlockScope, CodeScope } from "./scope.ts";

/**
 * Turns the tree into closures of ours that run it: what can be settled once (where a variable is, which class a name
 * means) is settled here. The parts of the compiler know each other only by this interface.
 */
export interface Compiler {
  readonly run: Runtime;
  readonly file: string;
  readonly text: string;
  expression(node: Expression, scope: BlockScope): Eval;
  statement(node: Statement, scope: BlockScope): Exec;
  /** Statements in a block of their own; with `returnsLast` the value of the last one is what the code returns. */
  block(nodes: readonly Statement[], scope: BlockScope, returnsLast: boolean): Exec;
  /** Code with parameters. */
  code(
    name: string,
    parameters: readonly Parameter[],
    body: readonly Statement[],
    scope: CodeScope,
    options: { readonly span: Span; readonly returnType: string | null; readonly hasIt?: boolean },
  ): CompiledCode;
  /** The full name of a type as written. */
  type(node: TypeName): string;
  /** The class that a name alone means; `undefined` when it is none. */
  classNamed(name: string): string | undefined;
  site(span: Span): Site;
  /** Declares a class that stands inside code: an anonymous one. */
  define(node: ClassDeclaration, scope: BlockScope): ClassDefinition;
}
