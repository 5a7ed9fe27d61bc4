import type { Language } from "../texts/language.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** How long ago or how soon, `12m ago`, `12分钟前`; the date once it is more than a week away. */
export function formatRelative(atMs: number, nowMs: number, language: Language): string {
  const away = atMs - nowMs;
  const size = Math.abs(away);
  if (size > WEEK_MS) return formatDate(atMs, language);
  const relative = new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "auto" });
  if (size < MINUTE_MS) return relative.format(Math.round(away / 1000), "second");
  if (size < HOUR_MS) return relative.format(Math.round(away / MINUTE_MS), "minute");
  if (size < DAY_MS) return relative.format(Math.round(away / HOUR_MS), "hour");
  return relative.format(Math.round(away / DAY_MS), "day");
}

/** A day of the calendar, in the reader's zone. */
export function formatDate(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(atMs);
}

/** The time of day with seconds, in the reader's zone. */
export function formatClock(atMs: number): string {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }).format(atMs);
}

/** A moment in full, with its zone: what a hint and a machine-read copy need. */
export function formatExact(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" }).format(atMs);
}
