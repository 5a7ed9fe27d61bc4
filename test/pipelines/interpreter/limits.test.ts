import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import type { Limits } from "../../../pipelines/interpreter/limits.ts";
import { quietHost, valueOf } from "./support.ts";

function codeOf(text: string, limits: Partial<Limits> = {}): string {
  const result = evaluateScript(text, { host: quietHost(), limits });
  return "error" in result ? result.error.code : "a value";
}

describe("each limit of a script has its own error", () => {
  it("evaluations", () => {
    assert.equal(codeOf("while (true) { }", { evaluations: 1000 }), "limit.evaluations");
    assert.equal(codeOf("for (i in 1..10) { }", { evaluations: 1000 }), "a value");
  });

  it("depth", () => {
    assert.equal(codeOf("def f(n) { n == 0 ? 0 : f(n - 1) }\nf(60)", { depth: 50 }), "limit.depth");
    assert.equal(codeOf("def f(n) { n == 0 ? 0 : f(n - 1) }\nf(40)", { depth: 50 }), "a value");
    assert.equal(codeOf("def f(n) { n == 0 ? 0 : f(n - 1) }\nf(500)"), "a value");
  });

  it("the length of a string", () => {
    assert.equal(codeOf("'x' * 1001", { stringLength: 1000 }), "limit.string");
    assert.equal(codeOf("'x' * 1000", { stringLength: 1000 }), "a value");
  });

  it("the size of a collection", () => {
    for (const text of ["(1..101).toList()", "[0] * 101", "new int[101]", "('x' * 101).toList()"])
      assert.equal(codeOf(text, { collectionSize: 100 }), "limit.collection", text);
    assert.equal(codeOf("(1..100).toList()", { collectionSize: 100 }), "a value");
  });

  it("the memory of what is held", () => {
    const text = "def l = []\nfor (i in 1..100) { l << 'x' * 1000000 + i }";
    assert.equal(codeOf(text, { liveBytes: 20_000_000, evaluations: 50_000_000 }), "limit.memory");
    const dropped = "def l\nfor (i in 1..100) { l = 'x' * 1000000 + i }";
    assert.equal(codeOf(dropped, { liveBytes: 20_000_000, evaluations: 50_000_000 }), "a value");
  });

  it("the ways in which a pattern may match", () => {
    const text = "('ab' * 3000000) ==~ /(?:(a)|(b))*c/";
    assert.equal(codeOf(text, { evaluations: 500_000_000 }), "limit.pattern");
  });

  it("the time, where a watch is given", () => {
    let nowMs = 0;
    const watch = { clockMs: () => (nowMs += 10), limitMs: 100 };
    const run = (text: string): string => {
      const result = evaluateScript(text, { host: quietHost(), watch });
      return "error" in result ? result.error.code : "a value";
    };
    assert.equal(run("while (true) { }"), "limit.time");
    assert.equal(run("for (i in 1..100) { }"), "a value");
    assert.equal(
      run("try { while (true) { } } catch (Throwable e) { 1 } finally { return 2 }"),
      "limit.time",
    );
  });

  it("none of them can be caught, and no finally runs", () => {
    for (const text of ["while (true) { }", "def f() { f() }\nf()", "'x' * 100000000", "(1..2000000)"]) {
      const guarded = `try { ${text.replace("\n", "\n")} } catch (Throwable e) { return 'caught' } finally { return 'finally' }`;
      const body = text.startsWith("def f")
        ? "def f() { f() }\ntry { f() } catch (Throwable e) { 1 } finally { return 2 }"
        : guarded;
      assert.match(codeOf(body, { evaluations: 100_000 }), /^limit\./, text);
    }
  });
});

describe("what is held", () => {
  const held = (text: string): string => codeOf(text, { liveBytes: 20_000_000, evaluations: 50_000_000 });

  it("is found in closures, what they captured, and what our own closures keep", () => {
    assert.equal(
      held("def l = []\nfor (i in 1..100) { def s = 'x' * 1000000 + i; l << { s } }"),
      "limit.memory",
    );
    assert.equal(
      held("def f = { a, b -> a }\ndef l = []\nfor (i in 1..100) { l << f.curry('x' * 1000000 + i) }"),
      "limit.memory",
    );
    assert.equal(
      held("def f = { it }.memoize()\nfor (i in 1..100) { f('x' * 1000000 + i) }"),
      "limit.memory",
    );
    assert.equal(
      held("def f = { it }\nfor (i in 1..100) { def s = 'x' * 1000000 + i; f = f >> { s } }"),
      "limit.memory",
    );
  });

  it("is found in objects, static fields, exceptions, sets and the keys of maps", () => {
    assert.equal(
      held("class A { def a }\ndef l = []\nfor (i in 1..100) { l << new A(a: 'x' * 1000000 + i) }"),
      "limit.memory",
    );
    assert.equal(
      held("class A { static l = [] }\nfor (i in 1..100) { A.l << 'x' * 1000000 + i }"),
      "limit.memory",
    );
    assert.equal(
      held("def e\nfor (i in 1..100) { e = new Exception('x' * 1000000 + i, e) }"),
      "limit.memory",
    );
    assert.equal(held("def s = [] as Set\nfor (i in 1..100) { s << 'x' * 1000000 + i }"), "limit.memory");
    assert.equal(held("def m = [:]\nfor (i in 1..100) { m['x' * 1000000 + i] = 1 }"), "limit.memory");
  });

  it("does not include the whole of a text of which a part is kept", () => {
    assert.equal(valueOf("def t = 'x' * 100000 + 'end'\nt.substring(100000)"), "end");
    assert.equal(
      held("def l = []\nfor (i in 1..200) { def t = 'x' * 1000000 + i; l << t.substring(0, 20) }"),
      "a value",
    );
  });
});

describe("work is counted by its size", () => {
  const cheap = (text: string): string => codeOf(text, { evaluations: 3_000 });

  for (const [what, text] of [
    ["comparing long texts", "def a = 'x' * 50000\ndef b = 'x' * 50000\nfor (i in 1..20) { a == b }"],
    ["searching long texts", "def a = 'x' * 50000\nfor (i in 1..20) { a.contains('y' * 300) }"],
    ["walking long lists", "def a = (1..500).toList()\nfor (i in 1..20) { a.reverse() }"],
    ["keys made of many parts", "def a = (1..500).toList()\ndef m = [:]\nfor (i in 1..20) { m[a] = i }"],
    ["numbers of many digits", "def a = 7G ** 5000\nfor (i in 1..20) { a * a }"],
    ["new patterns", "for (i in 1..20) { 'x'.matches('(a|b){1,40}' + i) }"],
  ] as const) {
    it(what, () => assert.equal(cheap(text), "limit.evaluations"));
  }

  it("and the same work in small pieces is not", () => {
    assert.equal(cheap("def a = 'x' * 50\nfor (i in 1..20) { a == a + 'y' }"), "a value");
    assert.equal(cheap("def a = [1, 2]\nfor (i in 1..20) { a.reverse() }"), "a value");
    assert.equal(cheap("for (i in 1..20) { 'x'.matches('(a|b){1,40}') }"), "a value");
  });
});
