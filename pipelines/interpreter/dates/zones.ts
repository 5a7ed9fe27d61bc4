/** The parts of a moment on a calendar in some zone. */
export interface CalendarParts {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millis: number;
  /** 1 (Monday) to 7 (Sunday). */
  readonly weekday: number;
  readonly dayOfYear: number;
  /** Minutes that the zone is ahead of UTC. */
  readonly offsetMinutes: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** The zone's usual form (`GMT+8` as an offset); `UTC` for what is unknown, as TimeZone.getTimeZone has it. */
export function zoneNamed(name: string): string {
  return isZone(name) ? name : "UTC";
}

/** Is it a zone that we know? */
export function isZone(name: string): boolean {
  if (fixedOffset(name) !== undefined) return true;
  try {
    formatterFor(name);
    return true;
  } catch {
    return false; // a RangeError says that the name is unknown
  }
}

/** Minutes of a zone written as an offset: `+08:00`, `GMT+8`, `Z`, `UTC`. */
export function fixedOffset(zone: string): number | undefined {
  if (zone === "Z" || zone === "UTC" || zone === "GMT") return 0;
  const match = /^(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(zone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === "-" ? -minutes : minutes;
}

/** Minutes that the zone is ahead of UTC at that moment. */
export function offsetAt(zone: string, timeMs: number): number {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return fixed;
  const parts = new Map(
    formatterFor(zone)
      .formatToParts(timeMs)
      .map((part) => [part.type, Number(part.value)]),
  );
  const local = Date.UTC(
    parts.get("year") ?? 1970,
    (parts.get("month") ?? 1) - 1,
    parts.get("day") ?? 1,
    parts.get("hour") ?? 0,
    parts.get("minute") ?? 0,
    parts.get("second") ?? 0,
  );
  return Math.round((local - Math.floor(timeMs / 1000) * 1000) / 60_000);
}

/** The parts of a moment in a zone. */
export function partsOf(timeMs: number, zone: string): CalendarParts {
  const offsetMinutes = offsetAt(zone, timeMs);
  const local = new Date(timeMs + offsetMinutes * 60_000);
  const year = local.getUTCFullYear();
  return {
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millis: local.getUTCMilliseconds(),
    weekday: ((local.getUTCDay() + 6) % 7) + 1,
    dayOfYear:
      Math.floor(
        (Date.UTC(year, local.getUTCMonth(), local.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000,
      ) + 1,
    offsetMinutes,
  };
}

/** The moment at which a zone's clocks show these parts; parts out of range roll over. */
export function momentOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  millis: number,
  zone: string,
): number {
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, millis);
  const guess = local.getTime() - offsetAt(zone, local.getTime()) * 60_000;
  return local.getTime() - offsetAt(zone, guess) * 60_000;
}
