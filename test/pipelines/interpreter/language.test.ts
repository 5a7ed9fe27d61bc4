import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { errorOf, valueOf } from "./support.ts";

/** Scripts with the value that Groovy 2.4 gives them. */
const VALUES: readonly (readonly [script: string, value: unknown])[] = [
  // numbers
  ["7 / 2", 3.5],
  ["(10 / 3).toString()", "3.3333333333"],
  ["(100000 / 7).toString()", "14285.7142857143"],
  ["2147483647 + 1", -2147483648],
  ["2 ** 31", 2147483648],
  ["(2 ** 100).toString()", "1267650600228229401496703205376"],
  ["-7 % 3", -1],
  ["7.intdiv(2)", 3],
  ["0.1 + 0.2 == 0.3", true],
  ["(3.0 * 2.00).toString()", "6.000"],
  ["1e10d.toString()", "1.0E10"],
  ["(1.1f + 1).toString()", "2.100000023841858"],
  ["'3.70' as BigDecimal", 3.7],
  ["'33' as int", 33],
  ["int x = '3'\nx", 51],
  ["1 == 1.0 && 1L == 1 && 1 != '1'", true],
  ["1 <=> 'a'", -1],
  // text
  ["'a' + 1 + null", "a1null"],
  ["null + 'a'", "nulla"],
  ["def l = [1, 'x', null]\n\"$l ${[a: 1]} ${true}\"", "[1, x, null] [a:1] true"],
  ['def n = 1\ndef s = "${-> n}"\nn = 2\n"$s"', "2"],
  ["'a,b,,'.split(',').size()", 2],
  ["'abc'[-1] + 'abc'[0..1] + 'abc'[1, 2]", "cabbc"],
  ["'v1.2' - 'v'", "1.2"],
  ["'a-b'.replaceAll(/(\\w)-(\\w)/, '$2-$1')", "b-a"],
  ["('x=1' =~ /(\\w)=(\\d)/)[0][2]", "1"],
  ["'2024-05' ==~ /\\d{4}-\\d\\d/", true],
  ["'feature/X'.toLowerCase().tokenize('/').last()", "x"],
  ["String.format('%05.1f|%-4s|%x', 3.14159d, 'a', 255)", "003.1|a   |ff"],
  ["['a', 'b'].join(', ').padLeft(6, '*')", "**a, b"],
  // collections
  ["[a: { it + 1 }].collect { e -> e.value(2) }", [3]],
  ["[1, 2, 3].collect { it * 2 }.findAll { it > 2 }", [4, 6]],
  ["[3, 1, 2].sort { a, b -> b <=> a }", [3, 2, 1]],
  ["[a: 1, b: 2].collectEntries { k, v -> [v, k] }", { 1: "a", 2: "b" }],
  ["[1, 2, 3, 4].groupBy { it % 2 ? 'odd' : 'even' }", { odd: [1, 3], even: [2, 4] }],
  ["[[a: 1], [a: 2]].a", [1, 2]],
  ["['x', 'yy']*.size()", [1, 2]],
  ["[1, [2, [3]]].flatten().sum()", 6],
  ["(1..5).inject { a, b -> a * b }", 120],
  ["[1, 2, 2, 3].unique().collate(2)", [[1, 2], [3]]],
  ["def m = [:].withDefault { [] }\nm.a << 1\nm", { a: [1] }],
  ["def m = [(\"${'k'}\"): 1]\nm['k']", null],
  ["[*[1, 2], *(3..4)] + [*: [a: 1]].values()", [1, 2, 3, 4, 1]],
  // XML
  [
    `def p = new XmlSlurper().parseText('<p xmlns="urn:x"><v>1.2</v><m id="1">a</m><m id="2">b<x>c</x></m></p>')
     [p.name(), "$p.v", p.v == '1.2', p.m.size(), p.m*.text(), p.m[1].@id.text(), p.m.find { it.@id == '1' }.text(),
      p.m.findAll { it.x == 'c' }.size(), p.'**'.collect { it.name() }, p.none.text(), p.m[0].attributes(), p.v as String]`,
    ["p", "1.2", true, 2, ["a", "bc"], "2", "a", 1, ["p", "v", "m", "m", "x"], "", { id: "1" }, "1.2"],
  ],
  // code
  ["def f(Object... x) { x as List }\nf(1, , 2) + [3,\n, 4] + f(a: 1, , b: 2)", [1, 2, 3, 4, { a: 1, b: 2 }]],
  ["hudson.model.Result.UNSTABLE.toString() + hudson.model.Result.fromString('failure')", "UNSTABLEFAILURE"],
  ["def f(a, b = 2, Map o = [:]) { a + b + o.size() }\nf(1) + f(1, 1) + f(1, 1, [x: 1])", 8],
  ["def f(Map o, x) { \"$o.a$x\" }\nf(a: 1, 'z')", "1z"],
  ["def f(String... all) { all.length }\nf() + f('a') + f('a', 'b')", 3],
  ["def (a, b) = [1, 2]\n(a, b) = [b, a]\n[a, b]", [2, 1]],
  [
    "def r = []\nouter: for (i in 1..3) { for (j in 1..3) { if (j == 2) continue outer; r << i * j } }\nr",
    [1, 2, 3],
  ],
  [
    "def k = { it instanceof String ? 's' : 'o' }\nswitch ('x') { case ~/[0-9]/: 'd'; break; case String: 't'; break; default: 'z' }",
    "t",
  ],
  [
    "try { throw new IllegalStateException('x') } catch (IllegalArgumentException | IllegalStateException e) { e.message } finally { 'no' }",
    "x",
  ],
  ["def f() { try { return 1 } finally { return 2 } }\nf()", 2],
  ["def add = { a, b -> a + b }\nadd.curry(1)(2) + (add >> { it * 10 })(1, 1)", 23],
  ["def l = []\nfor (int i = 0; i < 3; i++) { def n = i; l << { n } }\nl*.call()", [0, 1, 2]],
  ["def m = 'size'\n[1, 2].\"$m\"()", 2],
  [
    "def c = { x = 1; y + x }\ndef d = [y: 2]\nc.delegate = d\nc.resolveStrategy = Closure.DELEGATE_FIRST\n[c(), d.x]",
    [3, 1],
  ],
  [
    'class P { int x = 1; String n\n P plus(P o) { new P(x: x + o.x, n: n) }\n String toString() { "P$x" } }\n"${new P(x: 2) + new P()}"',
    "P3",
  ],
  ["class A { static int n = 0\n static next() { ++n } }\nA.next()\nA.next()", 2],
  ["class A { def a() { 'a' } }\nclass B extends A { def a() { super.a() + 'b' } }\nnew B().a()", "ab"],
  [
    "enum E { ONE(1), TWO(2)\n final int v\n E(int v) { this.v = v } }\nE.values()*.v + [E.valueOf('TWO').ordinal()]",
    [1, 2, 1],
  ],
  [
    "class X extends Exception { X(String m) { super(m) } }\ntry { throw new X('m') } catch (Exception e) { \"${e.getClass().simpleName} ${e.message}\" }",
    "X m",
  ],
  ["def a = null\n[a?.b?.c(), a ?: 'd']", [null, "d"]],
  ["import groovy.transform.Field\n@Field def seen = [1]\ndef f() { seen << 2 }\nf()", [1, 2]],
  ["x = 1\ndef f() { x + 1 }\nf()", 2],
  // library
  ["new groovy.json.JsonSlurper().parseText('{\"a\": [1, 2.5, null]}').a", [1, 2.5, null]],
  ["groovy.json.JsonOutput.toJson([a: 'é', b: [true]])", '{"a":"\\u00e9","b":[true]}'],
  ["new Date(0).format('yyyy-MM-dd HH:mm', TimeZone.getTimeZone('GMT+2'))", "1970-01-01 02:00"],
  ["'ab'.bytes.encodeBase64().toString() + new String('YWI='.decodeBase64())", "YWI=ab"],
  ["URLEncoder.encode('a b&ü', 'UTF-8')", "a+b%26%C3%BC"],
  ["new Random(42).nextInt(100)", 30],
  ["Math.max(1, 2) + Integer.parseInt('7') + [1, 2].hashCode()", 1003],
];

/** Scripts with the message they end in. */
const ERRORS: readonly (readonly [script: string, message: string])[] = [
  ["null.foo()", "java.lang.NullPointerException: Cannot invoke method foo() on null object"],
  ["null.foo", "java.lang.NullPointerException: Cannot get property 'foo' on null object"],
  ["foo", "groovy.lang.MissingPropertyException: No such property: foo for class: groovy.lang.Binding"],
  [
    "'a'.foo(1, 'b')",
    "groovy.lang.MissingMethodException: No signature of method: java.lang.String.foo() is applicable for argument types: (java.lang.Integer, java.lang.String) values: [1, b]",
  ],
  [
    "int x = '33'",
    "org.codehaus.groovy.runtime.typehandling.GroovyCastException: Cannot cast object '33' with class 'java.lang.String' to class 'int'",
  ],
  ["[1].get(5)", "java.lang.IndexOutOfBoundsException: Index 5 out of bounds for length 1"],
  ["'x'.toInteger()", 'java.lang.NumberFormatException: For input string: "x"'],
];

describe("the language", () => {
  for (const [script, value] of VALUES) {
    it(`gives ${JSON.stringify(value)} for ${script.replaceAll("\n", "; ").slice(0, 90)}`, () => {
      assert.deepEqual(valueOf(script), value);
    });
  }

  for (const [script, message] of ERRORS) {
    it(`ends ${script} as Jenkins does`, () => {
      assert.equal(errorOf(script), message);
    });
  }
});
