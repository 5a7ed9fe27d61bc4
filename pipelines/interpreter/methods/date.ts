import { formatDate } from "../dates/format.ts";
import { momentOf, partsOf } from "../dates/zones.ts";
import { numberOf, toBigInt, toDouble } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { DateValue, LongValue, type Value } from "../values.ts";
import { intOf, textArg } from "./arguments.ts";
import { type MethodTable, table } from "./table.ts";

const DAY_MS = 86_400_000;

function moved(run: Runtime, self: DateValue, days: number): DateValue {
  const parts = partsOf(self.timeMs, run.timeZone);
  return new DateValue(
    momentOf(
      parts.year,
      parts.month,
      parts.day + days,
      parts.hour,
      parts.minute,
      parts.second,
      parts.millis,
      run.timeZone,
    ),
  );
}

function withoutTime(run: Runtime, self: DateValue): DateValue {
  const parts = partsOf(self.timeMs, run.timeZone);
  return new DateValue(momentOf(parts.year, parts.month, parts.day, 0, 0, 0, 0, run.timeZone));
}

function zoneOf(run: Runtime, value: Value | undefined): string {
  return value === undefined || value === null
    ? run.timeZone
    : run.text(run.now(run.callMethod(value, "getID", [])));
}

/** The methods of dates. */
export const dateMethods: MethodTable<DateValue> = table<DateValue>({
  getTime: (self) => new LongValue(BigInt(self.timeMs)),
  setTime: (self, [time = null]) => {
    const number = numberOf(time);
    if (number !== undefined) self.timeMs = Number(toBigInt(number));
    return null;
  },
  format: (self, [pattern, zone], run) => formatDate(textArg(run, pattern), self.timeMs, zoneOf(run, zone)),
  getDateString: (self, _, run) => formatDate("MM/dd/yy", self.timeMs, run.timeZone),
  getTimeString: (self, _, run) => formatDate("h:mm:ss a", self.timeMs, run.timeZone),
  getDateTimeString: (self, _, run) => formatDate("M/d/yy h:mm:ss a", self.timeMs, run.timeZone),
  plus: (self, [days], run) => {
    const count = intOf(days);
    return count === undefined ? undefined : moved(run, self, count);
  },
  minus: (self, [other], run) => {
    if (other instanceof DateValue) {
      return Math.round((withoutTime(run, self).timeMs - withoutTime(run, other).timeMs) / DAY_MS);
    }
    const count = intOf(other);
    return count === undefined ? undefined : moved(run, self, -count);
  },
  next: (self, _, run) => moved(run, self, 1),
  previous: (self, _, run) => moved(run, self, -1),
  before: (self, [other = null]) => other instanceof DateValue && self.timeMs < other.timeMs,
  after: (self, [other = null]) => other instanceof DateValue && self.timeMs > other.timeMs,
  compareTo: (self, [other = null], run) => run.compare(self, other),
  clearTime: (self, _, run) => {
    self.timeMs = withoutTime(run, self).timeMs;
    return self;
  },
  clone: (self) => new DateValue(self.timeMs),
  getYear: (self, _, run) => partsOf(self.timeMs, run.timeZone).year - 1900,
  getMonth: (self, _, run) => partsOf(self.timeMs, run.timeZone).month - 1,
  getDate: (self, _, run) => partsOf(self.timeMs, run.timeZone).day,
  getDay: (self, _, run) => partsOf(self.timeMs, run.timeZone).weekday % 7,
  getHours: (self, _, run) => partsOf(self.timeMs, run.timeZone).hour,
  getMinutes: (self, _, run) => partsOf(self.timeMs, run.timeZone).minute,
  getSeconds: (self, _, run) => partsOf(self.timeMs, run.timeZone).second,
  getTimezoneOffset: (self, _, run) => 0 - partsOf(self.timeMs, run.timeZone).offsetMinutes,
  toTimestamp: (self) => self,
  toInstant: (self, _, run) => run.construct("java.time.Instant", [new LongValue(BigInt(self.timeMs))]),
  toGMTString: (self) => formatDate("d MMM yyyy HH:mm:ss 'GMT'", self.timeMs, "UTC"),
  getAt: (self, [field], run) => {
    const parts = partsOf(self.timeMs, run.timeZone);
    // The numbers of the fields of java.util.Calendar.
    const fields = new Map([
      [1, parts.year],
      [2, parts.month - 1],
      [5, parts.day],
      [6, parts.dayOfYear],
      [7, (parts.weekday % 7) + 1],
      [10, parts.hour % 12],
      [11, parts.hour],
      [12, parts.minute],
      [13, parts.second],
      [14, parts.millis],
    ]);
    return fields.get(intOf(field) ?? -1);
  },
});

/** Milliseconds from a number value. */
export const millisOf = (value: Value): number | undefined => {
  const number = numberOf(value);
  return number === undefined ? undefined : Math.trunc(toDouble(number));
};
