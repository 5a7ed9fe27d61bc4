import { Instance } from "../classes.ts";
import { intOf } from "../methods/arguments.ts";
import { elementsOf } from "../methods/walk.ts";
import type { Runtime } from "../runtime.ts";
import { illegalArgument, nullPointer } from "../thrown.ts";
import { CharValue, ClassRef, GStringValue, ListValue, type Value } from "../values.ts";
import {
  type CsvSettings,
  DUPLICATE_HEADER_MODES,
  type DuplicateHeaderMode,
  MAX_DELIMITER_LENGTH,
  QUOTE_MODES,
  type QuoteMode,
} from "./csv-settings.ts";
import { NamedValue } from "./simple.ts";

/** What a call changes of a format; `undefined` when the method does not take these arguments. */
export type CsvSetter = (args: readonly Value[], run: Runtime) => Partial<CsvSettings> | undefined;

type Change<T> = (value: T) => Partial<CsvSettings>;

/** A switch; without an argument it is turned on. */
const flag =
  (change: Change<boolean>): CsvSetter =>
  (args) => {
    const [on = true] = args;
    return typeof on === "boolean" && args.length < 2 ? change(on) : undefined;
  };

/** A switch that has to be told which way. */
const toldFlag =
  (change: Change<boolean>): CsvSetter =>
  (args, run) =>
    args.length === 1 ? flag(change)(args, run) : undefined;

/** One character, or null for none. A text of one character is taken for it, which Groovy leaves to `as char`. */
const character =
  (what: string, change: Change<string | null>): CsvSetter =>
  (args, run) => {
    const text = textOrNull(args, run);
    if (text === undefined || (text !== null && text.length !== 1)) return undefined;
    if (text === "\n" || text === "\r") throw illegalArgument(`The ${what} cannot be a line break`);
    return change(text);
  };

/** A text, or null for none. */
const text =
  (change: Change<string | null>): CsvSetter =>
  (args, run) => {
    const given = textOrNull(args, run);
    return given === undefined ? undefined : change(given);
  };

const delimiter: CsvSetter = (args, run) => {
  const given = textOrNull(args, run);
  if (given === undefined || given === null) return undefined;
  if (/[\r\n]/.test(given)) throw illegalArgument("The delimiter cannot be a line break");
  if (given === "") throw illegalArgument("The delimiter cannot be empty");
  if (given.length > MAX_DELIMITER_LENGTH)
    throw illegalArgument(`The delimiter cannot be longer than ${MAX_DELIMITER_LENGTH} characters`);
  return { delimiter: given };
};

/** `withDelimiter` knows no delimiter of several characters, `setDelimiter` does. */
const shortDelimiter: CsvSetter = (args, run) => {
  const change = delimiter(args, run);
  return change?.delimiter?.length === 1 ? change : undefined;
};

/** `String...`: texts one by one or in one array, the constants of an enum, or one null for no header at all. */
const header: CsvSetter = (args, run) => {
  const [first] = args;
  if (args.length !== 1) return namesIn(args, run, (names) => ({ header: names }));
  if (first === null) return { header: null };
  const isMany = first instanceof ClassRef || (first instanceof ListValue && first.isArray);
  return namesIn(isMany ? elementsOf(run, first) : args, run, (names) => ({ header: names }));
};

const headerComments: CsvSetter = (args, run) => {
  const [first] = args;
  if (args.length === 1 && first === null) return { headerComments: null };
  const items = args.length === 1 && first instanceof ListValue && first.isArray ? first.items : args;
  return { headerComments: items.map((item) => (item === null ? null : run.text(item))) };
};

const quoteMode: CsvSetter = (args) => {
  const [mode] = args;
  if (args.length !== 1 || mode === undefined) return undefined;
  if (mode === null) return { quoteMode: null };
  const name = constantOf<QuoteMode>(mode, "org.apache.commons.csv.QuoteMode", QUOTE_MODES);
  return name === undefined ? undefined : { quoteMode: name };
};

const duplicateHeaderMode: CsvSetter = (args) => {
  const [mode] = args;
  if (args.length !== 1 || mode === undefined) return undefined;
  if (mode === null) throw nullPointer("duplicateHeaderMode");
  const name = constantOf<DuplicateHeaderMode>(
    mode,
    "org.apache.commons.csv.DuplicateHeaderMode",
    DUPLICATE_HEADER_MODES,
  );
  return name === undefined ? undefined : { duplicateHeaderMode: name };
};

const maxRows: CsvSetter = (args) => {
  const rows = intOf(args[0]);
  return rows === undefined ? undefined : { maxRows: rows };
};

const duplicates: Change<boolean> = (may) => ({ duplicateHeaderMode: may ? "ALLOW_ALL" : "ALLOW_EMPTY" });

/** What `withX` and `setX` have in common, apart from the switches. */
const BOTH: readonly (readonly [string, CsvSetter])[] = [
  ["CommentMarker", character("comment start marker character", (commentMarker) => ({ commentMarker }))],
  ["Escape", character("escape character", (escape) => ({ escape }))],
  ["Quote", character("quoteCharacter", (quote) => ({ quote }))],
  ["QuoteMode", quoteMode],
  ["NullString", text((nullString) => ({ nullString }))],
  ["RecordSeparator", text((recordSeparator) => ({ recordSeparator }))],
  ["Header", header],
  ["HeaderComments", headerComments],
];

/** The switches that `withX` turns on when it is told nothing. */
const FLAGS: readonly (readonly [string, Change<boolean>])[] = [
  ["AllowDuplicateHeaderNames", duplicates],
  ["AllowMissingColumnNames", (allowMissingColumnNames) => ({ allowMissingColumnNames })],
  ["IgnoreEmptyLines", (ignoreEmptyLines) => ({ ignoreEmptyLines })],
  ["IgnoreHeaderCase", (ignoreHeaderCase) => ({ ignoreHeaderCase })],
  ["IgnoreSurroundingSpaces", (ignoreSurroundingSpaces) => ({ ignoreSurroundingSpaces })],
  ["SkipHeaderRecord", (skipHeaderRecord) => ({ skipHeaderRecord })],
  ["TrailingDelimiter", (trailingDelimiter) => ({ trailingDelimiter })],
  ["Trim", (trim) => ({ trim })],
];

/** When its writer flushes makes no difference here. */
const autoFlush = toldFlag(() => ({}));

/** The methods of CSVFormat that give a changed format. */
export const WITH_METHODS: ReadonlyMap<string, CsvSetter> = new Map<string, CsvSetter>([
  ...BOTH.map(([name, setter]): [string, CsvSetter] => [`with${name}`, setter]),
  ...FLAGS.map(([name, change]): [string, CsvSetter] => [`with${name}`, flag(change)]),
  ["withAutoFlush", autoFlush],
  ["withDelimiter", shortDelimiter],
  [
    "withFirstRecordAsHeader",
    (args) => (args.length === 0 ? { header: [], skipHeaderRecord: true } : undefined),
  ],
  ["withSystemRecordSeparator", (args) => (args.length === 0 ? { recordSeparator: "\n" } : undefined)],
]);

/** The methods of CSVFormat.Builder that change what it will build. */
export const SET_METHODS: ReadonlyMap<string, CsvSetter> = new Map<string, CsvSetter>([
  ...BOTH.map(([name, setter]): [string, CsvSetter] => [`set${name}`, setter]),
  ...FLAGS.map(([name, change]): [string, CsvSetter] => [`set${name}`, toldFlag(change)]),
  ["setAutoFlush", autoFlush],
  ["setDelimiter", delimiter],
  ["setDuplicateHeaderMode", duplicateHeaderMode],
  ["setLenientEof", toldFlag((lenientEof) => ({ lenientEof }))],
  ["setMaxRows", maxRows],
  ["setTrailingData", toldFlag((trailingData) => ({ trailingData }))],
]);

/** The only argument as a text; `undefined` when there is another number of them, or it is none. */
function textOrNull(args: readonly Value[], run: Runtime): string | null | undefined {
  const [value] = args;
  if (args.length !== 1 || value === undefined) return undefined;
  return value === null ? null : stringIn(value, run);
}

function stringIn(value: Value, run: Runtime): string | undefined {
  const isText = typeof value === "string" || value instanceof GStringValue || value instanceof CharValue;
  return isText ? run.text(value) : undefined;
}

function namesIn(
  values: readonly Value[],
  run: Runtime,
  change: Change<readonly (string | null)[]>,
): Partial<CsvSettings> | undefined {
  const names: (string | null)[] = [];
  for (const value of values) {
    const name = value === null ? null : (enumName(value) ?? stringIn(value, run));
    if (name === undefined) return undefined;
    names.push(name);
  }
  return change(names);
}

/** The name of a constant of an enum of the script's own. */
export function enumName(value: Value): string | undefined {
  return value instanceof Instance ? value.constant?.name : undefined;
}

function constantOf<T extends string>(value: Value, enumClass: string, names: readonly T[]): T | undefined {
  if (!(value instanceof NamedValue) || value.javaClass !== enumClass) return undefined;
  return names.find((name) => name === value.text);
}
