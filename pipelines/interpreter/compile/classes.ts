import type * as ast from "../../syntax/ast.ts";
import { ClassDefinition, type CompiledMethod, type Instance } from "../classes.ts";
import { type Flow, isFlow } from "../flow.ts";
import { Frame, isRunning } from "../frame.ts";
import { notPermitted } from "../thrown.ts";
import { Ref, type Value } from "../values.ts";
import { argumentsOf } from "./calls.ts";
import type { Compiler } from "./compiler.ts";
import { BlockScope, capturedFrom, CodeScope } from "./scope.ts";

/** Names a class and the classes inside it, so that code may use them before their members are compiled. */
export function declareClass(
  compiler: Compiler,
  node: ast.ClassDeclaration,
  name: string,
  outer: ClassDefinition | null,
): ClassDefinition {
  const definition = new ClassDefinition(name, node.form);
  definition.outer = outer;
  definition.isAbstract = node.form === "interface" || node.modifiers.includes("abstract");
  for (const annotation of node.annotations)
    definition.transforms.add(annotation.name.split(".").at(-1) ?? "");
  compiler.run.classes.set(name, definition);
  return definition;
}

/** Compiles the members of a declared class. `around` is the code in which an anonymous class stands. */
export function fillClass(
  compiler: Compiler,
  node: ast.ClassDeclaration,
  definition: ClassDefinition,
  around: BlockScope | null,
): void {
  setAncestors(compiler, node, definition);
  const instanceScope = new CodeScope(around, definition);
  const staticScope = new CodeScope(around, definition, { isStatic: true });
  const starters: ((frame: Frame) => Flow<void>)[] = [];
  if (node.form === "enum") starters.push(enumConstants(compiler, node, definition));
  for (const member of node.members) {
    switch (member.kind) {
      case "MethodDeclaration":
        addMethod(compiler, member, definition, around);
        break;
      case "ConstructorDeclaration":
        definition.constructors.push(constructorOf(compiler, member, definition, around));
        break;
      case "FieldDeclaration": {
        const isStatic = member.modifiers.includes("static") || node.form === "interface";
        const scope = new BlockScope(isStatic ? staticScope : instanceScope, null);
        const starter = addField(compiler, member, definition, scope, isStatic);
        if (starter !== undefined) starters.push(starter);
        break;
      }
      case "Initializer":
        addInitializer(compiler, member, definition, starters);
        break;
      case "ClassDeclaration":
        break; // declared and filled with the class around it
    }
  }
  definition.start = () => {
    const frame = new Frame(definition.ref, null, [], definition);
    for (const starter of starters) compiler.run.now(starting(starter, frame));
  };
}

function* starting(starter: (frame: Frame) => Flow<void>, frame: Frame): Flow<Value> {
  yield* starter(frame);
  return null;
}

function setAncestors(compiler: Compiler, node: ast.ClassDeclaration, definition: ClassDefinition): void {
  if (node.superclass !== undefined) {
    const name = compiler.type(node.superclass);
    const above = compiler.run.classes.get(name) ?? null;
    if (above?.form === "interface") definition.interfaces.push(name);
    else if (above === null) definition.superName = name;
    else definition.superclass = above;
  }
  for (const type of node.interfaces) definition.interfaces.push(compiler.type(type));
}

/** The code of a method; its parameters are its first variables. */
export function methodOf(
  compiler: Compiler,
  node: ast.MethodDeclaration,
  definition: ClassDefinition | null,
  around: BlockScope | null,
): CompiledMethod {
  const isStatic = node.modifiers.includes("static");
  const scope = new CodeScope(around, definition, { isStatic });
  const returnType = node.returnType === undefined ? null : compiler.type(node.returnType);
  const code = compiler.code(node.name, node.parameters, node.body?.statements ?? [], scope, {
    span: node.span,
    returnType,
  });
  return {
    ...code,
    definition,
    isStatic,
    isAbstract: node.body === undefined,
    captures: around === null ? null : (frame) => capturedFrom(scope, frame),
  };
}

function addMethod(
  compiler: Compiler,
  node: ast.MethodDeclaration,
  definition: ClassDefinition,
  around: BlockScope | null,
): void {
  const method = methodOf(compiler, node, definition, around);
  const table = method.isStatic ? definition.staticMethods : definition.methods;
  table.set(node.name, [...(table.get(node.name) ?? []), method]);
}

function constructorOf(
  compiler: Compiler,
  node: ast.ConstructorDeclaration,
  definition: ClassDefinition,
  around: BlockScope | null,
): CompiledMethod {
  const scope = new CodeScope(around, definition);
  const code = compiler.code("<init>", node.parameters, node.body.statements, scope, {
    span: node.span,
    returnType: "void",
  });
  return {
    ...code,
    // Says whether the constructor above has still to be called.
    name: callsAnother(node.body) ? "<init>:chained" : "<init>",
    definition,
    isStatic: false,
    isAbstract: false,
    captures: around === null ? null : (frame) => capturedFrom(scope, frame),
  };
}

function callsAnother(body: ast.Block): boolean {
  const first = body.statements[0];
  if (first?.kind !== "ExpressionStatement" || first.expression.kind !== "MethodCall") return false;
  const { receiver, method } = first.expression;
  return (
    receiver === undefined && method.kind === "StringLiteral" && ["this", "super"].includes(method.value)
  );
}

function addField(
  compiler: Compiler,
  node: ast.FieldDeclaration,
  definition: ClassDefinition,
  scope: BlockScope,
  isStatic: boolean,
): ((frame: Frame) => Flow<void>) | undefined {
  const type = node.type === undefined ? null : compiler.type(node.type);
  const isFinal = node.modifiers.includes("final");
  const isVisible = ["private", "public", "protected"].some((word) =>
    node.modifiers.some((each) => each === word),
  );
  const refs = node.variables.map((variable) => {
    const initial = variable.initial === undefined ? null : compiler.expression(variable.initial, scope);
    if (!isStatic) {
      const isPrivate = node.modifiers.includes("private");
      definition.fields.push({
        name: variable.name,
        type,
        initial,
        isProperty: !isVisible,
        isFinal,
        isPrivate,
      });
      return { ref: null, initial };
    }
    const ref = new Ref(type === null ? null : initialOf(compiler, type));
    definition.statics.set(variable.name, ref);
    if (isFinal) definition.finalStatics.add(variable.name);
    return { ref, initial };
  });
  if (!isStatic) return undefined;
  return function* (frame): Flow<void> {
    for (const { ref, initial } of refs) {
      if (ref === null || initial === null) continue;
      const value = initial(frame);
      const settled = isFlow(value) ? yield* value : value;
      ref.value = type === null ? settled : compiler.run.cast(settled, type);
    }
  };
}

/** What a field of this type holds before anything is assigned. */
export function initialOf(compiler: Compiler, type: string): Value {
  if (type === "boolean") return false;
  return /^(int|long|short|byte|float|double)$/.test(type) ? compiler.run.cast(0, type) : null;
}

function addInitializer(
  compiler: Compiler,
  node: ast.Initializer,
  definition: ClassDefinition,
  starters: ((frame: Frame) => Flow<void>)[],
): void {
  const code = new CodeScope(null, definition, { isStatic: node.isStatic });
  const body = compiler.block(node.body.statements, new BlockScope(code, null), false);
  if (!node.isStatic) {
    definition.initializers.push(body);
    return;
  }
  starters.push(function* (frame): Flow<void> {
    const result = body(frame);
    if (isRunning(result)) yield* result;
  });
}

/** Makes the constants of an enum when the class is first used. */
function enumConstants(
  compiler: Compiler,
  node: ast.ClassDeclaration,
  definition: ClassDefinition,
): (frame: Frame) => Flow<void> {
  const run = compiler.run;
  const scope = new BlockScope(new CodeScope(null, definition, { isStatic: true }), null);
  const makers = node.constants.map((constant, ordinal) => {
    if (constant.members.length > 0)
      return { constant, ordinal, args: null, body: bodyOf(compiler, constant, definition) };
    return { constant, ordinal, args: argumentsOf(compiler, constant.arguments, scope), body: definition };
  });
  for (const { constant } of makers) {
    definition.statics.set(constant.name, new Ref(null));
    definition.finalStatics.add(constant.name);
  }
  return function* (frame): Flow<void> {
    for (const { constant, ordinal, body } of makers) {
      const args = argumentsOf(compiler, constant.arguments, scope);
      const instance: Instance = run.newInstance(body);
      instance.constant = { name: constant.name, ordinal };
      const made = args(frame, (values, named) => run.initialise(instance, values, named));
      if (isFlow(made)) yield* made;
      const ref = definition.statics.get(constant.name);
      if (ref !== undefined) ref.value = instance;
      definition.constants.push(instance);
    }
  };
}

/** The class of a constant that has members of its own. */
function bodyOf(
  compiler: Compiler,
  constant: ast.EnumConstant,
  definition: ClassDefinition,
): ClassDefinition {
  const own = new ClassDefinition(`${definition.name}$${constant.name}`, "enum");
  own.superclass = definition;
  for (const member of constant.members) {
    if (member.kind === "MethodDeclaration") addMethod(compiler, member, own, null);
    else if (member.kind === "FieldDeclaration") {
      addField(compiler, member, own, new BlockScope(new CodeScope(null, own), null), false);
    } else {
      throw notPermitted(`a ${member.kind} in an enum constant`, "write it in the enum itself");
    }
  }
  compiler.run.classes.set(own.name, own);
  return own;
}
