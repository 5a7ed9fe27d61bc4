import { LibraryListValue } from "../library.ts";
import { intOf } from "../methods/arguments.ts";
import type { Runtime } from "../runtime.ts";
import { exception, illegalArgument } from "../thrown.ts";
import { GStringValue, ListValue, LongValue, MapValue, type Value } from "../values.ts";
import { enumName } from "./csv-setters.ts";
import { type CsvSettings, isBlankName, namesText, refuseDuplicates } from "./csv-settings.ts";

/** Which column a name stands for. Where case counts for nothing the names are in alphabetical order, as in Commons CSV. */
export class CsvHeader {
  readonly #columns: ReadonlyMap<string, { readonly name: string; readonly index: number }>;
  readonly #ignoresCase: boolean;

  /** @throws {ThrownValue} IllegalArgumentException for names that are missing, or there twice, where they must not. */
  constructor(names: readonly (string | null)[], settings: CsvSettings) {
    if (!settings.allowMissingColumnNames && names.some(isBlankName))
      throw illegalArgument(`A header name is missing in ${namesText(names)}`);
    this.#ignoresCase = settings.ignoreHeaderCase;
    refuseDuplicates(names, settings.duplicateHeaderMode, (name) => this.#keyOf(name));
    const columns = new Map<string, { name: string; index: number }>();
    for (const [index, name] of names.entries()) {
      if (name === null) continue;
      const key = this.#keyOf(name);
      columns.set(key, { name: columns.get(key)?.name ?? name, index });
    }
    this.#columns = this.#ignoresCase ? new Map([...columns].toSorted(byKey)) : columns;
  }

  get size(): number {
    return this.#columns.size;
  }

  indexOf(name: string): number | undefined {
    return this.#columns.get(this.#keyOf(name))?.index;
  }

  /** The names with their places. */
  columns(): Iterable<{ readonly name: string; readonly index: number }> {
    return this.#columns.values();
  }

  #keyOf(name: string): string {
    return this.#ignoresCase ? name.toUpperCase().toLowerCase() : name;
  }
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** Where a record stood, and what stood before it. */
export type CsvRecordPlace = {
  /** 1 for the first one behind the header. */
  readonly number: number;
  /** Characters before it. */
  readonly position: number;
  readonly comment: string | null;
};

/**
 * `org.apache.commons.csv.CSVRecord`: what `readCSV` gives for a line. It is also a list of its values, which Jenkins' is
 * not, because scripts treat it as one.
 */
export class CsvRecordValue extends LibraryListValue {
  readonly #header: CsvHeader | null;
  readonly #place: CsvRecordPlace;

  constructor(values: Value[], header: CsvHeader | null, place: CsvRecordPlace) {
    super(values, "org.apache.commons.csv.CSVRecord");
    this.#header = header;
    this.#place = place;
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    const [first = null] = args;
    if (args.length === 0) return name === "toMap" ? this.#toMap(run) : this.#told(name);
    if (args.length > 1) return undefined;
    switch (name) {
      case "get":
        return this.#get(first, run);
      case "getAt":
        return first instanceof GStringValue ? this.#named(run.text(first), run) : undefined;
      case "isMapped":
        return this.#isMapped(first, run);
      case "isSet":
        return this.#isSet(first, run);
      default:
        return undefined;
    }
  }

  property(name: string): Value | undefined {
    switch (name) {
      case "recordNumber":
      case "characterPosition":
      case "comment":
        return this.#told(`get${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      case "consistent":
        return this.#told("isConsistent");
      default: {
        const index = this.#index(name);
        return index === undefined ? undefined : this.items[index];
      }
    }
  }

  lacking(name: string, run: Runtime): never {
    if (this.#header === null)
      throw exception(
        "java.lang.IllegalStateException",
        "No header mapping was specified, the record values can't be accessed by name",
      );
    const index = this.#header.indexOf(name);
    const names = Array.from(this.#header.columns(), (column) => column.name);
    run.meter.tick(names.length);
    const message =
      index === undefined
        ? `Mapping for ${name} not found, expected one of ${namesText(names)}`
        : `Index for header '${name}' is ${index} but CSVRecord only has ${this.items.length} values!`;
    run.meter.text(message.length);
    throw illegalArgument(message);
  }

  /** The answer of a method without arguments. */
  #told(name: string): Value | undefined {
    switch (name) {
      case "getRecordNumber":
        return new LongValue(BigInt(this.#place.number));
      case "getCharacterPosition":
        return new LongValue(BigInt(this.#place.position));
      case "getComment":
        return this.#place.comment;
      case "hasComment":
        return this.#place.comment !== null;
      case "isConsistent":
        return this.#header === null || this.#header.size === this.items.length;
      case "values":
        return new ListValue([...this.items], "java.lang.String[]");
      default:
        return undefined;
    }
  }

  #get(wanted: Value, run: Runtime): Value | undefined {
    const name = nameIn(wanted, run);
    if (name !== undefined) return this.#named(name, run);
    const index = intOf(wanted);
    if (index === undefined) return undefined;
    const value = this.items[index];
    if (value === undefined)
      throw exception(
        "java.lang.ArrayIndexOutOfBoundsException",
        `Index ${index} out of bounds for length ${this.items.length}`,
      );
    return value;
  }

  #named(name: string, run: Runtime): Value {
    const index = this.#index(name);
    const value = index === undefined ? undefined : this.items[index];
    return value === undefined ? this.lacking(name, run) : value;
  }

  #isSet(wanted: Value, run: Runtime): boolean | undefined {
    const name = nameIn(wanted, run);
    const index = name === undefined ? intOf(wanted) : (this.#index(name) ?? -1);
    return index === undefined ? undefined : index >= 0 && index < this.items.length;
  }

  #isMapped(wanted: Value, run: Runtime): boolean | undefined {
    const name = nameIn(wanted, run);
    if (name === undefined) return wanted === null ? false : undefined;
    return this.#index(name) !== undefined;
  }

  #toMap(run: Runtime): Value {
    const map = new MapValue();
    run.meter.tick(this.#header?.size ?? 0);
    for (const { name, index } of this.#header?.columns() ?? []) {
      const value = this.items[index];
      if (value !== undefined) map.set(name, value);
    }
    return map;
  }

  #index(name: string): number | undefined {
    return this.#header?.indexOf(name);
  }
}

/** The name of a column: a text, or a constant of an enum of the script's own. */
function nameIn(value: Value, run: Runtime): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof GStringValue ? run.text(value) : enumName(value);
}
