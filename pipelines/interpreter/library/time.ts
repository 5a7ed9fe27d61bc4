import { formatDate, parseDate, WEEKDAYS, MONTHS } from "../dates/format.ts";
import { isZone, momentOf, partsOf } from "../dates/zones.ts";
import { andThen, type Eventual } from "../flow.ts";
import { numberOf, toBigInt } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import { type Key, LongValue, type Value } from "../values.ts";
import { LibraryValue } from "../library.ts";
import { NamedValue } from "./simple.ts";

const FORMS = new Map([
  ["java.time.Instant", "yyyy-MM-dd'T'HH:mm:ss'Z'"],
  ["java.time.LocalDate", "yyyy-MM-dd"],
  ["java.time.LocalTime", "HH:mm:ss"],
  ["java.time.LocalDateTime", "yyyy-MM-dd'T'HH:mm:ss"],
  ["java.time.ZonedDateTime", "yyyy-MM-dd'T'HH:mm:ssXXX"],
  ["java.time.OffsetDateTime", "yyyy-MM-dd'T'HH:mm:ssXXX"],
]);

const UNITS = new Map([
  ["Millis", 1],
  ["Seconds", 1000],
  ["Minutes", 60_000],
  ["Hours", 3_600_000],
]);

/** A moment of java.time: an Instant, or the date and time on a calendar of some zone. */
export class TimeValue extends LibraryValue {
  readonly javaClass: string;
  readonly timeMs: number;
  readonly zone: string;
  constructor(javaClass: string, timeMs: number, zone: string) {
    super();
    this.javaClass = javaClass;
    this.timeMs = timeMs;
    this.zone = zone;
  }
  override key(): Key {
    return `\u0000J${this.javaClass}/${this.timeMs}/${this.zone}`;
  }
  override compareTo(other: Value): number | undefined {
    return other instanceof TimeValue && other.javaClass === this.javaClass
      ? Math.sign(this.timeMs - other.timeMs)
      : undefined;
  }

  toText(): string {
    const form = FORMS.get(this.javaClass) ?? "yyyy-MM-dd'T'HH:mm:ss";
    const millis = partsOf(this.timeMs, this.zone).millis;
    const text = formatDate(form, this.timeMs, this.zone);
    const fine =
      millis !== 0 && form.includes("ss")
        ? text.replace(/(\d\d:\d\d:\d\d)/, `$1.${String(millis).padStart(3, "0")}`)
        : text;
    const zoned =
      this.javaClass.endsWith("ZonedDateTime") && this.zone.includes("/") ? `${fine}[${this.zone}]` : fine;
    return this.javaClass.endsWith("LocalDateTime") || this.javaClass.endsWith("LocalTime")
      ? zoned.replace(/:00$/, "")
      : zoned;
  }

  private at(changes: { years?: number; months?: number; days?: number; millis?: number }): TimeValue {
    const parts = partsOf(this.timeMs, this.zone);
    const months = parts.month + (changes.months ?? 0) + 12 * (changes.years ?? 0);
    const last = new Date(Date.UTC(parts.year, months, 0)).getUTCDate();
    const day =
      changes.months === undefined && changes.years === undefined ? parts.day : Math.min(parts.day, last);
    const moment = momentOf(
      parts.year,
      months,
      day + (changes.days ?? 0),
      parts.hour,
      parts.minute,
      parts.second,
      parts.millis,
      this.zone,
    );
    return new TimeValue(this.javaClass, moment + (changes.millis ?? 0), this.zone);
  }

  private shifted(unit: string, amount: number): TimeValue | undefined {
    const millis = UNITS.get(unit);
    if (millis !== undefined) return new TimeValue(this.javaClass, this.timeMs + amount * millis, this.zone);
    if (unit === "Days") return this.at({ days: amount });
    if (unit === "Weeks") return this.at({ days: amount * 7 });
    if (unit === "Months") return this.at({ months: amount });
    return unit === "Years" ? this.at({ years: amount }) : undefined;
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined {
    const [first = null] = args;
    const shift = /^(plus|minus)(Millis|Seconds|Minutes|Hours|Days|Weeks|Months|Years)$/.exec(name);
    if (shift !== null) {
      const amount = Number(toBigInt(numberOf(first) ?? 0));
      return this.shifted(shift[2] ?? "", shift[1] === "plus" ? amount : -amount);
    }
    if (name === "plus" || name === "minus") {
      const days = numberOf(first);
      const sign = name === "plus" ? 1 : -1;
      if (first instanceof NamedValue && first.javaClass === "java.time.Duration")
        return new TimeValue(this.javaClass, this.timeMs + sign * Number(first.text), this.zone);
      if (args.length === 2) {
        const unit = run.text(args[1] ?? null);
        return this.shifted(
          unit.charAt(0).toUpperCase() + unit.slice(1).toLowerCase(),
          sign * Number(toBigInt(days ?? 0)),
        );
      }
      if (days === undefined) return undefined;
      return this.javaClass.endsWith("LocalDate")
        ? this.at({ days: sign * Number(toBigInt(days)) })
        : this.at({ millis: sign * 1000 * Number(toBigInt(days)) });
    }
    return this.read(name, args, run);
  }

  private read(name: string, args: readonly Value[], run: Runtime): Eventual | undefined {
    const [first = null] = args;
    const parts = partsOf(this.timeMs, this.zone);
    switch (name) {
      case "getYear":
        return parts.year;
      case "getMonthValue":
        return parts.month;
      case "getMonth":
        return new NamedValue(
          "java.time.Month",
          (MONTHS[parts.month - 1] ?? "").toUpperCase(),
          new Map(),
          parts.month - 1,
        );
      case "getDayOfMonth":
        return parts.day;
      case "getDayOfYear":
        return parts.dayOfYear;
      case "getDayOfWeek":
        return new NamedValue(
          "java.time.DayOfWeek",
          (WEEKDAYS[parts.weekday - 1] ?? "").toUpperCase(),
          new Map([["getValue", () => parts.weekday]]),
          parts.weekday - 1,
        );
      case "getHour":
        return parts.hour;
      case "getMinute":
        return parts.minute;
      case "getSecond":
        return parts.second;
      case "getNano":
        return parts.millis * 1_000_000;
      case "toEpochMilli":
        return new LongValue(BigInt(this.timeMs));
      case "getEpochSecond":
      case "toEpochSecond":
        return new LongValue(BigInt(Math.floor(this.timeMs / 1000)));
      case "toEpochDay":
        return new LongValue(BigInt(Math.floor(this.timeMs / 86_400_000)));
      case "format":
        return first instanceof NamedValue
          ? formatDate(
              isoForm(first.text),
              this.timeMs,
              first.javaClass.endsWith("Formatter") ? this.zone : this.zone,
            )
          : formatDate(run.text(first), this.timeMs, this.zone);
      case "isBefore":
        return first instanceof TimeValue && this.timeMs < first.timeMs;
      case "isAfter":
        return first instanceof TimeValue && this.timeMs > first.timeMs;
      case "isEqual":
        return first instanceof TimeValue && this.timeMs === first.timeMs;
      case "toLocalDate":
        return new TimeValue(
          "java.time.LocalDate",
          momentOf(parts.year, parts.month, parts.day, 0, 0, 0, 0, this.zone),
          this.zone,
        );
      case "toLocalDateTime":
        return new TimeValue("java.time.LocalDateTime", this.timeMs, this.zone);
      case "toLocalTime":
        return new TimeValue("java.time.LocalTime", this.timeMs, this.zone);
      case "atStartOfDay":
        return new TimeValue("java.time.LocalDateTime", this.timeMs, this.zone);
      case "atZone":
      case "withZoneSameInstant":
        return new TimeValue("java.time.ZonedDateTime", this.timeMs, run.text(first));
      case "toInstant":
        return new TimeValue("java.time.Instant", this.timeMs, "UTC");
      case "isLeapYear":
        return new Date(Date.UTC(parts.year, 1, 29)).getUTCMonth() === 1;
      case "withDayOfMonth":
        return this.at({ days: Number(toBigInt(numberOf(first) ?? 1)) - parts.day });
      default:
        return undefined;
    }
  }
}

const ISO = new Map([
  ["ISO_LOCAL_DATE", "yyyy-MM-dd"],
  ["ISO_DATE", "yyyy-MM-dd"],
  ["BASIC_ISO_DATE", "yyyyMMdd"],
  ["ISO_LOCAL_TIME", "HH:mm:ss"],
  ["ISO_LOCAL_DATE_TIME", "yyyy-MM-dd'T'HH:mm:ss"],
  ["ISO_DATE_TIME", "yyyy-MM-dd'T'HH:mm:ss"],
  ["ISO_OFFSET_DATE_TIME", "yyyy-MM-dd'T'HH:mm:ssXXX"],
  ["ISO_INSTANT", "yyyy-MM-dd'T'HH:mm:ss'Z'"],
]);

const isoForm = (text: string): string => ISO.get(text) ?? text;

type Static = (args: readonly Value[], run: Runtime) => Eventual | undefined;

function zoneArg(run: Runtime, value: Value | undefined): string {
  if (value === undefined || value === null) return run.timeZone;
  const name = run.text(value);
  if (!isZone(name)) throw exception("java.time.DateTimeException", `Unknown time-zone ID: ${name}`);
  return name;
}

const nowIn =
  (className: string): Static =>
  ([zone], run) =>
    andThen(run.host.read("now", run.site), (now) => {
      const name = className.endsWith("Instant") ? "UTC" : zoneArg(run, zone);
      const timeMs = Number(toBigInt(numberOf(now) ?? 0));
      if (!className.endsWith("LocalDate")) return new TimeValue(className, timeMs, name);
      const parts = partsOf(timeMs, name);
      return new TimeValue(className, momentOf(parts.year, parts.month, parts.day, 0, 0, 0, 0, "UTC"), "UTC");
    });

const ofParts =
  (className: string): Static =>
  (args, run) => {
    const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = args.map((arg) =>
      arg instanceof NamedValue ? (arg.ordinal ?? 0) + 1 : Number(toBigInt(numberOf(arg) ?? 0)),
    );
    const moment = momentOf(year, month, day, hour, minute, second, 0, "UTC");
    const parts = partsOf(moment, "UTC");
    if (parts.day !== day || parts.month !== month)
      throw exception("java.time.DateTimeException", `Invalid date '${run.text(args[1] ?? null)} ${day}'`);
    return new TimeValue(className, moment, "UTC");
  };

const parsed =
  (className: string): Static =>
  ([text, format], run) => {
    const source = run.text(text ?? null);
    const own = FORMS.get(className) ?? "";
    const form = format === undefined ? own : isoForm(run.text(format));
    const zone = className.startsWith("java.time.Local") ? "UTC" : "UTC";
    const candidates =
      format === undefined ? [form, form.replace("ss", "ss.SSS"), form.replace(":ss", "")] : [form];
    for (const each of candidates) {
      const moment = parseDate(each, source, zone, true);
      if (moment !== undefined) return new TimeValue(className, moment, "UTC");
    }
    throw exception(
      "java.time.format.DateTimeParseException",
      `Text '${source}' could not be parsed at index 0`,
    );
  };

const formatter = (pattern: string): NamedValue =>
  new NamedValue(
    "java.time.format.DateTimeFormatter",
    pattern,
    new Map<string, (self: NamedValue, args: readonly Value[], run: Runtime) => Eventual | undefined>([
      [
        "format",
        (self, [time = null]) =>
          time instanceof TimeValue ? formatDate(isoForm(self.text), time.timeMs, time.zone) : undefined,
      ],
      ["withZone", (self) => self],
      ["withLocale", (self) => self],
    ]),
  );

/** A java.time.Duration; its text is its milliseconds until it is asked for. */
const duration = (millis: number): NamedValue =>
  new NamedValue(
    "java.time.Duration",
    String(millis),
    new Map<string, () => Value>([
      ["toMillis", () => new LongValue(BigInt(Math.trunc(millis)))],
      ["getSeconds", () => new LongValue(BigInt(Math.floor(millis / 1000)))],
      ["toSeconds", () => new LongValue(BigInt(Math.floor(millis / 1000)))],
      ["toMinutes", () => new LongValue(BigInt(Math.trunc(millis / 60_000)))],
      ["toHours", () => new LongValue(BigInt(Math.trunc(millis / 3_600_000)))],
      ["toDays", () => new LongValue(BigInt(Math.trunc(millis / 86_400_000)))],
      ["toString", () => `PT${millis / 1000}S`],
    ]),
  );

const durationOf =
  (factor: number): Static =>
  ([amount = null]) =>
    duration(Number(toBigInt(numberOf(amount) ?? 0)) * factor);

const local = (className: string): ReadonlyMap<string, Static> =>
  new Map([
    ["now", nowIn(className)],
    ["of", ofParts(className)],
    ["parse", parsed(className)],
  ]);

const between: Static = ([from = null, to = null]) =>
  from instanceof TimeValue && to instanceof TimeValue ? duration(to.timeMs - from.timeMs) : undefined;

/** Static methods of java.time. */
export const timeStatics: ReadonlyMap<string, ReadonlyMap<string, Static>> = new Map<
  string,
  ReadonlyMap<string, Static>
>([
  ["java.time.LocalDate", local("java.time.LocalDate")],
  ["java.time.LocalDateTime", local("java.time.LocalDateTime")],
  ["java.time.LocalTime", new Map([["now", nowIn("java.time.LocalTime")]])],
  [
    "java.time.ZonedDateTime",
    new Map([
      ["now", nowIn("java.time.ZonedDateTime")],
      ["parse", parsed("java.time.ZonedDateTime")],
    ]),
  ],
  [
    "java.time.OffsetDateTime",
    new Map([
      ["now", nowIn("java.time.OffsetDateTime")],
      ["parse", parsed("java.time.OffsetDateTime")],
    ]),
  ],
  [
    "java.time.Instant",
    new Map<string, Static>([
      ["now", nowIn("java.time.Instant")],
      ["parse", parsed("java.time.Instant")],
      [
        "ofEpochMilli",
        ([millis = null]) =>
          new TimeValue("java.time.Instant", Number(toBigInt(numberOf(millis) ?? 0)), "UTC"),
      ],
      [
        "ofEpochSecond",
        ([seconds = null]) =>
          new TimeValue("java.time.Instant", 1000 * Number(toBigInt(numberOf(seconds) ?? 0)), "UTC"),
      ],
    ]),
  ],
  [
    "java.time.ZoneId",
    new Map<string, Static>([
      [
        "of",
        ([name], run) =>
          new NamedValue(
            "java.time.ZoneId",
            zoneArg(run, name),
            new Map([["getId", (self: NamedValue) => self.text]]),
          ),
      ],
      ["systemDefault", (_, run) => new NamedValue("java.time.ZoneId", run.timeZone)],
    ]),
  ],
  [
    "java.time.format.DateTimeFormatter",
    new Map<string, Static>([["ofPattern", ([pattern], run) => formatter(run.text(pattern ?? null))]]),
  ],
  [
    "java.time.Duration",
    new Map<string, Static>([
      ["between", between],
      ["ofMillis", durationOf(1)],
      ["ofSeconds", durationOf(1000)],
      ["ofMinutes", durationOf(60_000)],
      ["ofHours", durationOf(3_600_000)],
      ["ofDays", durationOf(86_400_000)],
    ]),
  ],
]);

/** Constants of java.time; `undefined` for any other. */
export function timeConstant(className: string, name: string, _run: Runtime): Value | undefined {
  if (className === "java.time.format.DateTimeFormatter" && ISO.has(name)) return formatter(name);
  if (className === "java.time.ZoneOffset" && name === "UTC") return new NamedValue("java.time.ZoneId", "Z");
  if (
    className === "java.time.temporal.ChronoUnit" &&
    ["MILLIS", "SECONDS", "MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"].includes(name)
  ) {
    return new NamedValue(
      className,
      name,
      new Map([
        [
          "between",
          (self: NamedValue, [from = null, to = null]: readonly Value[]) => {
            const unit = {
              MILLIS: 1,
              SECONDS: 1000,
              MINUTES: 60_000,
              HOURS: 3_600_000,
              DAYS: 86_400_000,
              WEEKS: 604_800_000,
            };
            const size = Object.entries(unit).find(([each]) => each === self.text)?.[1];
            if (size === undefined || !(from instanceof TimeValue) || !(to instanceof TimeValue))
              return undefined;
            return new LongValue(BigInt(Math.trunc((to.timeMs - from.timeMs) / size)));
          },
        ],
      ]),
    );
  }
  return undefined;
}
