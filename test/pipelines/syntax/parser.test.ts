import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { MAX_CHAIN, MAX_NESTING, MAX_SYNTAX_ERRORS } from "../../../pipelines/syntax/cursor.ts";
import { MAX_TREE_DEPTH } from "../../../pipelines/syntax/checks/depth.ts";
import { MAX_SOURCE_UNITS, parse } from "../../../pipelines/syntax/parser.ts";
import { sketchOf } from "../support/sketch.ts";

/** Each text and what it must be read as; the right side was compared with what Groovy 2.4.21 makes of the text. */
function reads(cases: readonly (readonly [string, string])[]): void {
  for (const [text, sketch] of cases) assert.equal(sketchOf(text), sketch, text);
}

describe("the parser", () => {
  it("binds operators as Groovy does", () => {
    reads([
      ["1 + 2 * 3", "(1 + (2 * 3))"],
      ["a - b - c", "((a - b) - c)"],
      ["-2 ** 2", "(- (2 ** 2))"],
      ["-2147483648", "-2147483648"],
      ["x + y as String", "((x + y) as String)"],
      ["!a in b", "((! a) in b)"],
      ["1..n-1", "(1 .. (n - 1))"],
      ["a ?: b ?: c", "(a ?: (b ?: c))"],
      ["a ? b : c ? d : e", "(a ? b : (c ? d : e))"],
      ["a = b = c", "(a = (b = c))"],
      ["a || b && c == d", "(a || (b && (c == d)))"],
      ["a =~ b == c", "(a =~ (b == c))"],
      ["1 << 2 + 3", "(1 << (2 + 3))"],
      ["(int) a + b", "((a as int) + b)"],
      ["(a) - b", "(a - b)"],
      ["(a, b) = [b, a]", "((a b) = [b a])"],
    ]);
  });

  it("reads commands, chains of them and their arguments", () => {
    reads([
      ["foo a", "foo(a)"],
      ["foo a, b: 1", "foo(b:1 a)"],
      ["a b c d", "a(b).c(d)"],
      ["a b c", "a(b).c"],
      ["foo [1]", "foo[1]"],
      ["foo [:]", "foo([:])"],
      ["foo -1", "(foo - 1)"],
      ["foo (1) + 2", "(foo(1) + 2)"],
      ["foo 'a' + x", 'foo(("a" + x))'],
      ["foo !x", "foo((! x))"],
      ["foo 1,\n 2", "foo(1 2)"],
      ["x.y = z w", "(x.y = z(w))"],
      ["foo if: 1", "foo(if:1)"],
      ["a.b c", "a.b(c)"],
      ["foo bar { it }", "foo(bar({it}))"],
      ["'a' 'b'", '"a"("b")'],
    ]);
  });

  it("hangs closures on the call before them, also from the next line", () => {
    reads([
      ["foo(1) { a }", "foo(1 {a})"],
      ["foo { a } { b }", "foo({a} {b})"],
      ["stage('x')\n{\n a\n}", 'stage("x" {a})'],
      ["foo(1)\n{ a }\n{ b }", "foo(1 {a} {b})"],
      ["pipeline\n{ a }", "pipeline({a})"],
      ["x = { a }", "(x = {a})"],
      ["{ a, b = { -> 1 } -> a }", "{a b-> a}"],
      ["{ -> a }", "{-> a}"],
    ]);
  });

  it("ends a statement at the line end, but not before a dot, a question mark or an elvis", () => {
    reads([
      ["x = a\n+ b", "(x = a)\n(+ b)"],
      ["x = a\n  .b()\n  // c\n  .d()", "(x = a.b().d())"],
      ["x = a\n ? b\n : c", "(x = (a ? b : c))"],
      ["x = a\n ?: b", "(x = (a ?: b))"],
      ["return\nx", "return\nx"],
      ["x = 1 +\n2", "(x = (1 + 2))"],
      ["(a\n+ b)", "(a + b)"],
      ["foo a\n.bar()", "foo(a.bar())"],
      ["foo(a)\n.bar()", "foo(a).bar()"],
    ]);
  });

  it("reads members, indices and pointers", () => {
    reads([
      ["a?.b*.c", "a?.b*.c"],
      ["a.@b", "a.@b"],
      ["a.&b", "a.&b"],
      ["a.'b c'.\"${d}\"", 'a."b c".<${d}>'],
      ["a[1, 2]", "a[1 2]"],
      ["a[-1]", "a[-1]"],
      ["f()()", "f().call()"],
      ["a.class.if", "a.class.if"],
      ["String[].class", "String[].class"],
      ["int.class", "int.class"],
      ["(a)()", "a.call()".replace("a.call", "a")],
    ]);
  });

  it("reads lists, maps and strings with values", () => {
    reads([
      ["[1, *a,]", "[1 *a]"],
      ["[a: 1, 'b': 2, (c): 3, *: d]", '[a:1 "b":2 c:3 *:d:]'],
      ["[:]", "[:]"],
      ["[]", "[]"],
      ['"a $b.c ${d} ${-> e} ${}"', "<a ${b.c} ${d} ${{-> e}} ${null}>"],
      ['"${a; b}"', "<${{a; b}.call()}>"],
      ["f(*a, b: 1, *: c) { }", "f(b:1 *:c *a {})"],
    ]);
  });

  it("tells declarations from commands by the capital letter", () => {
    reads([
      ["String s = 'a', t", 'def s = "a", def t'],
      ["Map<String, List<Integer>> m = [:]", "def m = [:]"],
      ["java.util.Date d", "def d"],
      ["foo bar = 1", "foo((bar = 1))"],
      ["int[] a", "def a"],
      ["def (a, int b) = c", "def (a b) = c"],
      ["label: { a }", "label: {a}"],
      ["if (a) b c else d", "if a b(c) else d"],
      ["if (a) { b }\n// c\nelse { d }", "if a {b} else {d}"],
    ]);
  });

  it("refuses what Groovy 2.4 refuses, where it does", () => {
    reads([
      ["return foo 1", "! 1:12 expecting the end of the statement, found '1'"],
      ["f(1,,)", "! 1:5 unexpected token: ,"],
      ["f(1,,,2)", "! 1:5 unexpected token: ,"],
      ["f(x y)", "! 1:5 expecting ')', found 'y'"],
      ["a?[0]", "! 1:6 expecting ':', found end of file"],
      ["x !in y", "! 1:4 unexpected token: in"],
      ["a === b", '! 1:3 Operator ("===") not supported\n(a === b)'],
      ["x = a\n&& b", "! 2:1 unexpected token: &&\n(x = a)"],
      ["try { }", "! 1:1 A try statement must have at least one catch or finally block.\nTry"],
      [
        "def f()",
        "! 1:5 You defined a method without body. Try adding a body, or declare it abstract.\nMethodDeclaration",
      ],
      ["(a)[0]", "! 1:2 unable to resolve class a\n([0] as a)"],
    ]);
  });

  it("finds each of several mistakes and goes on behind it", () => {
    const text =
      "def a = [1 2]\nif (a = b) { }\nnode {\n  x = )\n  y = 1\n}\nclass C {\n  int = 3\n  int z = ;\n}\n";
    const lines = parse(text).diagnostics.map((diagnostic) => diagnostic.span.line);
    assert.deepEqual(lines, [1, 2, 4, 8, 9]);
  });

  it("stops saying things after so many mistakes", () => {
    const { diagnostics } = parse(")\n".repeat(MAX_SYNTAX_ERRORS * 3));
    assert.equal(diagnostics.length, MAX_SYNTAX_ERRORS);
  });

  it("refuses brackets nested too deep, and chains that are too long, in words", () => {
    for (const [open, close] of [
      ["(", ")"],
      ["[", "]"],
      ["{ -> ", "}"],
      ["f(", ")"],
      ['"${', '}"'],
      ["!", ""],
      ["a ? b : ", ""],
    ] as const) {
      const text = `x = ${open.repeat(20_000)}1${close.repeat(20_000)}`;
      assert.match(
        parse(text).diagnostics[0]?.message ?? "",
        new RegExp(`nested more than ${MAX_NESTING} levels`),
        open,
      );
      const shallow = Math.floor(MAX_NESTING / 6);
      assert.deepEqual(parse(`x = ${open.repeat(shallow)}1${close.repeat(shallow)}`).diagnostics, [], open);
    }
    for (const link of [" + 1", ".a", " ** 2", "[0]"]) {
      const text = `x = 1${link.repeat(MAX_CHAIN + 1)}`;
      assert.match(parse(text).diagnostics[0]?.message ?? "", new RegExp(`more than ${MAX_CHAIN}`), link);
      assert.deepEqual(parse(`x = 1${link.repeat(MAX_CHAIN - 1)}`).diagnostics, [], link);
    }
  });

  it("refuses a tree that chains in brackets make too deep, before anybody walks it", () => {
    const links = " + 1".repeat(MAX_CHAIN - 1);
    const text = `x = ${"(".repeat(20)}1${`${links})`.repeat(20)}`;
    assert.match(parse(text).diagnostics[0]?.message ?? "", new RegExp(`more than ${MAX_TREE_DEPTH} levels`));
  });

  it("refuses a file that is too long without reading it", () => {
    const [found] = parse(" ".repeat(MAX_SOURCE_UNITS + 1)).diagnostics;
    assert.equal(found?.code, "source-too-long");
    assert.deepEqual(parse(" ".repeat(MAX_SOURCE_UNITS)).diagnostics, []);
  });

  it("points at the brace that stands wrong when one is missing or one too many", () => {
    const places = (text: string) =>
      parse(text)
        .diagnostics.flatMap((d) => d.related ?? [])
        .map((r) => `${r.span.line}:${r.span.column}`);
    assert.deepEqual(places("node {\n  stage('a') {\n    dir('b') {\n      sh 'c'\n  }\n}\n"), [
      "5:3",
      "3:14",
    ]);
    assert.deepEqual(places("node {\n  if (a) {\n    sh 'b'\n  }\n  }\n}\n"), ["5:3", "1:6"]);
    assert.deepEqual(places("node {\nsh 'a'\n"), ["1:6"]);
  });
});
