import { joinKeys } from "../key-work.ts";
import { LibraryValue } from "../library.ts";
import type { Runtime } from "../runtime.ts";
import { illegalArgument, notPermitted } from "../thrown.ts";
import { CharValue, type Key, ListValue, LongValue, type Value } from "../values.ts";
import { type CsvSetter, SET_METHODS, WITH_METHODS } from "./csv-setters.ts";
import { BARE_CSV, CSV_FORMATS, type CsvSettings, DEFAULT_CSV, namesText, validCsv } from "./csv-settings.ts";

type Static = (args: readonly Value[], run: Runtime) => Value | undefined;

/** `org.apache.commons.csv.CSVFormat`: how `readCSV` reads and `writeCSV` writes. It never changes. */
export class CsvFormatValue extends LibraryValue {
  readonly javaClass = "org.apache.commons.csv.CSVFormat";
  readonly settings: CsvSettings;

  constructor(settings: CsvSettings) {
    super();
    this.settings = settings;
  }

  override key(): Key {
    const { header, headerComments, ...rest } = this.settings;
    return joinKeys("\u0000C", [JSON.stringify(rest), ...keyParts(header), ...keyParts(headerComments)]);
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    const setter = WITH_METHODS.get(name);
    if (setter !== undefined) {
      const changed = change(this.settings, setter, args, run);
      return changed === undefined ? undefined : new CsvFormatValue(valid(changed, run));
    }
    if (READERS.has(name))
      throw notPermitted(`method ${this.javaClass} ${name}`, "use the steps readCSV and writeCSV");
    if (args.length > 0) return undefined;
    return name === "builder" ? new CsvBuilderValue(this.settings) : GETTERS.get(name)?.(this.settings);
  }

  toText(): string {
    return describe(this.settings);
  }
}

/** `CSVFormat.Builder`: collects what `build()` or `get()` makes a format of. */
export class CsvBuilderValue extends LibraryValue {
  readonly javaClass = "org.apache.commons.csv.CSVFormat$Builder";
  #settings: CsvSettings;

  constructor(settings: CsvSettings) {
    super();
    this.#settings = settings;
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    const setter = SET_METHODS.get(name);
    if (setter !== undefined) {
      const changed = change(this.#settings, setter, args, run);
      if (changed === undefined) return undefined;
      this.#settings = changed;
      return this;
    }
    if ((name !== "build" && name !== "get") || args.length > 0) return undefined;
    return new CsvFormatValue(valid(this.#settings, run));
  }

  toText(run: Runtime): string {
    return `${this.javaClass}@${run.identity(this).toString(16)}`;
  }
}

/** Methods of CSVFormat that read and write by themselves. */
const READERS = new Set(["parse", "print", "printer", "printRecord", "println", "format"]);

/** What a format tells of itself. */
const GETTERS: ReadonlyMap<string, (settings: CsvSettings) => Value> = new Map<
  string,
  (settings: CsvSettings) => Value
>([
  ["getDelimiter", ({ delimiter }) => characterOf(delimiter)],
  ["getDelimiterString", ({ delimiter }) => delimiter],
  ["getQuoteCharacter", ({ quote }) => characterOf(quote)],
  ["getEscapeCharacter", ({ escape }) => characterOf(escape)],
  ["getCommentMarker", ({ commentMarker }) => characterOf(commentMarker)],
  ["getRecordSeparator", ({ recordSeparator }) => recordSeparator],
  ["getNullString", ({ nullString }) => nullString],
  ["getHeader", ({ header }) => arrayOf(header)],
  ["getHeaderComments", ({ headerComments }) => arrayOf(headerComments)],
  ["getSkipHeaderRecord", ({ skipHeaderRecord }) => skipHeaderRecord],
  ["getAllowMissingColumnNames", ({ allowMissingColumnNames }) => allowMissingColumnNames],
  ["getIgnoreHeaderCase", ({ ignoreHeaderCase }) => ignoreHeaderCase],
  ["getIgnoreEmptyLines", ({ ignoreEmptyLines }) => ignoreEmptyLines],
  ["getIgnoreSurroundingSpaces", ({ ignoreSurroundingSpaces }) => ignoreSurroundingSpaces],
  ["getTrailingDelimiter", ({ trailingDelimiter }) => trailingDelimiter],
  ["getTrim", ({ trim }) => trim],
  ["getMaxRows", ({ maxRows }) => new LongValue(BigInt(maxRows))],
  ["isQuoteCharacterSet", ({ quote }) => quote !== null],
  ["isEscapeCharacterSet", ({ escape }) => escape !== null],
  ["isCommentMarkerSet", ({ commentMarker }) => commentMarker !== null],
  ["isNullStringSet", ({ nullString }) => nullString !== null],
]);

/** Static methods of CSVFormat and its builder. */
export const csvStatics: ReadonlyMap<string, ReadonlyMap<string, Static>> = new Map([
  [
    "org.apache.commons.csv.CSVFormat",
    new Map<string, Static>([
      ["newFormat", newFormat],
      ["valueOf", ([name], run) => named(run.text(name ?? null))],
    ]),
  ],
  ["org.apache.commons.csv.CSVFormat$Builder", new Map<string, Static>([["create", createBuilder]])],
]);

/** A constant of CSVFormat; `undefined` for any other name. */
export function csvConstant(className: string, name: string): Value | undefined {
  if (className !== "org.apache.commons.csv.CSVFormat") return undefined;
  const found = CSV_FORMATS.find(([constant]) => constant === name);
  return found === undefined ? undefined : new CsvFormatValue(found[2]);
}

function newFormat(args: readonly Value[], run: Runtime): Value | undefined {
  const setter = WITH_METHODS.get("withDelimiter");
  const changed = setter === undefined ? undefined : change(BARE_CSV, setter, args, run);
  return changed === undefined ? undefined : new CsvFormatValue(changed);
}

function named(name: string): Value {
  const found = CSV_FORMATS.find((each) => each[1] === name);
  if (found === undefined)
    throw illegalArgument(`No enum constant org.apache.commons.csv.CSVFormat.Predefined.${name}`);
  return new CsvFormatValue(found[2]);
}

function createBuilder(args: readonly Value[]): Value | undefined {
  const [format] = args;
  if (format === undefined) return new CsvBuilderValue(DEFAULT_CSV);
  return format instanceof CsvFormatValue ? new CsvBuilderValue(format.settings) : undefined;
}

function change(
  settings: CsvSettings,
  setter: CsvSetter,
  args: readonly Value[],
  run: Runtime,
): CsvSettings | undefined {
  const changed = setter(args, run);
  if (changed === undefined) return undefined;
  run.meter.allocate(SETTINGS_BYTES + bytesOf(changed.header) + bytesOf(changed.headerComments));
  return { ...settings, ...changed };
}

/** What the settings of one format take. */
const SETTINGS_BYTES = 300;

function bytesOf(names: readonly (string | null)[] | null | undefined): number {
  return (names ?? []).length * 16;
}

function valid(settings: CsvSettings, run: Runtime): CsvSettings {
  run.meter.tick(settings.header?.length ?? 0);
  return validCsv(settings);
}

function characterOf(text: string | null): Value {
  return text === null ? null : new CharValue(text.charCodeAt(0));
}

function arrayOf(names: readonly (string | null)[] | null): Value {
  return names === null ? null : new ListValue([...names], "java.lang.String[]");
}

function keyParts(names: readonly (string | null)[] | null): string[] {
  if (names === null) return ["-"];
  return [String(names.length), ...names.map((name) => (name === null ? "-" : `${name.length}:${name}`))];
}

/** What `toString()` gives. */
function describe(settings: CsvSettings): string {
  const marks: readonly (readonly [string, string | null])[] = [
    ["Delimiter", settings.delimiter],
    ["Escape", settings.escape],
    ["QuoteChar", settings.quote],
    ["QuoteMode", settings.quoteMode],
    ["CommentStart", settings.commentMarker],
    ["NullString", settings.nullString],
    ["RecordSeparator", settings.recordSeparator],
  ];
  const parts = marks.flatMap(([name, value]) => (value === null ? [] : [`${name}=<${value}>`]));
  if (settings.ignoreEmptyLines) parts.push("EmptyLines:ignored");
  if (settings.ignoreSurroundingSpaces) parts.push("SurroundingSpaces:ignored");
  if (settings.ignoreHeaderCase) parts.push("IgnoreHeaderCase:ignored");
  parts.push(`SkipHeaderRecord:${settings.skipHeaderRecord}`);
  if (settings.headerComments !== null) parts.push(`HeaderComments:${namesText(settings.headerComments)}`);
  if (settings.header !== null) parts.push(`Header:${namesText(settings.header)}`);
  return parts.join(" ");
}
