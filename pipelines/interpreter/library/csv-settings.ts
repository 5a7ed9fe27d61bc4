import { illegalArgument } from "../thrown.ts";

/** When values are put between quotes: the names of org.apache.commons.csv.QuoteMode, in its order. */
export const QUOTE_MODES = ["ALL", "ALL_NON_NULL", "MINIMAL", "NON_NUMERIC", "NONE"] as const;
export type QuoteMode = (typeof QUOTE_MODES)[number];

/** Which names a header may have twice: the names of org.apache.commons.csv.DuplicateHeaderMode, in its order. */
export const DUPLICATE_HEADER_MODES = ["ALLOW_ALL", "ALLOW_EMPTY", "DISALLOW"] as const;
export type DuplicateHeaderMode = (typeof DUPLICATE_HEADER_MODES)[number];

/**
 * What a CSVFormat of Apache Commons CSV says; null where it says nothing. An empty header stands for that of the text.
 * https://commons.apache.org/proper/commons-csv/apidocs/org/apache/commons/csv/CSVFormat.html
 */
export type CsvSettings = {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly quoteMode: QuoteMode | null;
  readonly escape: string | null;
  readonly commentMarker: string | null;
  readonly recordSeparator: string | null;
  readonly nullString: string | null;
  readonly header: readonly (string | null)[] | null;
  readonly headerComments: readonly (string | null)[] | null;
  readonly duplicateHeaderMode: DuplicateHeaderMode;
  readonly skipHeaderRecord: boolean;
  readonly allowMissingColumnNames: boolean;
  readonly ignoreHeaderCase: boolean;
  readonly ignoreEmptyLines: boolean;
  readonly ignoreSurroundingSpaces: boolean;
  readonly trim: boolean;
  readonly trailingDelimiter: boolean;
  /** Text behind a closing quote belongs to the value. */
  readonly trailingData: boolean;
  /** The end of the text closes a quote. */
  readonly lenientEof: boolean;
  /** 0 and less: all. */
  readonly maxRows: number;
};

/** Characters of a delimiter. Commons CSV takes any number; every one of them is looked at at every place. */
export const MAX_DELIMITER_LENGTH = 256;

/** What `CSVFormat.newFormat(delimiter)` says of everything else. */
export const BARE_CSV: CsvSettings = {
  delimiter: ",",
  quote: null,
  quoteMode: null,
  escape: null,
  commentMarker: null,
  recordSeparator: null,
  nullString: null,
  header: null,
  headerComments: null,
  duplicateHeaderMode: "ALLOW_ALL",
  skipHeaderRecord: false,
  allowMissingColumnNames: false,
  ignoreHeaderCase: false,
  ignoreEmptyLines: false,
  ignoreSurroundingSpaces: false,
  trim: false,
  trailingDelimiter: false,
  trailingData: false,
  lenientEof: false,
  maxRows: 0,
};

/** `CSVFormat.DEFAULT`, which is that of steps that are given none. */
export const DEFAULT_CSV: CsvSettings = {
  ...BARE_CSV,
  quote: '"',
  recordSeparator: "\r\n",
  ignoreEmptyLines: true,
};

const UNIX: CsvSettings = { ...DEFAULT_CSV, recordSeparator: "\n" };

const TABLE_DUMP: CsvSettings = {
  ...UNIX,
  delimiter: "\t",
  quote: null,
  quoteMode: "ALL_NON_NULL",
  escape: "\\",
  ignoreEmptyLines: false,
  nullString: "\\N",
};

const MONGODB: CsvSettings = { ...DEFAULT_CSV, escape: '"', quoteMode: "MINIMAL" };

/** The formats that have a name: the constant of CSVFormat, what `CSVFormat.valueOf` calls it, and what it says. */
export const CSV_FORMATS: readonly (readonly [constant: string, name: string, settings: CsvSettings])[] = [
  ["DEFAULT", "Default", DEFAULT_CSV],
  [
    "EXCEL",
    "Excel",
    {
      ...DEFAULT_CSV,
      ignoreEmptyLines: false,
      allowMissingColumnNames: true,
      trailingData: true,
      lenientEof: true,
    },
  ],
  ["INFORMIX_UNLOAD", "InformixUnload", { ...UNIX, delimiter: "|", escape: "\\" }],
  ["INFORMIX_UNLOAD_CSV", "InformixUnloadCsv", UNIX],
  ["MONGODB_CSV", "MongoDBCsv", MONGODB],
  ["MONGODB_TSV", "MongoDBTsv", { ...MONGODB, delimiter: "\t" }],
  ["MYSQL", "MySQL", TABLE_DUMP],
  [
    "ORACLE",
    "Oracle",
    {
      ...UNIX,
      escape: "\\",
      ignoreEmptyLines: false,
      nullString: "\\N",
      trim: true,
      quoteMode: "MINIMAL",
    },
  ],
  [
    "POSTGRESQL_CSV",
    "PostgreSQLCsv",
    { ...UNIX, ignoreEmptyLines: false, nullString: "", quoteMode: "ALL_NON_NULL" },
  ],
  ["POSTGRESQL_TEXT", "PostgreSQLText", TABLE_DUMP],
  ["RFC4180", "RFC4180", { ...DEFAULT_CSV, ignoreEmptyLines: false }],
  ["TDF", "TDF", { ...DEFAULT_CSV, delimiter: "\t", ignoreSurroundingSpaces: true }],
];

/**
 * The same settings, if they go together.
 *
 * @throws {ThrownValue} IllegalArgumentException for characters that stand for two things, and for names that are there twice.
 */
export function validCsv(settings: CsvSettings): CsvSettings {
  const { delimiter, quote, escape, commentMarker, quoteMode, header, duplicateHeaderMode } = settings;
  const clashes: readonly (readonly [isClash: boolean, what: string, character: string | null])[] = [
    [inDelimiter(quote, delimiter), "quoteChar character and the delimiter", quote],
    [inDelimiter(escape, delimiter), "escape character and the delimiter", escape],
    [inDelimiter(commentMarker, delimiter), "comment start character and the delimiter", commentMarker],
    [quote !== null && quote === commentMarker, "comment start character and the quoteChar", commentMarker],
    [escape !== null && escape === commentMarker, "comment start and the escape character", commentMarker],
  ];
  for (const [isClash, what, character] of clashes)
    if (isClash) throw illegalArgument(`The ${what} cannot be the same ('${character}')`);
  if (escape === null && quoteMode === "NONE")
    throw illegalArgument("Quote mode set to NONE but no escape character is set");
  if (header !== null) refuseDuplicates(header, duplicateHeaderMode);
  return settings;
}

function inDelimiter(character: string | null, delimiter: string): boolean {
  return character !== null && delimiter.includes(character);
}

/**
 * Refuses a header that has a name twice where that is not allowed. `fold` gives equal texts for names that are the same.
 *
 * @throws {ThrownValue} IllegalArgumentException
 */
export function refuseDuplicates(
  header: readonly (string | null)[],
  mode: DuplicateHeaderMode,
  fold = (name: string): string => name,
): void {
  if (mode === "ALLOW_ALL") return;
  const seen = new Set<string>();
  for (const name of header) {
    const isBlank = isBlankName(name);
    const key = isBlank ? "" : fold(name ?? "");
    if (seen.has(key) && !(isBlank && mode === "ALLOW_EMPTY"))
      throw illegalArgument(
        `The header contains a duplicate name: "${name}" in ${namesText(header)}. If this is valid then use CSVFormat.Builder.setDuplicateHeaderMode().`,
      );
    seen.add(key);
  }
}

/** Is a column without a name to see? */
export function isBlankName(name: string | null): boolean {
  return name === null || !/[^\0- ]/.test(name);
}

/** Names as Java prints an array of them. */
export function namesText(names: Iterable<string | null>): string {
  return `[${[...names].map(String).join(", ")}]`;
}
