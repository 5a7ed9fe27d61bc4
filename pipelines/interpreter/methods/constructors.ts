import { collectionOf, parseNumber } from "../coercion.ts";
import { formatDate, parseDate } from "../dates/format.ts";
import { momentOf } from "../dates/zones.ts";
import { andThen, type Eventual } from "../flow.ts";
import { JsonBuilderValue, JsonSlurperValue } from "../library/json.ts";
import { RandomValue } from "../library/random.ts";
import { HolderValue, type Members, NamedValue } from "../library/simple.ts";
import { XmlReaderValue } from "../library/xml.ts";
import { TimeValue } from "../library/time.ts";
import { add, isNumber, numberOf, toBigInt, toDecimal } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { exception, notPermitted } from "../thrown.ts";
import { derivesFrom, isThrowableClass } from "../types.ts";
import {
  BytesValue,
  DateValue,
  ExceptionValue,
  ListValue,
  MapValue,
  SetValue,
  type Value,
} from "../values.ts";
import { builderWith } from "./builder.ts";
import { formatByPattern } from "./format.ts";
import { intOf, textArg } from "./arguments.ts";
import { putInto } from "./map.ts";
import { elementsOf } from "./walk.ts";

/** `new Name(…)` of a class that we provide. */
export function constructBuiltin(
  run: Runtime,
  className: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual {
  if (isThrowableClass(className)) return throwable(run, className, args);
  if (derivesFrom(className, "java.util.Map")) return mapFrom(run, className, args);
  if (derivesFrom(className, "java.util.Collection")) return collectionFrom(run, className, args);
  const made = constructOther(run, className, args, named);
  if (made !== undefined) return made;
  const types = args.map((arg) => run.className(arg)).join(", ");
  throw exception(
    "groovy.lang.GroovyRuntimeException",
    `Could not find matching constructor for: ${className}(${types})`,
  );
}

function throwable(run: Runtime, className: string, args: readonly Value[]): Value {
  const [message = null, cause = null] = args;
  if (message !== null && args.length === 1 && run.isInstance(message, "java.lang.Throwable")) {
    return new ExceptionValue(className, run.text(message), message);
  }
  return new ExceptionValue(className, message === null ? null : run.text(message), cause);
}

function mapFrom(run: Runtime, className: string, args: readonly Value[]): Value {
  const isAbstract = ["java.util.Map", "java.util.AbstractMap", "java.util.SortedMap"].includes(className);
  const map = new MapValue(isAbstract ? "java.util.LinkedHashMap" : className);
  const [source] = args;
  if (source instanceof MapValue) {
    for (const entry of source.entries.values()) putInto(run, map, entry.entryKey, entry.value);
  }
  return map;
}

function collectionFrom(run: Runtime, className: string, args: readonly Value[]): Value {
  const [source = null] = args;
  const items = isNumber(source) ? [] : elementsOf(run, source);
  run.meter.collection(items.length);
  run.meter.allocate(items.length * 16);
  if (className === "java.util.TreeSet") {
    return new SetValue(
      [...items].toSorted((a, b) => run.compare(a, b)),
      className,
    );
  }
  return collectionOf(items, className);
}

function constructOther(
  run: Runtime,
  className: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  const [first = null, second] = args;
  switch (className) {
    case "java.lang.Object":
      return new NamedValue(
        "java.lang.Object",
        `java.lang.Object@${run.identity(new MapValue()).toString(16)}`,
      );
    case "java.lang.String":
      return stringFrom(run, first);
    case "java.lang.StringBuilder":
    case "java.lang.StringBuffer":
    case "java.io.StringWriter":
      return builderWith(run, first, className);
    case "java.util.Date":
      return dateFrom(run, args);
    case "java.lang.Integer":
    case "java.lang.Long":
    case "java.lang.Double":
    case "java.lang.Short":
    case "java.lang.Byte":
    case "java.lang.Float":
    case "java.math.BigInteger":
      return isNumber(first) ? run.cast(first, className) : parseNumber(run.text(first), className);
    case "java.math.BigDecimal":
      return isNumber(first) ? toDecimal(first) : parseNumber(run.text(first), className);
    case "java.lang.Boolean":
      return typeof first === "boolean" ? first : run.text(first).toLowerCase() === "true";
    case "java.util.Random":
    case "java.security.SecureRandom":
      if (isNumber(first)) return new RandomValue(toBigInt(first));
      return andThen(
        run.host.read("seed", run.site),
        (seed) => new RandomValue(toBigInt(numberOf(seed) ?? 0)),
      );
    case "groovy.json.JsonSlurper":
    case "groovy.json.JsonSlurperClassic":
      return new JsonSlurperValue(className);
    case "groovy.json.JsonBuilder":
      return new JsonBuilderValue(first);
    case "groovy.util.XmlSlurper":
    case "groovy.util.XmlParser":
      return new XmlReaderValue(className);
    case "java.text.SimpleDateFormat":
      return new HolderValue(
        className,
        run.list([textArg(run, args[0] ?? "M/d/yy, h:mm a"), run.timeZone]),
        dateFormatMembers,
      );
    case "java.text.DecimalFormat":
      return new HolderValue(className, run.text(first), decimalFormatMembers);
    case "java.util.concurrent.atomic.AtomicInteger":
    case "java.util.concurrent.atomic.AtomicLong":
    case "java.util.concurrent.atomic.AtomicBoolean":
      return atomic(run, className, first);
    case "groovy.util.Expando":
      return named ?? (first instanceof MapValue ? first : new MapValue());
    case "java.net.URL":
    case "java.net.URI":
      return url(className, args.map((arg) => run.text(arg)).join(""));
    case "java.time.Instant":
      return isNumber(first) ? new TimeValue(className, Number(toBigInt(first)), "UTC") : undefined;
    case "groovy.lang.Tuple2":
    case "groovy.lang.Tuple":
      return new ListValue(
        [...(first instanceof ListValue && second === undefined ? first.items : args)],
        className,
      );
    case "java.util.StringJoiner":
      return new HolderValue(className, run.list([run.text(first)]), joinerMembers);
    case "java.lang.Thread":
      throw notPermitted("new java.lang.Thread", "there are no threads here: use the step parallel");
    default:
      return undefined;
  }
}

function stringFrom(run: Runtime, source: Value): string {
  if (source === null) return "";
  if (source instanceof BytesValue) return new TextDecoder("utf-8").decode(source.bytes);
  if (source instanceof ListValue && source.isArray)
    return source.items.map((item) => run.text(item)).join("");
  return run.text(source);
}

function dateFrom(run: Runtime, args: readonly Value[]): Eventual | undefined {
  const [first] = args;
  if (first === undefined) {
    return andThen(
      run.host.read("now", run.site),
      (now) => new DateValue(Number(toBigInt(numberOf(now) ?? 0))),
    );
  }
  if (args.length >= 3) {
    const [year = 0, month = 0, day = 1, hour = 0, minute = 0, second = 0] = args.map(
      (arg) => intOf(arg) ?? 0,
    );
    return new DateValue(momentOf(year + 1900, month + 1, day, hour, minute, second, 0, run.timeZone));
  }
  if (first instanceof DateValue) return new DateValue(first.timeMs);
  if (isNumber(first)) return new DateValue(Number(toBigInt(first)));
  const text = textArg(run, first);
  for (const pattern of ["yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd", "EEE MMM dd HH:mm:ss zzz yyyy", "MM/dd/yyyy"]) {
    const moment = parseDate(pattern, text, run.timeZone, true);
    if (moment !== undefined) return new DateValue(moment);
  }
  throw exception("java.lang.IllegalArgumentException", null);
}

function formatParts(self: HolderValue, run: Runtime): [string, string] {
  const [pattern = null, zone = null] = elementsOf(run, self.value);
  return [run.text(pattern), run.text(zone)];
}

const dateFormatMembers: Members<HolderValue> = new Map<
  string,
  (self: HolderValue, args: readonly Value[], run: Runtime) => Eventual | undefined
>([
  [
    "format",
    (self, [value = null], run) => {
      const [pattern, zone] = formatParts(self, run);
      const number = numberOf(value);
      const timeMs =
        value instanceof DateValue
          ? value.timeMs
          : number === undefined
            ? undefined
            : Number(toBigInt(number));
      if (timeMs === undefined)
        throw exception("java.lang.IllegalArgumentException", "Cannot format given Object as a Date");
      return formatDate(pattern, timeMs, zone);
    },
  ],
  [
    "parse",
    (self, [text], run) => {
      const [pattern, zone] = formatParts(self, run);
      const moment = parseDate(pattern, textArg(run, text), zone, false);
      if (moment === undefined)
        throw exception("java.text.ParseException", `Unparseable date: "${textArg(run, text)}"`);
      return new DateValue(moment);
    },
  ],
  [
    "setTimeZone",
    (self, [zone = null], run) => {
      const [pattern] = formatParts(self, run);
      self.value = run.list([pattern, run.text(zone)]);
      return null;
    },
  ],
  ["setLenient", () => null],
  ["toPattern", (self, _, run) => formatParts(self, run)[0]],
]);

const decimalFormatMembers: Members<HolderValue> = new Map<
  string,
  (self: HolderValue, args: readonly Value[], run: Runtime) => Eventual | undefined
>([
  [
    "format",
    (self, [value = null], run) => {
      const number = numberOf(value);
      return number === undefined ? undefined : formatByPattern(number, run.text(self.value));
    },
  ],
  ["setRoundingMode", () => null],
]);

const joinerMembers: Members<HolderValue> = new Map<
  string,
  (self: HolderValue, args: readonly Value[], run: Runtime) => Eventual | undefined
>([
  [
    "add",
    (self, [item = null], run) => {
      if (self.value instanceof ListValue) self.value.items.push(run.text(item));
      return self;
    },
  ],
  [
    "toString",
    (self, _, run) => {
      const [separator = "", ...items] = elementsOf(run, self.value).map((item) => run.text(item));
      return items.join(separator);
    },
  ],
]);

const atomicMembers: Members<HolderValue> = new Map<
  string,
  (self: HolderValue, args: readonly Value[], run: Runtime) => Eventual | undefined
>([
  ["get", (self) => self.value],
  ["intValue", (self) => self.value],
  ["longValue", (self) => self.value],
  [
    "set",
    (self, [value = null], run) => {
      self.value = run.cast(value, run.className(self.value));
      return null;
    },
  ],
  [
    "getAndSet",
    (self, [value = null]) => {
      const old = self.value;
      self.value = value;
      return old;
    },
  ],
  [
    "compareAndSet",
    (self, [expected = null, value = null], run) => {
      if (!run.equals(self.value, expected)) return false;
      self.value = value;
      return true;
    },
  ],
  ["incrementAndGet", (self) => step(self, 1)],
  ["decrementAndGet", (self) => step(self, -1)],
  ["getAndIncrement", (self) => before(self, 1)],
  ["getAndDecrement", (self) => before(self, -1)],
  ["addAndGet", (self, [by]) => step(self, intOf(by) ?? 0)],
  ["getAndAdd", (self, [by]) => before(self, intOf(by) ?? 0)],
  ["next", (self) => (step(self, 1) === null ? null : self)],
]);

function step(self: HolderValue, by: number): Value {
  const number = numberOf(self.value);
  if (number !== undefined) self.value = add(number, by);
  return self.value;
}

function before(self: HolderValue, by: number): Value {
  const old = self.value;
  step(self, by);
  return old;
}

function atomic(run: Runtime, className: string, start: Value): Value {
  const inner = className.endsWith("Boolean") ? "boolean" : className.endsWith("Long") ? "long" : "int";
  return new HolderValue(
    className,
    run.cast(start ?? (inner === "boolean" ? false : 0), inner),
    atomicMembers,
  );
}

/** A URL or URI that can be taken apart; nothing is ever fetched. */
function url(className: string, text: string): Value {
  if (className.endsWith("URL") && !/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    throw exception("java.net.MalformedURLException", `no protocol: ${text}`);
  }
  if (/[\s<>"{}|\\^`]/.test(text) && className.endsWith("URI")) {
    throw exception("java.net.URISyntaxException", `Illegal character in path: ${text}`);
  }
  const match =
    /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#:]*)(?::(\d+))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(
      text,
    );
  const [, scheme, user, host, port, path = "", query, fragment] = match ?? [];
  const refuse = (name: string) => (): never => {
    throw notPermitted(`method ${className} ${name}`, "fetch it by a step: sh 'curl …' or httpRequest");
  };
  return new NamedValue(
    className,
    text,
    new Map<string, () => Value>([
      ["getProtocol", () => scheme ?? null],
      ["getScheme", () => scheme ?? null],
      ["getHost", () => host ?? null],
      ["getPort", () => (port === undefined ? -1 : Number(port))],
      ["getPath", () => path],
      ["getQuery", () => query ?? null],
      ["getFragment", () => fragment ?? null],
      ["getRef", () => fragment ?? null],
      ["getUserInfo", () => user ?? null],
      [
        "getAuthority",
        () =>
          host === undefined
            ? null
            : `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`,
      ],
      ["getFile", () => (query === undefined ? path : `${path}?${query}`)],
      ["toExternalForm", () => text],
      ["toURI", () => url("java.net.URI", text)],
      ["toURL", () => url("java.net.URL", text)],
      ["getText", refuse("getText")],
      ["openConnection", refuse("openConnection")],
      ["openStream", refuse("openStream")],
    ]),
  );
}
