import type { Expression } from "./ast.ts";

/** An expression as Groovy's messages show it: with brackets around every operator, and calls on nothing as `this.f()`. */
export function describe(expression: Expression): string {
  switch (expression.kind) {
    case "StringLiteral":
      return expression.value;
    case "NullLiteral":
      return "null";
    case "BooleanLiteral":
    case "IntegerLiteral":
      return String(expression.value);
    case "DecimalLiteral":
      return expression.text;
    case "Variable":
      return expression.name;
    case "This":
      return "this";
    case "Super":
      return "super";
    case "Binary":
      return `(${describe(expression.left)} ${expression.operator} ${describe(expression.right)})`;
    case "Property":
      return `${describe(expression.object)}.${describe(expression.name)}`;
    case "MethodCall": {
      const receiver = expression.receiver === undefined ? "this" : describe(expression.receiver);
      return `${receiver}.${describe(expression.method)}(${expression.arguments.positional.map(describe).join(", ")})`;
    }
    case "ListExpression":
      return `[${expression.elements.map(describe).join(", ")}]`;
    case "Closure":
      return "{ -> ... }";
    case "GString":
    case "MapExpression":
    case "Range":
    case "MethodPointer":
    case "Index":
    case "New":
    case "NewArray":
    case "ArrayType":
    case "Unary":
    case "Increment":
    case "Assignment":
    case "MultipleAssignment":
    case "Ternary":
    case "Elvis":
    case "Cast":
    case "InstanceOf":
    case "Spread":
      return "…";
  }
}
