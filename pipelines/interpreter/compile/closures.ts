import type * as ast from "../../syntax/ast.ts";
import type { CompiledCode } from "../classes.ts";
import type { Eventual, Flow } from "../flow.ts";
import { isFlow } from "../flow.ts";
import { type Eval, Frame } from "../frame.ts";
import { bind, runBody } from "../invoke.ts";
import { callClosure } from "../closure-call.ts";
import type { Runtime } from "../runtime.ts";
import { ClosureValue, type ClosureCode, type ParameterShape, type Value } from "../values.ts";
import type { Compiler } from "./compiler.ts";
import { BlockScope, capturedFrom, ClosureScope, CodeScope } from "./scope.ts";

/** The code of a closure written in a script. */
class WrittenCode implements ClosureCode {
  readonly parameters: readonly ParameterShape[];
  private readonly run: Runtime;
  private readonly code: CompiledCode;
  private readonly definition: Frame["definition"];
  constructor(run: Runtime, code: CompiledCode, definition: Frame["definition"]) {
    this.run = run;
    this.code = code;
    this.definition = definition;
    this.parameters = code.parameters;
  }

  call(closure: ClosureValue, args: readonly Value[]): Eventual {
    const frame = new Frame(closure.thisObject, closure, closure.captured, this.definition);
    return callClosure(this.run, closure, args, (fitting) => {
      const pending = bind(this.run, this.code.parameters, frame, fitting);
      return pending === undefined
        ? runBody(this.run, this.code, frame)
        : bindFirst(this.run, this.code, frame, pending);
    });
  }
}

function* bindFirst(run: Runtime, code: CompiledCode, frame: Frame, pending: Flow<void>): Flow<Value> {
  yield* pending;
  const result = runBody(run, code, frame);
  return isFlow(result) ? yield* result : result;
}

/** Closure = "{" [ Parameters "->" ] { Statement } "}" */
export function compileClosure(compiler: Compiler, node: ast.Closure, scope: BlockScope): Eval {
  const codeScope = new CodeScope(scope, scope.code.definition, { isStatic: scope.code.isStatic });
  const code = compiler.code("closure", node.parameters ?? [], node.body.statements, codeScope, {
    span: node.span,
    returnType: null,
    hasIt: node.parameters === undefined,
  });
  const written = new WrittenCode(compiler.run, code, scope.code.definition);
  const { meter } = compiler.run;
  const block = new BlockScope(codeScope, null);
  return (frame) => {
    meter.allocate(300);
    const captured = capturedFrom(codeScope, frame);
    return new ClosureValue(
      written,
      captured,
      frame.closure ?? frame.self,
      frame.self,
      new ClosureScope(block, frame),
    );
  };
}
