import { illegalArgument } from "../thrown.ts";
import { type CalendarParts, momentOf, partsOf } from "./zones.ts";

/** What `Date.toString()` prints. */
export const DATE_TO_STRING = "EEE MMM dd HH:mm:ss zzz yyyy";

export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
export const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

/** A piece of a pattern: a letter repeated, or text to copy. */
type Piece = { readonly letter: string; readonly count: number } | { readonly text: string };

function piecesOf(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  for (const match of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)) {
    const [whole, quoted, letter] = match;
    if (whole === "'") throw illegalArgument("Unterminated quote");
    if (quoted !== undefined) pieces.push({ text: quoted === "" ? "'" : quoted.replaceAll("''", "'") });
    else if (letter === undefined) pieces.push({ text: whole });
    else pieces.push({ letter, count: whole.length });
  }
  return pieces;
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

/** Writes a moment by a pattern of SimpleDateFormat or DateTimeFormatter, with English names. */
export function formatDate(pattern: string, timeMs: number, zone: string): string {
  const parts = partsOf(timeMs, zone);
  return piecesOf(pattern)
    .map((piece) => ("text" in piece ? piece.text : fieldText(piece.letter, piece.count, parts, zone)))
    .join("");
}

function fieldText(letter: string, count: number, parts: CalendarParts, zone: string): string {
  switch (letter) {
    case "y":
    case "Y":
    case "u":
      if (letter === "u" && count < 3 && parts.year > 9999) return String(parts.weekday);
      return count === 2 ? pad(parts.year % 100, 2) : pad(parts.year, count);
    case "M":
    case "L": {
      const name = MONTHS[parts.month - 1] ?? "";
      return count > 3 ? name : count === 3 ? name.slice(0, 3) : pad(parts.month, count);
    }
    case "d":
      return pad(parts.day, count);
    case "D":
      return pad(parts.dayOfYear, count);
    case "E": {
      const name = WEEKDAYS[parts.weekday - 1] ?? "";
      return count > 3 ? name : name.slice(0, 3);
    }
    case "e":
      return pad(parts.weekday, count);
    case "a":
      return parts.hour < 12 ? "AM" : "PM";
    case "H":
      return pad(parts.hour, count);
    case "k":
      return pad(parts.hour === 0 ? 24 : parts.hour, count);
    case "K":
      return pad(parts.hour % 12, count);
    case "h":
      return pad(parts.hour % 12 === 0 ? 12 : parts.hour % 12, count);
    case "m":
      return pad(parts.minute, count);
    case "s":
      return pad(parts.second, count);
    case "S":
      return pad(parts.millis, 3)
        .padEnd(count, "0")
        .slice(0, Math.max(count, count < 3 ? String(parts.millis).length : 0));
    case "w":
      return pad(weekOfYear(parts), count);
    case "Z":
      return offsetText(parts.offsetMinutes, false);
    case "X":
    case "x":
      return letter === "X" && parts.offsetMinutes === 0 ? "Z" : isoOffset(parts.offsetMinutes, count);
    case "z":
    case "V":
      return zoneText(zone, parts.offsetMinutes);
    case "G":
      return "AD";
    case "F":
      return pad(Math.ceil(parts.day / 7), count);
    case "W":
      return pad(Math.ceil(parts.day / 7), count);
    case "n":
      return pad(parts.millis * 1_000_000, count);
    default:
      throw illegalArgument(`Illegal pattern character '${letter}'`);
  }
}

/** Weeks begin on Sunday and the one with the first of January is the first, as in the English locale. */
function weekOfYear(parts: CalendarParts): number {
  const sunday = parts.weekday % 7;
  const firstSunday = (sunday - ((parts.dayOfYear - 1) % 7) + 7) % 7;
  return Math.floor((parts.dayOfYear - 1 + firstSunday) / 7) + 1;
}

function offsetText(minutes: number, colon: boolean): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60), 2)}${colon ? ":" : ""}${pad(size % 60, 2)}`;
}

function isoOffset(minutes: number, count: number): string {
  const text = offsetText(minutes, count >= 3);
  return count === 1 && minutes % 60 === 0 ? text.slice(0, 3) : text;
}

function zoneText(zone: string, offsetMinutes: number): string {
  if (!zone.includes("/")) return zone === "Z" ? "UTC" : zone;
  const named = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" })
    .formatToParts(0)
    .find((part) => part.type === "timeZoneName")?.value;
  return named !== undefined && /^[A-Z]{2,5}$/.test(named) ? named : `GMT${offsetText(offsetMinutes, true)}`;
}

/** Reads a text by a pattern; `undefined` when it does not fit. */
export function parseDate(pattern: string, text: string, zone: string, isWhole: boolean): number | undefined {
  let at = 0;
  const read = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, millis: 0, pm: false, zone };
  const pieces = piecesOf(pattern);
  for (const [index, piece] of pieces.entries()) {
    if ("text" in piece) {
      if (!text.startsWith(piece.text, at)) return undefined;
      at += piece.text.length;
      continue;
    }
    // Digits that follow each other without anything between are told apart by the pattern's widths.
    const following = pieces[index + 1];
    const isAdjacent = following !== undefined && "letter" in following;
    const taken = readField(piece.letter, piece.count, text, at, isAdjacent, read);
    if (taken === undefined) return undefined;
    at += taken;
  }
  if (isWhole && at !== text.length) return undefined;
  const hour = read.pm && read.hour < 12 ? read.hour + 12 : read.hour;
  return momentOf(read.year, read.month, read.day, hour, read.minute, read.second, read.millis, read.zone);
}

type Read = {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millis: number;
  pm: boolean;
  zone: string;
};

function readField(
  letter: string,
  count: number,
  text: string,
  at: number,
  isAdjacent: boolean,
  into: Read,
): number | undefined {
  const rest = text.slice(at, at + 40);
  if ("EaMLzZXxV".includes(letter) && (count > 2 || !"ML".includes(letter))) {
    return readWord(letter, rest, into);
  }
  const digits = (isAdjacent ? new RegExp(`^\\d{1,${count}}`) : /^\d+/).exec(rest)?.[0];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  switch (letter) {
    case "y":
    case "Y":
    case "u":
      into.year = count === 2 && digits.length === 2 ? (value < 70 ? 2000 + value : 1900 + value) : value;
      break;
    case "M":
    case "L":
      into.month = value;
      break;
    case "d":
      into.day = value;
      break;
    case "H":
    case "k":
      into.hour = value % (letter === "k" ? 24 : 1000);
      break;
    case "h":
    case "K":
      into.hour = value % 12;
      break;
    case "m":
      into.minute = value;
      break;
    case "s":
      into.second = value;
      break;
    case "S":
      into.millis = count > 3 || digits.length > 3 ? Number(digits.padEnd(3, "0").slice(0, 3)) : value;
      break;
    default:
      return undefined;
  }
  return digits.length;
}

function readWord(letter: string, rest: string, into: Read): number | undefined {
  if (letter === "a") {
    const match = /^(AM|PM)/i.exec(rest);
    if (match === null) return undefined;
    into.pm = match[0].toUpperCase() === "PM";
    return 2;
  }
  if (letter === "E" || letter === "M" || letter === "L") {
    const names: readonly string[] = letter === "E" ? WEEKDAYS : MONTHS;
    const word = /^[A-Za-z]+/.exec(rest)?.[0] ?? "";
    const index = names.findIndex((name) =>
      [name, name.slice(0, 3)].some((form) => form.toLowerCase() === word.toLowerCase()),
    );
    if (index < 0) return undefined;
    if (letter !== "E") into.month = index + 1;
    return word.length;
  }
  const zone = /^(?:[+-]\d{2}(?::?\d{2})?|Z|[A-Za-z]+(?:\/[A-Za-z_]+)*(?:[+-]\d{1,2}(?::\d{2})?)?)/.exec(
    rest,
  )?.[0];
  if (zone === undefined) return undefined;
  into.zone = zone;
  return zone.length;
}
