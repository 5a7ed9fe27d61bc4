import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEvaluator } from "../../../pipelines/interpreter/create.ts";
import type { Evaluator, Script } from "../../../pipelines/interpreter/evaluator.ts";
import { LimitError } from "../../../pipelines/interpreter/limits.ts";
import { builderMethods } from "../../../pipelines/interpreter/methods/builder.ts";
import { closureMethods } from "../../../pipelines/interpreter/methods/closure.ts";
import { dateMethods } from "../../../pipelines/interpreter/methods/date.ts";
import { encodeMethods } from "../../../pipelines/interpreter/methods/encode.ts";
import { iterableMethods } from "../../../pipelines/interpreter/methods/iterable.ts";
import { listMethods } from "../../../pipelines/interpreter/methods/list.ts";
import { entryMethods, mapMethods } from "../../../pipelines/interpreter/methods/map.ts";
import { numberMethods } from "../../../pipelines/interpreter/methods/number.ts";
import { objectMethods } from "../../../pipelines/interpreter/methods/object.ts";
import {
  bytesMethods,
  charMethods,
  classMethods,
  exceptionMethods,
  instanceMethods,
  iteratorMethods,
} from "../../../pipelines/interpreter/methods/others.ts";
import { matcherMethods, patternMethods } from "../../../pipelines/interpreter/methods/regex.ts";
import { rangeMethods, setMethods } from "../../../pipelines/interpreter/methods/set.ts";
import { stringMethods } from "../../../pipelines/interpreter/methods/string.ts";
import { ThrownValue } from "../../../pipelines/interpreter/thrown.ts";
import {
  ClosureValue,
  EntryValue,
  ExceptionValue,
  GroovyObject,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  RangeValue,
  SetValue,
  type Value,
} from "../../../pipelines/interpreter/values.ts";
import { parse } from "../../../pipelines/syntax/parser.ts";
import { dry } from "../engine/dry.ts";
import { quietHost } from "./support.ts";

/** Every way in which a script gets from one value to another. */
const PROBES = `
class Own { def field = 1; def again() { this } }
enum Kind { ONE, TWO }
def read(x, n) { x."$n" }
def attribute(x, n) { x.@"$n" }
def at(x, n) { x[n] }
def pointer(x, n) { x.&"$n" }
def call(x, n, a) { x."$n"(*a) }
def named(x, n) { x."$n"(a: 1) }
def write(x, n, v) { x."$n" = v }
def each(x) { def all = []; for (y in x) { all << y }; all }
def text(x) { [x.toString(), "$x", x.inspect(), x.hashCode(), x == x, x as boolean] }
def json(x) { new groovy.json.JsonSlurper().parseText(groovy.json.JsonOutput.toJson(x)) }
def inside(x, n) { x.with { delegate."$n" } }
`;

/** One value of each kind, as scripts make them. */
const SEEDS = `[
  null, true, 1, 1L, 1.5, 1d, 1f, 1G, 1 as short, 1 as byte, 'a' as char, 'abc', "a\${1}b", [1, 'a'], [a: 1], [1] as Set, 1..3, 'a'..'c',
  { it }, { -> 1 }, String, Own, Kind, ~/a(b)/, ('ab' =~ /a(b)/), new Date(0), new Exception('x', new Error('y')), [1, 2].iterator(),
  [a: 1].entrySet().iterator().next(), 'a'.bytes, new StringBuilder('a'), UUID.randomUUID(), new Random(1), new Own(), Kind.ONE, this,
  new groovy.json.JsonSlurper(), new groovy.json.JsonBuilder([a: 1]), new int[2], 'a'.&trim, java.time.LocalDate.of(2024, 1, 2),
  java.time.Instant.ofEpochMilli(0), java.time.Duration.ofSeconds(1), [:].withDefault { 1 }, Calendar.instance, TimeZone.getTimeZone('UTC'),
  new java.text.SimpleDateFormat('yyyy'), new java.util.concurrent.atomic.AtomicInteger(1), new StringWriter(), Locale.US,
  new TreeMap([a: 1]), new ArrayDeque([1]), { it }.curry(1), { it }.memoize(), { it } >> { it }, { it } as Runnable, [run: { 1 }] as Runnable,
  java.util.concurrent.TimeUnit.SECONDS, java.nio.charset.StandardCharsets.UTF_8, [1, 2].stream(),
  CSVFormat.DEFAULT.withHeader('a'), CSVFormat.DEFAULT.builder(), QuoteMode.ALL
]`;

const TABLES: readonly ReadonlyMap<string, unknown>[] = [
  builderMethods,
  bytesMethods,
  charMethods,
  classMethods,
  closureMethods,
  dateMethods,
  encodeMethods,
  entryMethods,
  exceptionMethods,
  instanceMethods,
  iterableMethods,
  iteratorMethods,
  listMethods,
  mapMethods,
  matcherMethods,
  numberMethods,
  objectMethods,
  patternMethods,
  rangeMethods,
  setMethods,
  stringMethods,
];

/** Names by which JavaScript itself leads on: those of its objects, functions, texts, lists, maps and generators. */
const FOREIGN = [Object, Function, String, Array, Map, Number, Promise, Error, Symbol]
  .flatMap((each) => [...Object.getOwnPropertyNames(each), ...Object.getOwnPropertyNames(each.prototype)])
  .concat([
    "__proto__",
    "caller",
    "callee",
    "stack",
    "process",
    "require",
    "globalThis",
    "next",
    "return",
    "throw",
  ]);

const OURS = TABLES.flatMap((table) => [...table.keys()]);

/** What an object of ours is made of, public or not. */
function innerNames(value: Value): string[] {
  const names: string[] = [];
  for (let at: unknown = value; at instanceof GroovyObject; at = Object.getPrototypeOf(at))
    names.push(...Object.getOwnPropertyNames(at));
  return value instanceof GroovyObject ? names : [];
}

/** Fails on anything that is not a value of ours, and gives the values inside it. */
function parts(value: unknown, from: string): Value[] {
  if (value === null || typeof value === "boolean" || typeof value === "string") return [];
  if (typeof value === "number") {
    assert.equal(value | 0, value, `a number that is no Java int from ${from}: ${value}`);
    return [];
  }
  assert.ok(value instanceof GroovyObject, `${typeof value} from ${from}`);
  if (value instanceof ListValue || value instanceof RangeValue || value instanceof IteratorValue)
    return [...value.items];
  if (value instanceof MapValue)
    return [
      ...[...value.entries.values()].flatMap((each) => [each.entryKey, each.value]),
      value.defaultValue,
    ];
  if (value instanceof SetValue) return [...value.members.values()];
  if (value instanceof EntryValue) return [value.entryKey, value.value];
  if (value instanceof GStringValue) return [...value.values];
  if (value instanceof ClosureValue)
    return [value.owner, value.delegate, value.thisObject, ...value.captured.map((each) => each.value)];
  if (value instanceof ExceptionValue) return [value.message, value.cause, ...value.properties.values()];
  return [];
}

/** Runs a probe; what it threw is a value as well. Anything but a Groovy exception or a limit is an error of ours. */
function probe(
  evaluator: Evaluator,
  script: Script,
  name: string,
  args: readonly Value[],
  from: string,
): Value {
  evaluator.beginTurn();
  const site = { file: "probe", span: { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 } };
  try {
    const step = evaluator.callMethod(script.self, name, { named: null, positional: args }, site).next();
    assert.equal(step.done, true, from);
    return step.done === true ? step.value : null;
  } catch (error) {
    if (error instanceof ThrownValue) return error.value;
    if (error instanceof LimitError) return null;
    throw new Error(`${from} fails with an error that is not Groovy's`, { cause: error });
  }
}

/** A script of probes, and one value of each kind. */
function world(): { evaluator: Evaluator; script: Script; seeds: readonly Value[] } {
  const limits = { evaluations: 4_000, liveBytes: 8_000_000, stringLength: 100_000, collectionSize: 20_000 };
  const evaluator = createEvaluator({ host: quietHost(), limits });
  const { program, diagnostics } = parse(PROBES + SEEDS);
  assert.deepEqual(diagnostics, []);
  const script = evaluator.load(program, "probe");
  const made = evaluator.runScript(script).next().value;
  assert.ok(made instanceof ListValue);
  return { evaluator, script, seeds: made.items };
}

const kindOf = (value: Value): string =>
  value instanceof GroovyObject ? `${value.constructor.name} ${value.javaClass}` : typeof value;

/** How many values of one kind are looked at. */
const OF_A_KIND = 2;

/** Goes from value to value until there is nothing new, asking each for everything by `ask`. */
function walk(
  seeds: readonly Value[],
  ask: (value: Value, found: (what: unknown, from: string) => void) => void,
): ReadonlyMap<string, number> {
  const met = new Map<string, number>();
  const waiting: Value[] = [];
  const found = (what: unknown, from: string): void => {
    const inner = parts(what, from);
    if (what === null || !(what instanceof GroovyObject)) return;
    const kind = kindOf(what);
    const count = met.get(kind) ?? 0;
    met.set(kind, count + 1);
    if (count >= OF_A_KIND) return;
    waiting.push(what);
    for (const each of inner) found(each, `inside ${from}`);
  };
  for (const seed of seeds) {
    found(seed, "the seeds");
    if (seed === null || typeof seed !== "object") waiting.push(seed);
  }
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) ask(value, found);
  return met;
}

describe("every value that a script can reach", function () {
  this.timeout(300_000);

  it("is one of ours, by whatever property, attribute, index or pointer", () => {
    const { evaluator, script, seeds } = world();
    const met = walk(seeds, (value, found) => {
      const names = new Set([...FOREIGN, ...innerNames(value)]);
      for (const name of names)
        for (const way of ["read", "attribute", "at", "pointer", "inside"]) {
          const from = `${way} ${name} of ${kindOf(value)}`;
          found(probe(evaluator, script, way, [value, name], from), from);
        }
      for (const way of ["each", "text", "json"]) {
        const from = `${way} of ${kindOf(value)}`;
        found(probe(evaluator, script, way, [value], from), from);
      }
    });
    assert.ok(met.size > 50, `${met.size} kinds`);
  });

  it("is one of ours, by whatever method with whatever arguments", () => {
    const { evaluator, script, seeds } = world();
    const some = evaluator.runScript(script).next().value;
    assert.ok(some instanceof ListValue);
    const [closure = null] = some.items.filter((each) => each instanceof ClosureValue);
    const ARGUMENTS: readonly (readonly Value[])[] = [
      [],
      [null],
      [1],
      ["a"],
      [closure],
      [new ListValue([1, "a"])],
      [1, 2],
      ["a", closure],
    ];
    const ours = new Set(OURS);
    walk(seeds, (value, found) => {
      for (const name of new Set([...OURS, ...FOREIGN, ...innerNames(value)])) {
        for (const args of ours.has(name) ? ARGUMENTS : [[], ["a"]]) {
          const from = `${kindOf(value)}.${name}(${args.map(kindOf).join(", ")})`;
          found(probe(evaluator, script, "call", [value, name, new ListValue([...args])], from), from);
        }
      }
    });
  });

  it("cannot be given a member of JavaScript's", () => {
    const { evaluator, script, seeds } = world();
    for (const value of seeds) {
      const before = Object.getPrototypeOf(value ?? 0);
      for (const name of new Set([...FOREIGN, ...innerNames(value)]))
        probe(evaluator, script, "write", [value, name, "written"], `write ${name} of ${kindOf(value)}`);
      assert.equal(Object.getPrototypeOf(value ?? 0), before, kindOf(value));
      if (value instanceof GroovyObject) assert.equal(typeof value.key, "function");
    }
    assert.equal(Reflect.get({}, "written"), undefined);
  });
});

describe("the objects of a pipeline", () => {
  it("lead to nothing of JavaScript", () => {
    const names = [...new Set(FOREIGN)].filter((name) => /^\w+$/.test(name));
    const script = `
      def names = ${JSON.stringify(names)}
      def objects = [env: env, params: params, currentBuild: currentBuild, docker: docker, steps: steps]
      node {
        objects.image = docker.image('a')
        objects.output = sh(script: 'true', returnStdout: true)
        objects.json = readJSON(text: '{"a": [1]}')
        objects.record = readCSV(text: '1,2', format: CSVFormat.DEFAULT.withHeader('a', 'b'))[0]
      }
      objects.each { title, object ->
        names.each { name ->
          [{ object."$name" }, { object.&"$name" }, { object."$name"() }, { object."$name"(1) }].each { probe ->
            try { def found = probe(); if (found != null) { echo "> $title.$name " + found.getClass().name } } catch (Throwable e) { echo '> threw ' + e.getClass().name }
          }
        }
      }`;
    const result = dry(script);
    assert.equal(result.end.result, "SUCCESS", result.lines.slice(-5).join("\n"));
    const kinds = new Set(
      result.lines
        .filter((line) => line.startsWith(">"))
        .map((line) => line.replace(/^> (?:threw|\S+) /, "")),
    );
    for (const kind of kinds) assert.match(kind, /^(?:java|groovy|org|hudson)\.|^\w+$|\[\]$/);
  });
});
