import { momentOf, partsOf } from "../interpreter/dates/zones.ts";
import type { CronLine, CronTable } from "./cron.ts";

/** A day that is rarer than this (30 February) is taken for one that never comes. */
const FARTHEST_DAYS = 366 * 8;

/** When a cron table fires next. */
export type NextTime = { readonly atMs: number; readonly parameters: Readonly<Record<string, string>> };

/** The first moment after `afterMs` at which a line of the table matches; null when none ever does. */
export function nextTime(table: CronTable, afterMs: number, defaultZone: string): NextTime | null {
  let next: NextTime | null = null;
  for (const line of table.lines) {
    const atMs = nextOfLine(line, afterMs, table.zone ?? defaultZone);
    if (atMs !== null && (next === null || atMs < next.atMs)) next = { atMs, parameters: line.parameters };
  }
  return next;
}

function nextOfLine(line: CronLine, afterMs: number, zone: string): number | null {
  const from = partsOf(afterMs, zone);
  for (let ahead = 0; ahead <= FARTHEST_DAYS; ahead += 1) {
    const day = new Date(Date.UTC(from.year, from.month - 1, from.day + ahead));
    if (!line.months.includes(day.getUTCMonth() + 1)) continue;
    if (!line.days.includes(day.getUTCDate()) || !line.weekdays.includes(day.getUTCDay())) continue;
    for (const hour of line.hours) {
      if (ahead === 0 && hour < from.hour) continue;
      for (const minute of line.minutes) {
        const atMs = momentOf(
          day.getUTCFullYear(),
          day.getUTCMonth() + 1,
          day.getUTCDate(),
          hour,
          minute,
          0,
          0,
          zone,
        );
        if (atMs > afterMs) return atMs;
      }
    }
  }
  return null;
}
