/**
 * The syntax tree of Groovy 2.4 as Jenkinsfiles use it. Every node has a `kind` and a span. The tree says what was
 * written, not what it means: names are not resolved, and `env.X`, `java.util.Date` and `a.b` are all properties.
 *
 * Brackets around an expression leave no node, but the span of what encloses them covers them.
 */
import type { Span } from "../diagnostic.ts";

/** A whole file: a script whose methods and classes stand among its statements, in the order written. */
export type Program = {
  readonly kind: "Program";
  /** The source, so that `text.slice(span.start, span.end)` of any node is what was written. */
  readonly text: string;
  /** The dotted name of a `package` line, if there is one. */
  readonly packageName?: string;
  /** Annotations before `import` or `package` lines (`@Library('x') import a.B`); those of a `_` are on the declaration. */
  readonly annotations: readonly Annotation[];
  readonly imports: readonly Import[];
  readonly statements: readonly Statement[];
  readonly span: Span;
};

/** `import a.b.C as D`, `import a.b.*`, `import static a.B.c`. */
export type Import = {
  readonly kind: "Import";
  readonly isStatic: boolean;
  /** The dotted name without a trailing `.*`. */
  readonly name: string;
  readonly isStar: boolean;
  readonly alias?: string;
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** `@Field`, `@Library('x@1')`, `@NonCPS`, `@Foo(bar = 1)`; one value without a name is called `value`. */
export type Annotation = {
  readonly kind: "Annotation";
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly value: Expression }[];
  readonly span: Span;
};

/** A type as written: `int`, `String[]`, `java.util.Map<String, Object>`. */
export type TypeName = {
  readonly kind: "TypeName";
  /** The dotted name; `?` for a wildcard. */
  readonly name: string;
  /** Type arguments; they have no effect at run time. */
  readonly arguments: readonly TypeName[];
  /** How many pairs of `[]` follow. */
  readonly dimensions: number;
  readonly span: Span;
};

/** A modifier word. `def` and `var`-less declarations with only modifiers have no type. */
export type Modifier =
  | "def"
  | "private"
  | "public"
  | "protected"
  | "static"
  | "final"
  | "abstract"
  | "transient"
  | "volatile"
  | "native"
  | "strictfp"
  | "synchronized";

/** A name where it is declared. */
export type Name = { readonly name: string; readonly span: Span };

/** A parameter of a method, constructor, closure or `for (x in …)`. */
export type Parameter = {
  readonly kind: "Parameter";
  readonly name: string;
  readonly nameSpan: Span;
  readonly type?: TypeName;
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly initial?: Expression;
  /** `String... rest` */
  readonly isVarargs: boolean;
  readonly span: Span;
};

// ---------------------------------------------------------------- statements

/** Everything that can stand in a block or at the top of a file. */
export type Statement =
  | Block
  | ExpressionStatement
  | Declaration
  | MultipleDeclaration
  | If
  | For
  | ForIn
  | While
  | Switch
  | Try
  | Return
  | Break
  | Continue
  | Throw
  | Assert
  | Labeled
  | MethodDeclaration
  | ClassDeclaration;

/** `{ … }` as a statement (after `if`, of a method); never a closure. */
export type Block = {
  readonly kind: "Block";
  readonly statements: readonly Statement[];
  readonly span: Span;
};

export type ExpressionStatement = {
  readonly kind: "ExpressionStatement";
  readonly expression: Expression;
  readonly span: Span;
};

/** `def x`, `String a = 1, b`, `@Field def x = []`: one or more variables of one type. */
export type Declaration = {
  readonly kind: "Declaration";
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly type?: TypeName;
  readonly variables: readonly Declarator[];
  readonly span: Span;
};

/** One variable of a declaration. */
export type Declarator = {
  readonly kind: "Declarator";
  readonly name: string;
  readonly nameSpan: Span;
  readonly initial?: Expression;
  readonly span: Span;
};

/** `def (a, int b) = [1, 2]`. */
export type MultipleDeclaration = {
  readonly kind: "MultipleDeclaration";
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly variables: readonly {
    readonly name: string;
    readonly nameSpan: Span;
    readonly type?: TypeName;
  }[];
  readonly value: Expression;
  readonly span: Span;
};

/** `if (condition) consequent else alternative`; the branches need not be blocks. */
export type If = {
  readonly kind: "If";
  readonly condition: Expression;
  readonly consequent: Statement;
  readonly alternative?: Statement;
  readonly span: Span;
};

/** `for (initial; condition; update) body`; each part may be missing. */
export type For = {
  readonly kind: "For";
  readonly initial: readonly (Declaration | MultipleDeclaration | ExpressionStatement)[];
  readonly condition?: Expression;
  readonly update: readonly Expression[];
  readonly body: Statement;
  readonly span: Span;
};

/** `for (x in iterable) body` and `for (String x : iterable) body`. */
export type ForIn = {
  readonly kind: "ForIn";
  readonly variable: Parameter;
  readonly iterable: Expression;
  readonly body: Statement;
  readonly span: Span;
};

export type While = {
  readonly kind: "While";
  readonly condition: Expression;
  readonly body: Statement;
  readonly span: Span;
};

/** Falls through as in Java; a label matches by `isCase`. */
export type Switch = {
  readonly kind: "Switch";
  readonly subject: Expression;
  readonly cases: readonly SwitchCase[];
  readonly span: Span;
};

/** One `case x:` or, without `match`, `default:`; labels in a row are cases with no statements. */
export type SwitchCase = {
  readonly kind: "SwitchCase";
  readonly match?: Expression;
  readonly statements: readonly Statement[];
  readonly span: Span;
};

export type Try = {
  readonly kind: "Try";
  readonly body: Block;
  readonly catches: readonly Catch[];
  readonly finallyBlock?: Block;
  readonly span: Span;
};

/** `catch (A | B e)`; no types means `java.lang.Exception`, as `catch (e)` does. */
export type Catch = {
  readonly kind: "Catch";
  readonly types: readonly TypeName[];
  readonly name: string;
  readonly nameSpan: Span;
  readonly body: Block;
  readonly span: Span;
};

export type Return = { readonly kind: "Return"; readonly value?: Expression; readonly span: Span };
export type Break = { readonly kind: "Break"; readonly label?: string; readonly span: Span };
export type Continue = { readonly kind: "Continue"; readonly label?: string; readonly span: Span };
export type Throw = { readonly kind: "Throw"; readonly value: Expression; readonly span: Span };

/** `assert condition`, `assert condition : message`, `assert condition, message`. */
export type Assert = {
  readonly kind: "Assert";
  readonly condition: Expression;
  readonly message?: Expression;
  readonly span: Span;
};

/** `outer: for (…) { … }`. In a block `a: 1` is this too, not a map. */
export type Labeled = {
  readonly kind: "Labeled";
  readonly label: string;
  readonly statement: Statement;
  readonly span: Span;
};

// --------------------------------------------------------------- declarations

/** A method of the script or of a class. */
export type MethodDeclaration = {
  readonly kind: "MethodDeclaration";
  readonly name: string;
  readonly nameSpan: Span;
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  /** Absent for `def` and for a method written with modifiers only; `void` is a type. */
  readonly returnType?: TypeName;
  readonly parameters: readonly Parameter[];
  readonly throwsTypes: readonly TypeName[];
  /** Absent for an abstract or interface method. */
  readonly body?: Block;
  readonly span: Span;
};

export type ConstructorDeclaration = {
  readonly kind: "ConstructorDeclaration";
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly parameters: readonly Parameter[];
  readonly throwsTypes: readonly TypeName[];
  /** `this(…)` and `super(…)` are its first statement: a method call without receiver named `this` or `super`. */
  readonly body: Block;
  readonly span: Span;
};

/** A field of a class; without a visibility word it is a property. One node per line, as with `Declaration`. */
export type FieldDeclaration = {
  readonly kind: "FieldDeclaration";
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly type?: TypeName;
  readonly variables: readonly Declarator[];
  readonly span: Span;
};

/** `static { … }` and `{ … }` in a class body. */
export type Initializer = {
  readonly kind: "Initializer";
  readonly isStatic: boolean;
  readonly body: Block;
  readonly span: Span;
};

/** `RED(1) { … }` in an enum. */
export type EnumConstant = {
  readonly kind: "EnumConstant";
  readonly name: string;
  readonly nameSpan: Span;
  readonly annotations: readonly Annotation[];
  readonly arguments: Arguments;
  readonly members: readonly Member[];
  readonly span: Span;
};

export type Member =
  | FieldDeclaration
  | MethodDeclaration
  | ConstructorDeclaration
  | Initializer
  | ClassDeclaration;

/** A class, interface or enum, at the top, nested, or anonymous (then it is in `New.body`). */
export type ClassDeclaration = {
  readonly kind: "ClassDeclaration";
  readonly form: "class" | "interface" | "enum";
  readonly name: string;
  readonly nameSpan: Span;
  readonly modifiers: readonly Modifier[];
  readonly annotations: readonly Annotation[];
  readonly superclass?: TypeName;
  readonly interfaces: readonly TypeName[];
  readonly constants: readonly EnumConstant[];
  readonly members: readonly Member[];
  readonly span: Span;
};

// ---------------------------------------------------------------- expressions

export type Expression =
  | NullLiteral
  | BooleanLiteral
  | IntegerLiteral
  | DecimalLiteral
  | StringLiteral
  | GString
  | Variable
  | This
  | Super
  | ListExpression
  | MapExpression
  | Range
  | Closure
  | Property
  | MethodPointer
  | Index
  | MethodCall
  | New
  | NewArray
  | ArrayType
  | Unary
  | Increment
  | Binary
  | Assignment
  | MultipleAssignment
  | Ternary
  | Elvis
  | Cast
  | InstanceOf
  | Spread;

export type NullLiteral = { readonly kind: "NullLiteral"; readonly span: Span };
export type BooleanLiteral = {
  readonly kind: "BooleanLiteral";
  readonly value: boolean;
  readonly span: Span;
};

/** `1`, `0x1F`, `017`, `0b1`, `1_000`, `5L`, `5G`; without a suffix the narrowest of int, long, BigInteger that holds it. */
export type IntegerLiteral = {
  readonly kind: "IntegerLiteral";
  readonly value: bigint;
  readonly type: "int" | "long" | "bigInteger";
  readonly span: Span;
};

/** `1.5`, `1e3`, `1.5G` are BigDecimal; `f` and `d` make float and double. `text` has no suffix and no underscores. */
export type DecimalLiteral = {
  readonly kind: "DecimalLiteral";
  readonly text: string;
  readonly type: "bigDecimal" | "float" | "double";
  readonly span: Span;
};

/** How a string was written; `none` for a bare name in the place of one (map key, property, method name). */
export type Quote = "'" | '"' | "'''" | '"""' | "/" | "$/" | "none";

/** A string without values in it; escapes are resolved in `value`. */
export type StringLiteral = {
  readonly kind: "StringLiteral";
  readonly value: string;
  readonly quote: Quote;
  readonly span: Span;
};

/**
 * A string with values: `strings[0] values[0] strings[1] … values[n-1] strings[n]`. A value that is a `Closure`
 * (`${-> x}`, `${w -> …}`) is evaluated whenever the text is asked for; any other one when the GString is made.
 */
export type GString = {
  readonly kind: "GString";
  readonly strings: readonly string[];
  readonly values: readonly Expression[];
  readonly quote: Quote;
  readonly span: Span;
};

/** A name by itself. A primitive type name (`int.class`) is one too. */
export type Variable = { readonly kind: "Variable"; readonly name: string; readonly span: Span };
export type This = { readonly kind: "This"; readonly span: Span };
export type Super = { readonly kind: "Super"; readonly span: Span };

/** `[1, *more, 2]` */
export type ListExpression = {
  readonly kind: "ListExpression";
  readonly elements: readonly Expression[];
  readonly span: Span;
};

/** `[a: 1, (k): 2, "x": 3, *: more]`, also `[:]`. */
export type MapExpression = {
  readonly kind: "MapExpression";
  readonly entries: readonly Entry[];
  readonly span: Span;
};

/** An entry of a map or a named argument. */
export type Entry = MapEntry | SpreadEntry;

/** `key: value`; a bare key is a `StringLiteral` with quote `none`, `(k)` is the expression inside. */
export type MapEntry = {
  readonly kind: "MapEntry";
  readonly key: Expression;
  readonly value: Expression;
  readonly span: Span;
};

/** `*: map` */
export type SpreadEntry = {
  readonly kind: "SpreadEntry";
  readonly value: Expression;
  readonly span: Span;
};

/** `a..b`, `a..<b` */
export type Range = {
  readonly kind: "Range";
  readonly from: Expression;
  readonly to: Expression;
  readonly isInclusive: boolean;
  readonly span: Span;
};

/** `{ … }` as a value. `parameters` is absent when there is no arrow (then there is `it`) and empty for `{ -> … }`. */
export type Closure = {
  readonly kind: "Closure";
  readonly parameters?: readonly Parameter[];
  readonly body: Block;
  readonly span: Span;
};

/** `plain` is `.`, `safe` is `?.`, `spread` is `*.`. */
export type Access = "plain" | "safe" | "spread";

/** `a.b`, `a?.b`, `a*.b`, `a."x$y"`, `a.(expr)`, and with `isAttribute` the field itself: `a.@b`. */
export type Property = {
  readonly kind: "Property";
  readonly object: Expression;
  /** A `StringLiteral` for a plain name. */
  readonly name: Expression;
  readonly access: Access;
  readonly isAttribute: boolean;
  readonly span: Span;
};

/** `a.&b` */
export type MethodPointer = {
  readonly kind: "MethodPointer";
  readonly object: Expression;
  readonly name: Expression;
  readonly span: Span;
};

/** `a[i]`; several indices or a spread one are one list: `a[1, 2]` is `a.getAt([1, 2])`. */
export type Index = {
  readonly kind: "Index";
  readonly object: Expression;
  readonly indices: readonly Expression[];
  readonly span: Span;
};

/** What is handed to a call. Named ones become one map in front of the others, as in Groovy. */
export type Arguments = {
  readonly named: readonly Entry[];
  /** In order; closures written behind the brackets are the last ones. */
  readonly positional: readonly Expression[];
  /** How many of `positional` are closures written behind the brackets (`f(1) { }`) or alone (`f { }`). */
  readonly trailingClosures: number;
  readonly span: Span;
};

/**
 * `f(1)`, `f 1, 2`, `f { }`, `a.f(x: 1)`, `a*.f()`. Without `receiver` the name may be a method, a step or a variable
 * holding a closure. A value that is called, `f()()`, `list[0](1)`, `{ }(1)`, has that value as receiver, the method
 * `call` and `isImplicitCall`. `this(…)` and `super(…)` have no receiver and those words as names.
 */
export type MethodCall = {
  readonly kind: "MethodCall";
  readonly receiver?: Expression;
  /** A `StringLiteral` for a plain name; `a."$x"()` has a GString, `a.@f()` an attribute is a `Property` called. */
  readonly method: Expression;
  readonly access: Access;
  readonly arguments: Arguments;
  /** Written without brackets around its arguments. */
  readonly isCommand: boolean;
  readonly isImplicitCall: boolean;
  readonly span: Span;
};

/** `new Foo(1, a: 2)`, with `body` an anonymous class. */
export type New = {
  readonly kind: "New";
  readonly type: TypeName;
  readonly arguments: Arguments;
  readonly body?: ClassDeclaration;
  readonly span: Span;
};

/** `new int[3][4][]`: two sizes and one open dimension. */
export type NewArray = {
  readonly kind: "NewArray";
  /** The element type, without dimensions. */
  readonly type: TypeName;
  readonly sizes: readonly Expression[];
  readonly openDimensions: number;
  readonly span: Span;
};

/** `String[]` or `int[][]` as a value. */
export type ArrayType = { readonly kind: "ArrayType"; readonly type: TypeName; readonly span: Span };

export type Unary = {
  readonly kind: "Unary";
  readonly operator: "!" | "~" | "-" | "+";
  readonly operand: Expression;
  readonly span: Span;
};

/** `++x`, `x--` */
export type Increment = {
  readonly kind: "Increment";
  readonly operator: "++" | "--";
  readonly isPrefix: boolean;
  readonly operand: Expression;
  readonly span: Span;
};

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "**"
  | "<<"
  | ">>"
  | ">>>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "<=>"
  | "==="
  | "!=="
  | "=~"
  | "==~"
  | "in"
  | "&"
  | "^"
  | "|"
  | "&&"
  | "||";

export type Binary = {
  readonly kind: "Binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly operatorSpan: Span;
  readonly span: Span;
};

export type AssignmentOperator =
  | "="
  | "+="
  | "-="
  | "*="
  | "/="
  | "%="
  | "**="
  | "<<="
  | ">>="
  | ">>>="
  | "&="
  | "^="
  | "|=";

/** The target is a `Variable`, `Property` or `Index`; the value of the expression is the one assigned. */
export type Assignment = {
  readonly kind: "Assignment";
  readonly operator: AssignmentOperator;
  readonly target: Expression;
  readonly value: Expression;
  readonly operatorSpan: Span;
  readonly span: Span;
};

/** `(a, b) = [1, 2]` */
export type MultipleAssignment = {
  readonly kind: "MultipleAssignment";
  readonly targets: readonly Expression[];
  readonly value: Expression;
  readonly span: Span;
};

export type Ternary = {
  readonly kind: "Ternary";
  readonly condition: Expression;
  readonly consequent: Expression;
  readonly alternative: Expression;
  readonly span: Span;
};

/** `value ?: alternative` */
export type Elvis = {
  readonly kind: "Elvis";
  readonly value: Expression;
  readonly alternative: Expression;
  readonly span: Span;
};

/** `(int) x`, and with `isCoercion` `x as int`. */
export type Cast = {
  readonly kind: "Cast";
  readonly type: TypeName;
  readonly operand: Expression;
  readonly isCoercion: boolean;
  readonly span: Span;
};

export type InstanceOf = {
  readonly kind: "InstanceOf";
  readonly operand: Expression;
  readonly type: TypeName;
  readonly span: Span;
};

/** `*list` among list elements, indices and arguments. */
export type Spread = { readonly kind: "Spread"; readonly operand: Expression; readonly span: Span };

/** Any node of the tree that has a kind. */
export type Node =
  | Program
  | Import
  | Annotation
  | TypeName
  | Parameter
  | Statement
  | Declarator
  | SwitchCase
  | Catch
  | ConstructorDeclaration
  | FieldDeclaration
  | Initializer
  | EnumConstant
  | Entry
  | Expression;
