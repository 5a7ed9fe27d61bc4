import { createHash } from "node:crypto";
import { convertNumber, parseNumber } from "../coercion.ts";
import { isZone, zoneNamed } from "../dates/zones.ts";
import { andThen, type Eventual } from "../flow.ts";
import { prettyJson, toJson } from "../library/json.ts";
import { type Members, NamedValue } from "../library/simple.ts";
import { RandomValue } from "../library/random.ts";
import {
  absolute,
  add,
  compareNumbers,
  isNumber,
  multiply,
  type NumberValue,
  numberOf,
  parseWhole,
  subtract,
  toBigInt,
  toDouble,
  toInt,
} from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { chargeCall, chargeResult } from "../cost.ts";
import { exception, illegalArgument, notPermitted } from "../thrown.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  BytesValue,
  CharValue,
  DoubleValue,
  FloatValue,
  ListValue,
  LongValue,
  MapValue,
  PatternValue,
  SetValue,
  type Value,
} from "../values.ts";
import { intOf, textArg } from "./arguments.ts";
import { decodeBase64 } from "./encode.ts";
import { formatText } from "./format.ts";
import { matchesWhole } from "./matching.ts";
import { bytesOf, trimmed } from "./string.ts";
import { elementsOf } from "./walk.ts";
import { csvConstant, csvStatics } from "../library/csv-format.ts";
import { DUPLICATE_HEADER_MODES, QUOTE_MODES } from "../library/csv-settings.ts";
import { timeStatics, timeConstant } from "../library/time.ts";

type Static = (args: readonly Value[], run: Runtime) => Eventual | undefined;
type Statics = Readonly<Record<string, Static>>;

const byClass = new Map<string, ReadonlyMap<string, Static>>();

function define(className: string, statics: Statics): void {
  byClass.set(
    className,
    new Map(Object.entries(statics).map(([name, code]) => [name.replace(/\$$/, ""), code])),
  );
}

const asNumber = (value: Value | undefined): NumberValue => {
  const number = numberOf(value ?? null);
  if (number === undefined) throw illegalArgument("a number was expected");
  return number;
};

const double =
  (apply: (...numbers: number[]) => number): Static =>
  (args) =>
    new DoubleValue(apply(...args.map((arg) => toDouble(asNumber(arg)))));

/** The wider of two numbers' kinds decides that of the result. */
const pick =
  (sign: number): Static =>
  ([a, b]) => {
    const [left, right] = [asNumber(a), asNumber(b)];
    const chosen = compareNumbers(left, right) * sign >= 0 ? left : right;
    return add(chosen, subtract(add(left, right), add(left, right)));
  };

const exact =
  (apply: (a: NumberValue, b: NumberValue) => NumberValue): Static =>
  ([a, b]) => {
    const [left, right] = [asNumber(a), asNumber(b)];
    const result = apply(left, right);
    const wide = apply(new BigIntegerValue(toBigInt(left)), new BigIntegerValue(toBigInt(right)));
    if (compareNumbers(result, wide) !== 0)
      throw exception(
        "java.lang.ArithmeticException",
        `${typeof result === "number" ? "integer" : "long"} overflow`,
      );
    return result;
  };

define("java.lang.Math", {
  abs: ([a]) => absolute(asNumber(a)),
  max: pick(1),
  min: pick(-1),
  pow: double((a = 0, b = 0) => a ** b),
  sqrt: double((a = 0) => Math.sqrt(a)),
  cbrt: double((a = 0) => Math.cbrt(a)),
  floor: double((a = 0) => Math.floor(a)),
  ceil: double((a = 0) => Math.ceil(a)),
  rint: double((a = 0) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a))),
  sin: double((a = 0) => Math.sin(a)),
  cos: double((a = 0) => Math.cos(a)),
  tan: double((a = 0) => Math.tan(a)),
  atan: double((a = 0) => Math.atan(a)),
  atan2: double((a = 0, b = 0) => Math.atan2(a, b)),
  exp: double((a = 0) => Math.exp(a)),
  log: double((a = 0) => Math.log(a)),
  log10: double((a = 0) => Math.log10(a)),
  hypot: double((a = 0, b = 0) => Math.hypot(a, b)),
  toRadians: double((a = 0) => (a / 180) * Math.PI),
  toDegrees: double((a = 0) => (a * 180) / Math.PI),
  signum: double((a = 0) => Math.sign(a)),
  round: ([a]) => {
    const value = asNumber(a);
    const result = new DoubleValue(Math.floor(toDouble(value) + 0.5));
    return value instanceof FloatValue ? toInt(result) : new LongValue(toBigInt(result));
  },
  random: (_, run) =>
    andThen(
      run.random(),
      (random) => new DoubleValue(random instanceof RandomValue ? random.nextDouble() : 0),
    ),
  addExact: exact(add),
  subtractExact: exact(subtract),
  multiplyExact: exact(multiply),
  floorMod: ([a, b]) => {
    const [left, right] = [asNumber(a), asNumber(b)];
    const by = toBigInt(right);
    if (by === 0n) throw exception("java.lang.ArithmeticException", "/ by zero");
    const rest = ((toBigInt(left) % by) + by) % by;
    return typeof left === "number" && typeof right === "number" ? Number(rest) : new LongValue(rest);
  },
  floorDiv: ([a, b]) => {
    const [left, right] = [toBigInt(asNumber(a)), toBigInt(asNumber(b))];
    if (right === 0n) throw exception("java.lang.ArithmeticException", "/ by zero");
    const quotient = left / right - (left % right !== 0n && left < 0n !== right < 0n ? 1n : 0n);
    return typeof a === "number" && typeof b === "number" ? Number(quotient) : new LongValue(quotient);
  },
  toIntExact: ([a]) => toInt(asNumber(a)),
});

const parse =
  (type: string): Static =>
  ([value = null, radix], run) => {
    if (isNumber(value)) return convertNumber(value, type);
    const text = value === null ? "null" : run.text(value);
    if (typeof radix !== "number") return parseNumber(text, type);
    return type === "java.lang.Long"
      ? new LongValue(parseWhole(text, radix, 64))
      : Number(parseWhole(text, radix, 32));
  };

const inRadix =
  (radix: number): Static =>
  ([value]) => {
    const number = asNumber(value);
    return BigInt.asUintN(typeof number === "number" ? 32 : 64, toBigInt(number)).toString(radix);
  };

const comparing: Static = ([a = null, b = null], run) => run.compare(a, b);
const texts: Static = ([value = null, radix], run) =>
  typeof radix === "number" ? toBigInt(asNumber(value)).toString(radix) : run.text(value);

define("java.lang.Integer", {
  parseInt: parse("java.lang.Integer"),
  valueOf$: parse("java.lang.Integer"),
  toString$: texts,
  toHexString: inRadix(16),
  toBinaryString: inRadix(2),
  toOctalString: inRadix(8),
  compare: comparing,
  max: pick(1),
  min: pick(-1),
  sum: ([a, b]) => add(asNumber(a), asNumber(b)),
  signum: ([a]) => compareNumbers(asNumber(a), 0),
  bitCount: ([a]) =>
    BigInt.asUintN(32, toBigInt(asNumber(a)))
      .toString(2)
      .replaceAll("0", "").length,
});
define("java.lang.Long", {
  parseLong: parse("java.lang.Long"),
  valueOf$: parse("java.lang.Long"),
  toString$: texts,
  toHexString: inRadix(16),
  toBinaryString: inRadix(2),
  compare: comparing,
  max: pick(1),
  min: pick(-1),
});
define("java.lang.Short", { parseShort: parse("java.lang.Short"), valueOf$: parse("java.lang.Short") });
define("java.lang.Byte", { parseByte: parse("java.lang.Byte"), valueOf$: parse("java.lang.Byte") });
define("java.lang.Double", {
  parseDouble: parse("java.lang.Double"),
  valueOf$: parse("java.lang.Double"),
  toString$: texts,
  compare: comparing,
  isNaN: ([a]) => Number.isNaN(toDouble(asNumber(a))),
  isInfinite: ([a]) => Math.abs(toDouble(asNumber(a))) === Infinity,
});
define("java.lang.Float", { parseFloat: parse("java.lang.Float"), valueOf$: parse("java.lang.Float") });
define("java.math.BigDecimal", { valueOf$: parse("java.math.BigDecimal") });
define("java.math.BigInteger", { valueOf$: parse("java.math.BigInteger") });
define("java.lang.Boolean", {
  parseBoolean: ([text = null], run) => text !== null && run.text(text).toLowerCase() === "true",
  valueOf$: ([value = null], run) =>
    typeof value === "boolean" ? value : value !== null && run.text(value).toLowerCase() === "true",
  toString$: ([value = null], run) => run.text(value),
  compare: comparing,
  logicalXor: ([a, b]) => a !== b,
});

const char = (value: Value | undefined, run: Runtime): CharValue => {
  const cast = run.cast(value ?? null, "char");
  return cast instanceof CharValue ? cast : new CharValue(0);
};
const charStatic =
  (name: string): Static =>
  ([value], run) =>
    run.callMethod(char(value, run), name, []);

define("java.lang.Character", {
  isDigit: charStatic("isDigit"),
  isLetter: charStatic("isLetter"),
  isLetterOrDigit: charStatic("isLetterOrDigit"),
  isUpperCase: charStatic("isUpperCase"),
  isLowerCase: charStatic("isLowerCase"),
  isWhitespace: charStatic("isWhitespace"),
  toUpperCase: charStatic("toUpperCase"),
  toLowerCase: charStatic("toLowerCase"),
  valueOf$: ([value], run) => char(value, run),
  toString$: ([value], run) => char(value, run).text,
  getNumericValue: ([value], run) => {
    const digit = Number.parseInt(char(value, run).text, 36);
    return Number.isNaN(digit) ? -1 : digit;
  },
  toChars: ([code]) =>
    new ListValue(
      String.fromCodePoint(intOf(code) ?? 0)
        .split("")
        .map((each) => new CharValue(each.charCodeAt(0))),
      "char[]",
    ),
});
define("java.lang.String", {
  valueOf$: ([value = null], run) =>
    run.text(
      value instanceof ListValue && value.isArray
        ? value.items.map((each) => run.text(each)).join("")
        : value,
    ),
  format: (args, run) => {
    const [first = null, ...rest] = args;
    if (first instanceof NamedValue) return formatText(run, textArg(run, rest[0]), rest.slice(1));
    return formatText(run, run.text(first), rest);
  },
  join: ([separator, ...rest], run) => {
    const [only] = rest;
    const items =
      rest.length === 1 && only !== undefined && typeof only !== "string" ? elementsOf(run, only) : rest;
    return run.callMethod(run.list(items), "join", [separator ?? ""]);
  },
  copyValueOf: ([value = null], run) =>
    elementsOf(run, value)
      .map((each) => run.text(each))
      .join(""),
});
define("java.lang.System", {
  currentTimeMillis: (_, run) => run.host.read("now", run.site),
  nanoTime: (_, run) => andThen(run.host.read("now", run.site), (now) => multiply(asNumber(now), 1_000_000)),
  lineSeparator: () => "\n",
  identityHashCode: ([value = null], run) => run.hash(value),
  getenv: () => {
    throw notPermitted("method java.lang.System getenv", "the variables of a build are in env");
  },
  getProperty: () => {
    throw notPermitted("method java.lang.System getProperty", "the variables of a build are in env");
  },
  exit: () => {
    throw notPermitted("method java.lang.System exit", "use error 'message', or return");
  },
});
const inThread: Static = () => {
  throw notPermitted("class java.lang.Thread", "there are no threads here: use the steps sleep and parallel");
};
define("java.lang.Thread", {
  sleep: inThread,
  start: inThread,
  startDaemon: inThread,
  currentThread: inThread,
});

const uuidMembers: Members<NamedValue> = new Map([
  [
    "getMostSignificantBits",
    (self: NamedValue) => new LongValue(BigInt(`0x${self.text.replaceAll("-", "").slice(0, 16)}`)),
  ],
]);
define("java.util.UUID", {
  randomUUID: (_, run) =>
    andThen(
      run.host.read("uuid", run.site),
      (text) => new NamedValue("java.util.UUID", run.text(text), uuidMembers),
    ),
  fromString: ([text], run) => {
    const value = textArg(run, text);
    if (
      !/^[0-9a-fA-F]{1,8}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,12}$/.test(value)
    ) {
      throw illegalArgument(`Invalid UUID string: ${value}`);
    }
    return new NamedValue("java.util.UUID", value.toLowerCase(), uuidMembers);
  },
  nameUUIDFromBytes: ([bytes = null]) => {
    if (!(bytes instanceof BytesValue)) return undefined;
    const hash = createHash("md5").update(bytes.bytes).digest();
    hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x30;
    hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
    const hex = hash.toString("hex");
    const text = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20),
    ].join("-");
    return new NamedValue("java.util.UUID", text, uuidMembers);
  },
});

const immutableOf: Static = ([value = null], run) => run.callMethod(value, "asImmutable", []);
define("java.util.Collections", {
  emptyList: (_, run) => run.callMethod(new ListValue(), "asImmutable", []),
  emptyMap: (_, run) => run.callMethod(new MapValue(), "asImmutable", []),
  emptySet: () => new SetValue(),
  singletonList: ([item = null]) => new ListValue([item]),
  singleton: ([item = null]) => new SetValue([item]),
  singletonMap: ([key = null, value = null]) => {
    const map = new MapValue();
    map.set(key, value);
    return map;
  },
  unmodifiableList: immutableOf,
  unmodifiableMap: immutableOf,
  unmodifiableSet: immutableOf,
  unmodifiableCollection: immutableOf,
  synchronizedList: ([list = null]) => list,
  synchronizedMap: ([map = null]) => map,
  sort: ([list = null, closure], run) =>
    andThen(run.callMethod(list, "sort", closure === undefined ? [] : [closure]), () => null),
  reverse: ([list = null], run) => andThen(run.callMethod(list, "reverse", [true]), () => null),
  max: ([list = null, closure], run) => run.callMethod(list, "max", closure === undefined ? [] : [closure]),
  min: ([list = null, closure], run) => run.callMethod(list, "min", closure === undefined ? [] : [closure]),
  frequency: ([list = null, item = null], run) => run.callMethod(list, "count", [item]),
  nCopies: ([count, item = null], run) => run.callMethod(new ListValue([item]), "multiply", [count ?? 0]),
  swap: ([list = null, a = 0, b = 0], run) => andThen(run.callMethod(list, "swap", [a, b]), () => null),
  addAll: ([list = null, ...items], run) => run.callMethod(list, "addAll", [run.list(items)]),
  reverseOrder: (_, run) => run.closureOf(2, ([a = null, b = null]) => run.compare(b, a)),
  shuffle: ([list = null, given], run) =>
    andThen(given ?? run.random(), (random) => {
      if (!(list instanceof ListValue) || !(random instanceof RandomValue)) return null;
      const { items } = list;
      for (let i = items.length; i > 1; i -= 1) {
        const j = random.nextInt(i);
        [items[i - 1], items[j]] = [items[j] ?? null, items[i - 1] ?? null];
      }
      return null;
    }),
});
define("java.util.Arrays", {
  asList: (args, run) => {
    const [only] = args;
    return run.list(args.length === 1 && only instanceof ListValue && only.isArray ? only.items : args);
  },
  toString$: ([value = null], run) => (value === null ? "null" : run.text(run.list(elementsOf(run, value)))),
  sort: ([array = null], run) => andThen(run.callMethod(array, "sort", []), () => null),
  equals: ([a = null, b = null], run) => run.equals(a, b),
  fill: ([array = null, value = null]) => {
    if (array instanceof ListValue) array.items.fill(value);
    return null;
  },
  copyOf: ([array = null, length]) => {
    if (!(array instanceof ListValue)) return undefined;
    const items = array.items.slice(0, intOf(length) ?? 0);
    while (items.length < (intOf(length) ?? 0) && items.length < 1_000_000) items.push(null);
    return new ListValue(items, array.javaClass);
  },
  copyOfRange: ([array = null, from, to]) =>
    array instanceof ListValue
      ? new ListValue(array.items.slice(intOf(from) ?? 0, intOf(to) ?? 0), array.javaClass)
      : undefined,
  stream: ([array = null], run) => run.list(elementsOf(run, array)),
});
define("java.util.Objects", {
  equals: ([a = null, b = null], run) => run.equals(a, b),
  hash: (args, run) => run.hash(run.list(args)),
  hashCode: ([a = null], run) => (a === null ? 0 : run.hash(a)),
  isNull: ([a = null]) => a === null,
  nonNull: ([a = null]) => a !== null,
  toString$: ([a = null, fallback], run) => (a === null && fallback !== undefined ? fallback : run.text(a)),
  requireNonNull: ([a = null, message], run) => {
    if (a === null)
      throw exception("java.lang.NullPointerException", message === undefined ? null : run.text(message));
    return a;
  },
});
define("java.util.List", { of: (args, run) => run.callMethod(run.list(args), "asImmutable", []) });
define("java.util.Set", { of: (args) => new SetValue(args) });
define("java.util.Map", {
  of: (args) => {
    const map = new MapValue();
    for (let i = 0; i + 1 < args.length; i += 2) map.set(args[i] ?? null, args[i + 1] ?? null);
    return map;
  },
});
define("java.util.regex.Pattern", {
  compile: ([source, flags], run) => {
    const pattern = new PatternValue(textArg(run, source), intOf(flags) ?? 0);
    return andThen(run.callMethod(pattern, "matcher", [""]), () => pattern);
  },
  matches: ([source, text], run) =>
    matchesWhole(run, new PatternValue(textArg(run, source)), textArg(run, text)) !== null,
  quote: ([text], run) => `\\Q${textArg(run, text)}\\E`,
});
define("java.util.regex.Matcher", {
  quoteReplacement: ([text], run) => textArg(run, text).replaceAll(/[\\$]/g, (each) => `\\${each}`),
});
define("groovy.json.JsonOutput", {
  toJson: ([value = null], run) => toJson(run, value),
  prettyPrint: ([text], run) => prettyJson(textArg(run, text), run.meter),
});
define("java.net.URLEncoder", {
  encode: ([text], run) => encodeUrl(textArg(run, text)),
});
define("java.net.URLDecoder", {
  decode: ([text], run) => {
    try {
      return decodeURIComponent(textArg(run, text).replaceAll("+", " "));
    } catch {
      throw illegalArgument("URLDecoder: Illegal hex characters in escape (%) pattern"); // decodeURIComponent says only that
    }
  },
});
const coder = (name: string): NamedValue =>
  new NamedValue(`java.util.Base64$${name.endsWith("Decoder") ? "Decoder" : "Encoder"}`, name, base64Members);
type Base64Member = (self: NamedValue, args: readonly Value[], run: Runtime) => Eventual | undefined;
const base64Members: Members<NamedValue> = new Map<string, Base64Member>([
  [
    "encodeToString",
    (self: NamedValue, [bytes = null]: readonly Value[]) =>
      bytes instanceof BytesValue ? encoded(self.text, bytes) : undefined,
  ],
  [
    "encode",
    (self: NamedValue, [bytes = null]: readonly Value[], run: Runtime) =>
      bytes instanceof BytesValue ? bytesOf(run, encoded(self.text, bytes), null) : undefined,
  ],
  [
    "decode",
    (_self: NamedValue, [value = null]: readonly Value[], run: Runtime) =>
      new BytesValue(
        decodeBase64(value instanceof BytesValue ? Buffer.from(value.bytes).toString() : run.text(value)),
      ),
  ],
  ["withoutPadding", () => coder("plainEncoder")],
]);
define("java.util.Base64", {
  getEncoder: () => coder("Encoder"),
  getDecoder: () => coder("Decoder"),
  getUrlEncoder: () => coder("urlEncoder"),
  getUrlDecoder: () => coder("urlDecoder"),
  getMimeDecoder: () => coder("mimeDecoder"),
  getMimeEncoder: () => coder("Encoder"),
});

function encoded(kind: string, value: BytesValue): string {
  const text = Buffer.from(value.bytes).toString("base64");
  if (kind === "plainEncoder") return text.replace(/=+$/, "");
  return kind === "urlEncoder" ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
}

const digestMembers = (algorithm: string, parts: BytesValue[]): Members<NamedValue> =>
  new Map<string, (self: NamedValue, args: readonly Value[], run: Runtime) => Eventual | undefined>([
    [
      "update",
      (_self, [bytes = null]) => {
        if (bytes instanceof BytesValue) parts.push(bytes);
        return null;
      },
    ],
    [
      "digest",
      (_self, [bytes = null]) => {
        if (bytes instanceof BytesValue) parts.push(bytes);
        const hash = createHash(hashName(algorithm));
        for (const part of parts) hash.update(part.bytes);
        parts.length = 0;
        return new BytesValue(Uint8Array.from(hash.digest()));
      },
    ],
  ]);

function hashName(algorithm: string): string {
  const name = algorithm.toLowerCase().replace("-", "");
  if (!["md5", "sha1", "sha", "sha224", "sha256", "sha384", "sha512"].includes(name)) {
    throw exception("java.security.NoSuchAlgorithmException", `${algorithm} MessageDigest not available`);
  }
  return name === "sha" ? "sha1" : name;
}

define("java.security.MessageDigest", {
  getInstance: ([algorithm], run) => {
    const name = textArg(run, algorithm);
    hashName(name);
    return new NamedValue("java.security.MessageDigest", name, digestMembers(name, []));
  },
  hexOf: ([algorithm, bytes = null], run) =>
    bytes instanceof BytesValue
      ? createHash(hashName(textArg(run, algorithm)))
          .update(bytes.bytes)
          .digest("hex")
      : undefined,
});

const zoneMembers: Members<NamedValue> = new Map([
  ["getID", (self: NamedValue) => self.text],
  ["getId", (self: NamedValue) => self.text],
  ["getDisplayName", (self: NamedValue) => self.text],
]);
/** A java.util.TimeZone. */
export const timeZone = (name: string): NamedValue =>
  new NamedValue("java.util.TimeZone", zoneNamed(name), zoneMembers);
define("java.util.TimeZone", {
  getTimeZone: ([name], run) => timeZone(isZone(textArg(run, name)) ? textArg(run, name) : "GMT"),
  getDefault: (_, run) => timeZone(run.timeZone),
});
define("java.util.Locale", {
  getDefault: () => new NamedValue("java.util.Locale", "en_US"),
});
define("java.nio.charset.Charset", {
  forName: ([name], run) => new NamedValue("java.nio.charset.Charset", textArg(run, name)),
});
define("groovy.util.Eval", {
  me: (_args, run) => run.evaluateText(textArg(run, _args.at(-1)), null),
  x: ([x = null, text], run) => run.evaluateText(textArg(run, text), x),
});
define("java.util.Date", {
  parse: ([pattern, text, zone], run) => {
    const format = run.construct("java.text.SimpleDateFormat", [textArg(run, pattern)]);
    return andThen(format, (made) => {
      if (zone !== undefined) run.now(run.callMethod(made, "setTimeZone", [zone]));
      return run.callMethod(made, "parse", [textArg(run, text)]);
    });
  },
});
define("hudson.model.Result", {
  fromString: ([name], run) =>
    builtinStatic(run, "hudson.model.Result", trimmed(textArg(run, name)).toUpperCase()) ??
    builtinStatic(run, "hudson.model.Result", "FAILURE"),
});
for (const [name, statics] of [...timeStatics, ...csvStatics]) byClass.set(name, statics);

/** As application/x-www-form-urlencoded. */
export function encodeUrl(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()~]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** Calls a static method of a class that we provide; `undefined` when there is none. */
export function callStatic(
  run: Runtime,
  className: string,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  chargeCall(run, null, name, args);
  const own = byClass.get(className)?.get(name)?.(args, run);
  if (own !== undefined) return chargeResult(run, null, own);
  if ((name === "valueOf" || name === "values") && enums.has(className))
    return enumStatic(run, className, name, args);
  return undefined;
}

const resultMembers: Members<NamedValue> = new Map(
  (
    [
      ["isWorseThan", (n: number) => n > 0],
      ["isBetterThan", (n: number) => n < 0],
      ["isWorseOrEqualTo", (n: number) => n >= 0],
      ["isBetterOrEqualTo", (n: number) => n <= 0],
    ] as const
  ).map(([name, test]) => [
    name,
    (self: NamedValue, [other = null]: readonly Value[]) =>
      test((self.ordinal ?? 0) - (other instanceof NamedValue ? (other.ordinal ?? 0) : 0)),
  ]),
);
const UNIT_MS = [1e-6, 1e-3, 1, 1e3, 6e4, 3.6e6, 8.64e7];
const unitMembers: Members<NamedValue> = new Map(
  (
    [
      ["toNanos", 0],
      ["toMicros", 1],
      ["toMillis", 2],
      ["toSeconds", 3],
      ["toMinutes", 4],
      ["toHours", 5],
      ["toDays", 6],
    ] as const
  ).map(([name, target]) => [
    name,
    (self: NamedValue, [amount]: readonly Value[]) =>
      new LongValue(
        BigInt(
          Math.trunc(
            ((UNIT_MS[self.ordinal ?? 0] ?? 1) / (UNIT_MS[target] ?? 1)) * toDouble(asNumber(amount)) + 1e-9,
          ),
        ),
      ),
  ]),
);

/** Enums that we provide, with their constants in order. */
const enums = new Map<string, { readonly names: readonly string[]; readonly members: Members<NamedValue> }>([
  [
    "java.util.concurrent.TimeUnit",
    {
      names: ["NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"],
      members: unitMembers,
    },
  ],
  [
    "java.math.RoundingMode",
    {
      names: ["UP", "DOWN", "CEILING", "FLOOR", "HALF_UP", "HALF_DOWN", "HALF_EVEN", "UNNECESSARY"],
      members: new Map(),
    },
  ],
  [
    "hudson.model.Result",
    { names: ["SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"], members: resultMembers },
  ],
  ["org.apache.commons.csv.QuoteMode", { names: QUOTE_MODES, members: new Map() }],
  ["org.apache.commons.csv.DuplicateHeaderMode", { names: DUPLICATE_HEADER_MODES, members: new Map() }],
]);

function enumStatic(
  run: Runtime,
  className: string,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const names = enums.get(className)?.names ?? [];
  if (name === "values")
    return new ListValue(
      names.map((each) => builtinStatic(run, className, each) ?? null),
      `${className}[]`,
    );
  const wanted = textArg(run, args[0]);
  const found = builtinStatic(run, className, wanted);
  if (found === undefined) throw illegalArgument(`No enum constant ${className}.${wanted}`);
  return found;
}

const CONSTANTS = new Map<string, ReadonlyMap<string, Value>>([
  [
    "java.lang.Math",
    new Map<string, Value>([
      ["PI", new DoubleValue(Math.PI)],
      ["E", new DoubleValue(Math.E)],
    ]),
  ],
  [
    "java.lang.Integer",
    new Map<string, Value>([
      ["MAX_VALUE", 2147483647],
      ["MIN_VALUE", -2147483648],
      ["SIZE", 32],
    ]),
  ],
  [
    "java.lang.Long",
    new Map<string, Value>([
      ["MAX_VALUE", new LongValue(2n ** 63n - 1n)],
      ["MIN_VALUE", new LongValue(-(2n ** 63n))],
    ]),
  ],
  [
    "java.lang.Short",
    new Map<string, Value>([
      ["MAX_VALUE", 32767],
      ["MIN_VALUE", -32768],
    ]),
  ],
  [
    "java.lang.Byte",
    new Map<string, Value>([
      ["MAX_VALUE", 127],
      ["MIN_VALUE", -128],
    ]),
  ],
  [
    "java.lang.Double",
    new Map<string, Value>([
      ["MAX_VALUE", new DoubleValue(Number.MAX_VALUE)],
      ["MIN_VALUE", new DoubleValue(5e-324)],
      ["NaN", new DoubleValue(Number.NaN)],
      ["POSITIVE_INFINITY", new DoubleValue(Infinity)],
      ["NEGATIVE_INFINITY", new DoubleValue(-Infinity)],
    ]),
  ],
  [
    "java.lang.Float",
    new Map<string, Value>([
      ["MAX_VALUE", new FloatValue(3.4028234663852886e38)],
      ["NaN", new FloatValue(Number.NaN)],
    ]),
  ],
  [
    "java.lang.Boolean",
    new Map<string, Value>([
      ["TRUE", true],
      ["FALSE", false],
    ]),
  ],
  [
    "java.math.BigDecimal",
    new Map<string, Value>([
      ["ZERO", new BigDecimalValue(0n, 0)],
      ["ONE", new BigDecimalValue(1n, 0)],
      ["TEN", new BigDecimalValue(10n, 0)],
      ["ROUND_UP", 0],
      ["ROUND_DOWN", 1],
      ["ROUND_HALF_UP", 4],
      ["ROUND_HALF_EVEN", 6],
    ]),
  ],
  [
    "java.math.BigInteger",
    new Map<string, Value>([
      ["ZERO", new BigIntegerValue(0n)],
      ["ONE", new BigIntegerValue(1n)],
      ["TEN", new BigIntegerValue(10n)],
    ]),
  ],
  [
    "java.util.regex.Pattern",
    new Map<string, Value>([
      ["UNIX_LINES", 1],
      ["CASE_INSENSITIVE", 2],
      ["COMMENTS", 4],
      ["MULTILINE", 8],
      ["LITERAL", 16],
      ["DOTALL", 32],
      ["UNICODE_CASE", 64],
    ]),
  ],
  ["java.lang.String", new Map<string, Value>([["CASE_INSENSITIVE_ORDER", null]])],
  [
    "java.util.Calendar",
    new Map<string, Value>([
      ["YEAR", 1],
      ["MONTH", 2],
      ["DAY_OF_MONTH", 5],
      ["DATE", 5],
      ["DAY_OF_YEAR", 6],
      ["DAY_OF_WEEK", 7],
      ["HOUR", 10],
      ["HOUR_OF_DAY", 11],
      ["MINUTE", 12],
      ["SECOND", 13],
      ["MILLISECOND", 14],
    ]),
  ],
  [
    "groovy.lang.Closure",
    new Map<string, Value>([
      ["OWNER_FIRST", 0],
      ["DELEGATE_FIRST", 1],
      ["OWNER_ONLY", 2],
      ["DELEGATE_ONLY", 3],
      ["TO_SELF", 4],
    ]),
  ],
]);
const NAMED = new Map<string, readonly string[]>([
  ["java.util.Locale", ["US", "ENGLISH", "ROOT", "UK", "GERMANY", "CHINA"]],
  ["java.nio.charset.StandardCharsets", ["UTF_8", "UTF_16", "US_ASCII", "ISO_8859_1"]],
]);

/** A constant of a class that we provide; `undefined` when there is none. */
export function builtinStatic(run: Runtime, className: string, name: string): Value | undefined {
  const plain = CONSTANTS.get(className)?.get(name);
  if (plain !== undefined) return plain;
  const constants = enums.get(className);
  const ordinal = constants?.names.indexOf(name) ?? -1;
  if (constants !== undefined && ordinal >= 0)
    return new NamedValue(className, name, constants.members, ordinal);
  if (NAMED.get(className)?.includes(name) === true) {
    const text = className.endsWith("Charsets")
      ? name.replaceAll("_", "-").replace("ISO-8859", "ISO-8859")
      : name === "US"
        ? "en_US"
        : name.toLowerCase();
    return new NamedValue(className.endsWith("Charsets") ? "java.nio.charset.Charset" : className, text);
  }
  return timeConstant(className, name, run) ?? csvConstant(className, name);
}
