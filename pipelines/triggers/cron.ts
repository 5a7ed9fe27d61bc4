/** One field of a cron line: the values at which it fires, rising. */
type Field = readonly number[];

/** One line of a cron text; all five fields must match. */
export type CronLine = {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  /** 0 is Sunday. */
  readonly weekdays: Field;
  /** Build parameters after a `%`, as `parameterizedCron` has them. */
  readonly parameters: Readonly<Record<string, string>>;
};

/** A cron text that was read. `zone` is null where its first line names none. */
export type CronTable = { readonly zone: string | null; readonly lines: readonly CronLine[] };

/** A cron text, or what is wrong with it in one sentence. */
export type CronReading =
  | { readonly ok: true; readonly table: CronTable }
  | { readonly ok: false; readonly message: string };

/** Stands in for `H`: a number from 0 to `count` - 1, always the same for one job. */
export type Draw = (count: number) => number;

type Range = {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly hashMost: number;
};

const RANGES: readonly Range[] = [
  { name: "minute", least: 0, most: 59, hashMost: 59 },
  { name: "hour", least: 0, most: 23, hashMost: 23 },
  // Every month has 28 days, and both 0 and 7 are Sunday.
  { name: "day of month", least: 1, most: 31, hashMost: 28 },
  { name: "month", least: 1, most: 12, hashMost: 12 },
  { name: "day of week", least: 0, most: 7, hashMost: 6 },
];

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["@yearly", "H H H H *"],
  ["@annually", "H H H H *"],
  ["@monthly", "H H H * *"],
  ["@weekly", "H H * * H"],
  ["@daily", "H H * * *"],
  ["@midnight", "H H(0-2) * * *"],
  ["@hourly", "H * * * *"],
]);

class CronError extends Error {}

/** Reads a cron text as Jenkins does: lines of five fields, aliases, comments, `TZ=` first, `H` from `draw`. */
export function readCron(text: string, draw: Draw): CronReading {
  const lines: CronLine[] = [];
  let zone: string | null = null;
  for (const [index, written] of text.split(/\r\n|\n|\r/).entries()) {
    const line = written.trim();
    if (index === 0 && line.startsWith("TZ=")) {
      zone = line.slice(3).replace(/\s/g, "");
      if (!isZone(zone)) return { ok: false, message: `Invalid or unsupported timezone '${zone}'` };
      continue;
    }
    if (line === "" || line.startsWith("#")) continue;
    try {
      lines.push(readLine(line, draw));
    } catch (error) {
      if (!(error instanceof CronError)) throw error;
      return { ok: false, message: `Invalid input: "${line}": line ${index + 1}: ${error.message}` };
    }
  }
  return { ok: true, table: { zone, lines } };
}

/** Is it a time zone of this machine's tables? */
function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false; // a RangeError says that the name is unknown
  }
}

// Line = ( Alias | Field Field Field Field Field ) [ "%" Name "=" Value { ";" Name "=" Value } ]
function readLine(line: string, draw: Draw): CronLine {
  const at = line.indexOf("%");
  const written = (at === -1 ? line : line.slice(0, at)).trim();
  if (written.startsWith("@") && !ALIASES.has(written))
    throw new CronError(`there is no ${written}; there are ${[...ALIASES.keys()].join(", ")}`);
  const fields = (ALIASES.get(written) ?? written).split(/[ \t]+/);
  if (fields.length !== RANGES.length)
    throw new CronError(
      `five fields were expected (minute, hour, day of month, month, day of week) and ${fields.length} found`,
    );
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = RANGES.map((range, index) =>
    readField(fields[index] ?? "", range, draw),
  );
  const folded = [...new Set(weekdays.map((day) => day % 7))].toSorted((a, b) => a - b);
  return {
    minutes,
    hours,
    days,
    months,
    weekdays: folded,
    parameters: at === -1 ? {} : readParameters(line.slice(at + 1)),
  };
}

function readParameters(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of text.split(";")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    if (at <= 0) throw new CronError(`a parameter is NAME=value, not "${pair.trim()}"`);
    found[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return found;
}

// Field = Term { "," Term }
function readField(text: string, range: Range, draw: Draw): number[] {
  const values = new Set(text.split(",").flatMap((term) => readTerm(term, range, draw)));
  return [...values].toSorted((a, b) => a - b);
}

const TERM = /^(?:(\*)|(\d+)(?:-(\d+))?|(H)(?:\((\d+)-(\d+)\))?)(?:\/(\d+))?$/;

// Term = ( "*" | Number [ "-" Number ] | "H" [ "(" Number "-" Number ")" ] ) [ "/" Number ]
function readTerm(text: string, range: Range, draw: Draw): number[] {
  const match = TERM.exec(text);
  if (match === null) throw new CronError(`"${text}" is no ${range.name}: write *, H, a number or a range`);
  const [, star, first, last, hash, hashFirst, hashLast, step] = match;
  const every = step === undefined ? 1 : Number(step);
  if (every < 1) throw new CronError(`the step ${every} of the ${range.name} must be above 0`);
  if (hash !== undefined) {
    const from = hashFirst === undefined ? range.least : within(hashFirst, range);
    const to = hashLast === undefined ? range.hashMost : within(hashLast, range);
    checkOrder(from, to, range);
    if (every > to - from + 1)
      throw new CronError(`${every} is an invalid value. Must be within 1 and ${to - from + 1}`);
    // A step of 1 is one value and not each.
    return every === 1 ? [from + draw(to - from + 1)] : steps(from + draw(every), to, every);
  }
  if (star !== undefined) return steps(range.least, range.most, every);
  const from = within(first ?? "", range);
  if (last === undefined) {
    if (step !== undefined) throw new CronError(`a step needs a range before it, such as */${every}`);
    return [from];
  }
  const to = within(last, range);
  checkOrder(from, to, range);
  return steps(from, to, every);
}

function within(text: string, range: Range): number {
  const value = Number(text);
  if (value < range.least || value > range.most)
    throw new CronError(
      `${value} is an invalid value of the ${range.name}. Must be within ${range.least} and ${range.most}`,
    );
  return value;
}

function checkOrder(from: number, to: number, range: Range): void {
  if (from > to) throw new CronError(`the range ${from}-${to} of the ${range.name} goes backwards`);
}

function steps(from: number, to: number, every: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += every) values.push(value);
  return values;
}
