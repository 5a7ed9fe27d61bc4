import type { Span } from "../../diagnostic.ts";
import type * as ast from "../../syntax/ast.ts";
import {
  type ClassDefinition,
  type CompiledCode,
  type CompiledParameter,
  type ScriptObject,
} from "../classes.ts";
import { isFlow, type Flow } from "../flow.ts";
import { type Eval, type Exec, Frame } from "../frame.ts";
import type { Runtime } from "../runtime.ts";
import { notPermitted, type Site } from "../thrown.ts";
import { classInPackage, defaultClass, isKnownClass, isPrimitive } from "../types.ts";
import { Ref, type Value } from "../values.ts";
import { declareClass, fillClass, methodOf } from "./classes.ts";
import type { Compiler } from "./compiler.ts";
import { compileExpression } from "./expressions.ts";
import { BlockScope, CodeScope } from "./scope.ts";
import { compileLast, compileStatement, sequence } from "./statements.ts";

/** A file that has been compiled: its methods and classes are known, its body can be run. */
export interface CompiledScript {
  readonly self: ScriptObject;
  readonly file: string;
  readonly compiler: Compiler;
  readonly body: CompiledCode;
}

/** Compiles one file. */
class FileCompiler implements Compiler {
  readonly run: Runtime;
  readonly file: string;
  readonly text: string;
  private readonly names = new Map<string, string>();
  private readonly stars: string[] = [];
  private readonly staticStars: string[] = [];
  private anonymous = 0;

  constructor(run: Runtime, program: ast.Program, file: string) {
    this.run = run;
    this.file = file;
    this.text = program.text;
    for (const each of program.imports) this.import(each);
  }

  private import(node: ast.Import): void {
    if (node.isStar) {
      if (node.isStatic) this.staticStars.push(node.name);
      else this.stars.push(node.name);
      return;
    }
    const simple = node.name.split(".").at(-1) ?? node.name;
    if (!node.isStatic) {
      const full = this.nested(node.name);
      this.names.set(node.alias ?? simple, full);
      return;
    }
    this.names.set(`static:${node.alias ?? simple}`, node.name.slice(0, -simple.length - 1));
  }

  /** `java.util.Map.Entry` is written with a point and named with a dollar sign. */
  private nested(name: string): string {
    if (isKnownClass(name)) return name;
    const at = name.lastIndexOf(".");
    const inner = `${name.slice(0, at)}$${name.slice(at + 1)}`;
    return isKnownClass(inner) ? inner : name;
  }

  named(simple: string, full: string): void {
    this.names.set(simple, full);
  }

  site(span: Span): Site {
    return { file: this.file, span };
  }

  expression(node: ast.Expression, scope: BlockScope): Eval {
    return compileExpression(this, node, scope);
  }

  statement(node: ast.Statement, scope: BlockScope): Exec {
    return compileStatement(this, node, scope);
  }

  block(nodes: readonly ast.Statement[], scope: BlockScope, returnsLast: boolean): Exec {
    const inner = scope.inner();
    const last = nodes.length - 1;
    const parts = nodes.map((node, i) =>
      returnsLast && i === last ? compileLast(this, node, inner) : compileStatement(this, node, inner),
    );
    return sequence(this, parts);
  }

  code(
    name: string,
    parameters: readonly ast.Parameter[],
    body: readonly ast.Statement[],
    scope: CodeScope,
    options: { readonly span: Span; readonly returnType: string | null; readonly hasIt?: boolean },
  ): CompiledCode {
    const block = new BlockScope(scope, null);
    const compiled = parameters.map((parameter) => this.parameter(parameter, block));
    if (options.hasIt === true) compiled.push(this.it(block));
    return {
      name,
      parameters: compiled,
      returnType: options.returnType === "java.lang.Object" ? null : options.returnType,
      body: this.block(body, block, true),
      site: this.site(options.span),
    };
  }

  private parameter(node: ast.Parameter, block: BlockScope): CompiledParameter {
    const initial = node.initial === undefined ? null : this.expression(node.initial, block);
    const type = node.type === undefined ? "java.lang.Object" : this.type(node.type);
    const { slot } = block.declare(node.name, type);
    return {
      name: node.name,
      type: node.isVarargs ? `${type.replace(/(\[\])$/, "")}[]` : type,
      hasDefault: initial !== null,
      isVarargs: node.isVarargs || type.endsWith("[]"),
      slot,
      initial,
    };
  }

  /** The parameter of a closure that names none. */
  private it(block: BlockScope): CompiledParameter {
    const { slot } = block.declare("it", null);
    return {
      name: "it",
      type: "java.lang.Object",
      hasDefault: true,
      isVarargs: false,
      slot,
      initial: () => null,
    };
  }

  type(node: ast.TypeName): string {
    const name = this.typeNamed(node.name) + "[]".repeat(node.dimensions);
    return name === "def" || name === "var" ? "java.lang.Object" : name;
  }

  private typeNamed(name: string): string {
    if (isPrimitive(name) || name === "void" || this.run.classes.has(name) || isKnownClass(name)) return name;
    return this.classNamed(name) ?? this.nested(name);
  }

  classNamed(name: string): string | undefined {
    const own = this.names.get(name);
    if (own !== undefined) return own;
    if (name.startsWith("static:")) return this.staticStar(name.slice("static:".length));
    for (const star of this.stars) {
      const full =
        classInPackage(star, name) ??
        (this.run.classes.has(`${star}.${name}`) ? `${star}.${name}` : undefined);
      if (full !== undefined) return full;
    }
    if (this.run.classes.has(name)) return name;
    const at = name.lastIndexOf(".");
    if (at > 0) {
      const owner = this.names.get(name.slice(0, at));
      if (owner !== undefined && this.run.classes.has(`${owner}$${name.slice(at + 1)}`))
        return `${owner}$${name.slice(at + 1)}`;
    }
    return defaultClass(name);
  }

  private staticStar(name: string): string | undefined {
    return this.staticStars.find((each) => {
      const definition = this.run.classes.get(each);
      return definition === undefined
        ? each === "java.lang.Math" && MATH.has(name)
        : definition.findStatic(name).length > 0;
    });
  }

  define(node: ast.ClassDeclaration, scope: BlockScope): ClassDefinition {
    this.anonymous += 1;
    const definition = declareClass(
      this,
      node,
      `${this.file.replace(/\W+/g, "_")}$${this.anonymous}`,
      scope.code.definition,
    );
    this.declareNested(node, definition);
    fillClass(this, node, definition, scope);
    // The superclass of an anonymous class is the type behind `new`; interfaces are told apart there.
    return definition;
  }

  /** Declares a class and those inside it. */
  declare(node: ast.ClassDeclaration, name: string, outer: ClassDefinition | null): void {
    this.names.set(node.name, name);
    const definition = declareClass(this, node, name, outer);
    this.declareNested(node, definition);
  }

  private declareNested(node: ast.ClassDeclaration, definition: ClassDefinition): void {
    for (const member of node.members) {
      if (member.kind === "ClassDeclaration")
        this.declare(member, `${definition.name}$${member.name}`, definition);
    }
  }

  /** Compiles the members of a declared class and of those inside it. */
  fill(node: ast.ClassDeclaration, name: string): void {
    const definition = this.run.classes.get(name);
    if (definition === undefined) return;
    fillClass(this, node, definition, null);
    for (const member of node.members) {
      if (member.kind === "ClassDeclaration") this.fill(member, `${name}$${member.name}`);
    }
  }
}

const MATH = new Set([
  "abs",
  "max",
  "min",
  "pow",
  "sqrt",
  "floor",
  "ceil",
  "round",
  "sin",
  "cos",
  "log",
  "exp",
]);

/** Compiles a file into a script whose undeclared variables are in `binding`. */
export function compileProgram(
  run: Runtime,
  program: ast.Program,
  file: string,
  self: ScriptObject,
): CompiledScript {
  const compiler = new FileCompiler(run, program, file);
  const prefix = program.packageName === undefined ? "" : `${program.packageName}.`;
  const classes = program.statements.filter((each) => each.kind === "ClassDeclaration");
  for (const node of classes) compiler.declare(node, prefix + node.name, null);
  for (const node of classes) compiler.fill(node, prefix + node.name);
  for (const node of program.statements) {
    if (node.kind !== "MethodDeclaration") continue;
    const method = methodOf(compiler, node, null, null);
    self.methods.set(node.name, [...(self.methods.get(node.name) ?? []), method]);
  }
  const scope = new CodeScope(null, null, { isScriptBody: true });
  const fields = fieldsOf(compiler, program, self);
  const body = compiler.code(file, [], program.statements, scope, { span: program.span, returnType: null });
  return { self, file, compiler, body: { ...body, body: sequence(compiler, [...fields, body.body]) } };
}

/** The `@Field` variables: they belong to the script, and so are there before its statements run. */
function fieldsOf(compiler: Compiler, program: ast.Program, self: ScriptObject): Exec[] {
  const scope = new BlockScope(new CodeScope(null, null), null);
  const starts: Exec[] = [];
  for (const node of program.statements) {
    if (node.kind !== "Declaration" || !node.annotations.some((each) => each.name.endsWith("Field")))
      continue;
    const type = node.type === undefined ? null : compiler.type(node.type);
    for (const variable of node.variables) {
      const ref = new Ref(null);
      self.fields.set(variable.name, ref);
      if (variable.initial === undefined) continue;
      const initial = compiler.expression(variable.initial, scope);
      starts.push((frame) => {
        const value = initial(frame);
        const assign = (result: Value): undefined => {
          ref.value = type === null ? result : compiler.run.cast(result, type);
        };
        // A field may start from a step or the clock, so the script waits here as anywhere.
        return isFlow(value) ? assignLater(value, assign) : assign(value);
      });
    }
  }
  return starts;
}

function* assignLater(flow: Flow<Value>, assign: (value: Value) => undefined): Flow<undefined> {
  return assign(yield* flow);
}

/** A frame for code at the top of a script. */
export function scriptFrame(self: ScriptObject): Frame {
  return new Frame(self, null, [], null);
}

/** The refusal of `@Grab`; `undefined` for a program without it. */
export function refusalOfProgram(program: ast.Program): Error | undefined {
  const annotations = [...program.annotations, ...program.imports.flatMap((each) => each.annotations)];
  const grabs = annotations.find((each) => /^(groovy\.lang\.)?Grab/.test(each.name));
  return grabs === undefined
    ? undefined
    : notPermitted(
        `@${grabs.name}`,
        "packages cannot be fetched at run time; put the code into a shared library",
      );
}
