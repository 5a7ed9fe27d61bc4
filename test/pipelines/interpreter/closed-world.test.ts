import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import { GroovyObject, ListValue, MapValue, SetValue } from "../../../pipelines/interpreter/values.ts";
import { quietHost, valueOf } from "./support.ts";

/** Names by which JavaScript leads from one object to the next. */
const NAMES = [
  "constructor",
  "__proto__",
  "prototype",
  "valueOf",
  "toLocaleString",
  "hasOwnProperty",
  "then",
  "items",
  "entries",
  "code",
  "captured",
  "call",
  "apply",
  "caller",
  "callee",
  "name",
  "length",
];

/** Values of every kind, as a script makes them. */
const MAKERS = [
  "null",
  "true",
  "1",
  "1L",
  "1.5",
  "1d",
  "1f",
  "1G",
  "(char) 'a'",
  "'a'",
  '"${1}"',
  "[1]",
  "[a: 1]",
  "[1] as Set",
  "1..2",
  "{ 1 }",
  "String",
  "~/a/",
  "('a' =~ /a/)",
  "new Date(0)",
  "new Exception('x')",
  "[1].iterator()",
  "[a: 1].entrySet()",
  "'a'.bytes",
  "new StringBuilder('a')",
  "UUID.randomUUID()",
  "new Random(1)",
  "new groovy.json.JsonSlurper()",
  "new int[2]",
  "this",
  "'a'.&trim",
  "java.time.LocalDate.of(2024, 1, 2)",
  "[:].withDefault { 1 }",
  "CSVFormat.DEFAULT.withHeader('a')",
  "CSVFormat.DEFAULT.builder()",
];

/** Fails on anything that is not a value of ours, however deep it lies. */
function assertClosed(value: unknown, depth = 0): void {
  if (value === null || ["boolean", "string", "number"].includes(typeof value)) return;
  assert.ok(value instanceof GroovyObject, `a raw ${typeof value} got out`);
  if (depth > 5) return;
  if (value instanceof ListValue) for (const item of value.items) assertClosed(item, depth + 1);
  if (value instanceof SetValue) for (const item of value.members.values()) assertClosed(item, depth + 1);
  if (value instanceof MapValue) {
    for (const entry of value.entries.values()) {
      assertClosed(entry.entryKey, depth + 1);
      assertClosed(entry.value, depth + 1);
    }
  }
}

describe("the closed world", () => {
  for (const maker of MAKERS) {
    it(`leads from ${maker} to nothing of JavaScript`, () => {
      for (const name of NAMES) {
        for (const access of [
          `x.${name}`,
          `x."${name}"`,
          `x['${name}']`,
          `x.${name}()`,
          `x?.${name}(null)`,
          `x.&${name}`,
        ]) {
          const result = evaluateScript(
            `def x = ${maker}\ntry { [${access}] } catch (e) { [e, e.message] }`,
            { host: quietHost() },
          );
          if ("value" in result) assertClosed(result.value);
        }
      }
    });
  }
});

describe("arithmetic", () => {
  const int = fc.integer({ min: -2147483648, max: 2147483647 });
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const literal = (n: bigint): string => `new BigInteger('${n}').longValue()`;

  it("wraps ints at 32 bits", () => {
    fc.assert(
      fc.property(int, int, (a, b) => {
        assert.equal(valueOf(`(${a}) + (${b})`), (a + b) | 0);
        assert.equal(valueOf(`(${a}) * (${b})`), Math.imul(a, b));
      }),
    );
  });

  it("wraps longs at 64 bits", () => {
    fc.assert(
      fc.property(long, long, (a, b) => {
        assert.equal(
          valueOf(`(${literal(a)} * ${literal(b)}).toString()`),
          BigInt.asIntN(64, a * b).toString(),
        );
        assert.equal(
          valueOf(`(${literal(a)} - ${literal(b)}).toString()`),
          BigInt.asIntN(64, a - b).toString(),
        );
      }),
    );
  });

  it("adds and multiplies decimals without loss", () => {
    const digits = fc.tuple(
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.integer({ min: 0, max: 9 }),
    );
    fc.assert(
      fc.property(digits, digits, ([a, m], [b, n]) => {
        const script = `(new BigDecimal(new BigDecimal('${a}e-${m}').toString()) * new BigDecimal('${b}e-${n}')).unscaledValue().toString()`;
        assert.equal(valueOf(script), (a * b).toString());
        assert.equal(
          valueOf(
            `new BigDecimal('${a}e-${m}') + new BigDecimal('${b}e-${n}') - new BigDecimal('${b}e-${n}') == new BigDecimal('${a}e-${m}')`,
          ),
          true,
        );
      }),
    );
  });
});
