import type { Arguments, Block, Entry, Expression, Statement } from "../../../pipelines/syntax/ast.ts";
import { parse } from "../../../pipelines/syntax/parser.ts";

/** Parses a text and draws its statements in brackets, one line each, so that a test shows what binds to what. */
export function sketchOf(text: string): string {
  const { program, diagnostics } = parse(text);
  const problems = diagnostics.map((d) => `! ${d.span.line}:${d.span.column} ${d.message}`);
  return [...problems, ...program.statements.map(statement)].join("\n");
}

function statement(node: Statement): string {
  switch (node.kind) {
    case "ExpressionStatement":
      return expression(node.expression);
    case "Block":
      return block(node);
    case "Declaration":
      return node.variables
        .map((v) => `def ${v.name}${v.initial === undefined ? "" : ` = ${expression(v.initial)}`}`)
        .join(", ");
    case "MultipleDeclaration":
      return `def (${node.variables.map((v) => v.name).join(" ")}) = ${expression(node.value)}`;
    case "If": {
      const rest = node.alternative === undefined ? "" : ` else ${statement(node.alternative)}`;
      return `if ${expression(node.condition)} ${statement(node.consequent)}${rest}`;
    }
    case "Return":
      return node.value === undefined ? "return" : `return ${expression(node.value)}`;
    case "Labeled":
      return `${node.label}: ${statement(node.statement)}`;
    case "For":
    case "ForIn":
    case "While":
    case "Switch":
    case "Try":
    case "Break":
    case "Continue":
    case "Throw":
    case "Assert":
    case "MethodDeclaration":
    case "ClassDeclaration":
      return node.kind;
  }
}

function block(node: Block): string {
  return `{${node.statements.map(statement).join("; ")}}`;
}

function entry(node: Entry): string {
  return node.kind === "MapEntry"
    ? `${expression(node.key)}:${expression(node.value)}`
    : `*:${expression(node.value)}`;
}

function args(node: Arguments): string {
  return `(${[...node.named.map(entry), ...node.positional.map(expression)].join(" ")})`;
}

const DOT = { plain: ".", safe: "?.", spread: "*." } as const;

function expression(node: Expression): string {
  switch (node.kind) {
    case "NullLiteral":
      return "null";
    case "BooleanLiteral":
      return String(node.value);
    case "IntegerLiteral":
      return `${node.value}${node.type === "int" ? "" : `:${node.type}`}`;
    case "DecimalLiteral":
      return `${node.text}:${node.type}`;
    case "StringLiteral":
      return node.quote === "none" ? node.value : JSON.stringify(node.value);
    case "GString":
      return `<${node.strings.map((s, i) => `${s}${i < node.values.length ? `\${${valueAt(node.values, i)}}` : ""}`).join("")}>`;
    case "Variable":
      return node.name;
    case "This":
      return "this";
    case "Super":
      return "super";
    case "ListExpression":
      return `[${node.elements.map(expression).join(" ")}]`;
    case "MapExpression":
      return `[${node.entries.map(entry).join(" ")}:]`;
    case "Range":
      return `(${expression(node.from)} ${node.isInclusive ? ".." : "..<"} ${expression(node.to)})`;
    case "Closure":
      return `{${node.parameters === undefined ? "" : `${node.parameters.map((p) => p.name).join(" ")}-> `}${node.body.statements.map(statement).join("; ")}}`;
    case "Property":
      return `${expression(node.object)}${DOT[node.access]}${node.isAttribute ? "@" : ""}${expression(node.name)}`;
    case "MethodPointer":
      return `${expression(node.object)}.&${expression(node.name)}`;
    case "Index":
      return `${expression(node.object)}[${node.indices.map(expression).join(" ")}]`;
    case "MethodCall": {
      const on = node.receiver === undefined ? "" : `${expression(node.receiver)}${DOT[node.access]}`;
      return `${on}${expression(node.method)}${args(node.arguments)}`;
    }
    case "New":
      return `new ${node.type.name}${args(node.arguments)}`;
    case "NewArray":
      return `new ${node.type.name}${node.sizes.map((size) => `[${expression(size)}]`).join("")}`;
    case "ArrayType":
      return `${node.type.name}${"[]".repeat(node.type.dimensions)}`;
    case "Unary":
      return `(${node.operator} ${expression(node.operand)})`;
    case "Increment":
      return node.isPrefix
        ? `(${node.operator}${expression(node.operand)})`
        : `(${expression(node.operand)}${node.operator})`;
    case "Binary":
      return `(${expression(node.left)} ${node.operator} ${expression(node.right)})`;
    case "Assignment":
      return `(${expression(node.target)} ${node.operator} ${expression(node.value)})`;
    case "MultipleAssignment":
      return `((${node.targets.map(expression).join(" ")}) = ${expression(node.value)})`;
    case "Ternary":
      return `(${expression(node.condition)} ? ${expression(node.consequent)} : ${expression(node.alternative)})`;
    case "Elvis":
      return `(${expression(node.value)} ?: ${expression(node.alternative)})`;
    case "Cast":
      return `(${expression(node.operand)} as ${node.type.name}${"[]".repeat(node.type.dimensions)})`;
    case "InstanceOf":
      return `(${expression(node.operand)} instanceof ${node.type.name})`;
    case "Spread":
      return `*${expression(node.operand)}`;
  }
}

function valueAt(values: readonly Expression[], index: number): string {
  const value = values[index];
  return value === undefined ? "" : expression(value);
}
