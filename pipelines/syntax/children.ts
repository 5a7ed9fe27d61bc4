import { unreachable } from "../unreachable.ts";
import type { Annotation, Arguments, Entry, Node, Parameter } from "./ast.ts";

type Maybe<T> = T | undefined;

function present(...nodes: readonly Maybe<Node>[]): Node[] {
  return nodes.filter((node) => node !== undefined);
}

function ofArguments(args: Arguments): Node[] {
  return [...args.named, ...args.positional];
}

function ofMember(
  annotations: readonly Annotation[],
  parameters: readonly Parameter[],
  body: Maybe<Node>,
): Node[] {
  return [...annotations, ...parameters, ...present(body)];
}

function ofEntry(entry: Entry): Node[] {
  return entry.kind === "MapEntry" ? [entry.key, entry.value] : [entry.value];
}

/** The nodes directly inside a node, in the order written. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "Program":
      return [...node.imports, ...node.statements];
    case "Import":
      return node.annotations;
    case "Annotation":
      return node.members.map((member) => member.value);
    case "TypeName":
      return node.arguments;
    case "Parameter":
      return [...node.annotations, ...present(node.type, node.initial)];
    case "Block":
      return node.statements;
    case "Labeled":
      return [node.statement];
    case "Declaration":
    case "FieldDeclaration":
      return [...node.annotations, ...present(node.type), ...node.variables];
    case "Declarator":
      return present(node.initial);
    case "MultipleDeclaration":
      return [node.value];
    case "If":
      return present(node.condition, node.consequent, node.alternative);
    case "For":
      return [...node.initial, ...present(node.condition), ...node.update, node.body];
    case "ForIn":
      return [node.variable, node.iterable, node.body];
    case "While":
      return [node.condition, node.body];
    case "Switch":
      return [node.subject, ...node.cases];
    case "SwitchCase":
      return [...present(node.match), ...node.statements];
    case "Try":
      return [node.body, ...node.catches, ...present(node.finallyBlock)];
    case "Catch":
      return [...node.types, node.body];
    case "Return":
      return present(node.value);
    case "Break":
    case "Continue":
      return [];
    case "Assert":
      return present(node.condition, node.message);
    case "MethodDeclaration":
    case "ConstructorDeclaration":
      return ofMember(node.annotations, node.parameters, node.body);
    case "Initializer":
      return [node.body];
    case "EnumConstant":
      return [...ofArguments(node.arguments), ...node.members];
    case "ClassDeclaration":
      return [...node.annotations, ...node.constants, ...node.members];
    case "MapEntry":
    case "SpreadEntry":
      return ofEntry(node);
    case "ExpressionStatement":
      return [node.expression];
    case "Throw":
      return [node.value];
    case "NullLiteral":
    case "BooleanLiteral":
    case "IntegerLiteral":
    case "DecimalLiteral":
    case "StringLiteral":
    case "Variable":
    case "This":
    case "Super":
      return [];
    case "GString":
      return node.values;
    case "ListExpression":
      return node.elements;
    case "MapExpression":
      return node.entries;
    case "Range":
      return [node.from, node.to];
    case "Closure":
      return [...(node.parameters ?? []), node.body];
    case "Property":
    case "MethodPointer":
      return [node.object, node.name];
    case "Index":
      return [node.object, ...node.indices];
    case "MethodCall":
      return [...present(node.receiver), node.method, ...ofArguments(node.arguments)];
    case "New":
      return [node.type, ...ofArguments(node.arguments), ...present(node.body)];
    case "NewArray":
      return [node.type, ...node.sizes];
    case "ArrayType":
      return [node.type];
    case "Unary":
    case "Increment":
    case "Spread":
      return [node.operand];
    case "Binary":
      return [node.left, node.right];
    case "Assignment":
      return [node.target, node.value];
    case "MultipleAssignment":
      return [...node.targets, node.value];
    case "Ternary":
      return [node.condition, node.consequent, node.alternative];
    case "Elvis":
      return [node.value, node.alternative];
    case "Cast":
    case "InstanceOf":
      return [node.operand, node.type];
    default:
      return unreachable(node);
  }
}

/** Calls `visit` for a node and everything inside it, outermost first; a visit that gives false leaves the inside out. */
export function walk(node: Node, visit: (node: Node) => boolean | undefined): void {
  if (visit(node) === false) return;
  for (const child of childrenOf(node)) walk(child, visit);
}
