import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEvaluator } from "../../../pipelines/interpreter/create.ts";
import { type Flow, Suspension } from "../../../pipelines/interpreter/flow.ts";
import type { Host } from "../../../pipelines/interpreter/host.ts";
import { exception } from "../../../pipelines/interpreter/thrown.ts";
import type { Value } from "../../../pipelines/interpreter/values.ts";
import { parse } from "../../../pipelines/syntax/parser.ts";
import { quietHost } from "./support.ts";

/** A step that waits: the scheduler of the test answers it. */
class Asked extends Suspension {
  readonly kind = "asked";
  readonly question: string;
  answer: Value = null;
  constructor(question: string) {
    super();
    this.question = question;
  }
}

function* ask(question: string): Flow<Value> {
  const asked = new Asked(question);
  yield asked;
  return asked.answer;
}

/** A host whose only step is `ask(question)`. */
function askingHost(printed: string[]): Host {
  return {
    ...quietHost(printed),
    callFunction: (name, args, _, evaluator) =>
      name === "ask" ? ask(evaluator.textOf(args.positional[0] ?? null)) : undefined,
  };
}

type Ran = {
  readonly value: Value;
  readonly questions: readonly string[];
  readonly printed: readonly string[];
};

/** Runs a script and answers what it asks with the question in capitals, or by throwing where `fail` says so. */
function run(text: string, fail: (question: string) => Error | undefined = () => undefined): Ran {
  const printed: string[] = [];
  const evaluator = createEvaluator({ host: askingHost(printed) });
  const { program, diagnostics } = parse(text);
  assert.deepEqual(diagnostics, []);
  const flow = evaluator.runScript(evaluator.load(program, "test"));
  const questions: string[] = [];
  let step = flow.next();
  while (step.done !== true) {
    const asked = step.value;
    assert.ok(asked instanceof Asked);
    questions.push(asked.question);
    const error = fail(asked.question);
    asked.answer = asked.question.toUpperCase();
    step = error === undefined ? flow.next() : flow.throw(error);
  }
  return { value: step.value, questions, printed };
}

const answerOf = (text: string): Value => run(text).value;

describe("a script that waits", () => {
  it("goes on with the answer wherever it asked", () => {
    for (const [text, value] of [
      ["ask('a')", "A"],
      ["ask('a') + ask('b')", "AB"],
      ["def f(x, y = ask('y')) { x + y }\nf(ask('x'))", "XY"],
      ["[ask('a'), 1, ask('b')].join('-')", "A-1-B"],
      ["[a: ask('a')].a", "A"],
      ["\"${ask('a')}-${ask('b')}\".toString()", "A-B"],
      ["ask('a') ? ask('b') : ask('c')", "B"],
      ["null ?: ask('a')", "A"],
      ["def x = [:]\nx[ask('k')] = ask('v')\nx.K", "V"],
      ["class A { def s; def get() { s.ask('a') + s.ask('b') } }\nnew A(s: this).get()", "AB"],
      ["switch (ask('a')) { case 'A': return ask('b'); default: return 1 }", "B"],
      ["def s = ''\nfor (x in ['a', 'b']) { s += ask(x) }\ns", "AB"],
      ["def s = ''\nint i = 0\nwhile (ask('q') == 'Q' && i++ < 2) { s += ask('a') }\ns", "AA"],
      ["['a', 'b'].collect { ask(it) }.join()", "AB"],
      ["['a', 'b'].inject('') { all, x -> all + ask(x) }", "AB"],
      ["[a: 1].collectEntries { k, v -> [(ask(k)): v] }.keySet()[0]", "A"],
      ["['b', 'a'].find { ask(it) == 'A' }", "a"],
      ["'a-b'.replaceAll(/\\w/) { ask(it) }", "A-B"],
      ["({ ask('a') } >> { it + ask('b') })()", "AB"],
      ["def (a, b) = [ask('a'), ask('b')]\na + b", "AB"],
      ["try { throw new Exception(ask('a')) } catch (e) { e.message + ask('b') } ", "AB"],
    ] as const)
      assert.equal(answerOf(text), value, text);
  });

  it("asks in the order of the text, and does the rest meanwhile not at all", () => {
    const { questions, printed } = run("println ask('one')\nprintln ask('two')\nprintln 'three'");
    assert.deepEqual(questions, ["one", "two"]);
    assert.deepEqual(printed.join("").trim().split("\n"), ["ONE", "TWO", "three"]);
  });

  it("can wait as deep in its calls as it may go", () => {
    assert.equal(answerOf("def f(n) { n == 0 ? ask('deep') : f(n - 1) }\nf(400)"), "DEEP");
    assert.equal(answerOf("def f\nf = { n -> n == 0 ? ask('deep') : f(n - 1) }\nf(400)"), "DEEP");
  });

  it("is interrupted where it waits, runs its clean-up, and can catch it", () => {
    const fail = (question: string): Error | undefined =>
      question === "a" ? exception("java.lang.InterruptedException", "stop") : undefined;
    const { value, questions } = run(
      "try { ask('a') } catch (InterruptedException e) { ask('b') + e.message } finally { ask('c') }",
      fail,
    );
    assert.deepEqual([value, questions], ["Bstop", ["a", "b", "c"]]);
  });

  it("is ended by an error that is not Groovy's without running anything more", () => {
    const printed: string[] = [];
    const evaluator = createEvaluator({ host: askingHost(printed) });
    const { program } = parse(
      "try { ask('a') } catch (Throwable e) { println 'caught' } finally { println 'finally' }",
    );
    const flow = evaluator.runScript(evaluator.load(program, "test"));
    flow.next();
    assert.throws(() => flow.throw(new Error("torn down")), /torn down/);
    assert.deepEqual(printed, []);
  });

  it("keeps the depths of flows that take turns apart", () => {
    const evaluator = createEvaluator({ host: askingHost([]), limits: { depth: 60 } });
    const { program } = parse("def f(n) { n == 0 ? ask('x') : f(n - 1) }\nf(50)");
    const flows = [1, 2, 3].map((at) => evaluator.runScript(evaluator.load(program, `flow${at}`)));
    for (const flow of flows) assert.equal(flow.next().done, false);
    for (const flow of flows) assert.equal(flow.next().done, true);
    assert.equal(evaluator.meter.currentDepth, 0);
  });

  it("is refused where nothing can wait", () => {
    for (const text of [
      "class A { def s; String toString() { s.ask('a') } }\n'' + new A(s: this)",
      "class A { def s; boolean equals(o) { s.ask('a') } }\nnew A(s: this) == new A(s: this)",
      "class A implements Comparable { def s; int compareTo(o) { s.ask('a'); 0 } }\n[new A(s: this), new A(s: this)].sort()",
    ])
      assert.throws(() => run(text), /no step can run here/, text);
  });
});
