/**
 * Versions as Jenkins compares them, which is not quite as Maven does: a snapshot is older than an alpha.
 * https://github.com/jenkinsci/lib-version-number/blob/master/src/main/java/hudson/util/VersionNumber.java
 */

/** Part of a version. A list begins at a hyphen between digits: `1-2` is `1` and the list of `2`. */
type Item =
  | { readonly kind: "number"; readonly digits: string }
  | { readonly kind: "word"; readonly rank: string }
  | { readonly kind: "list"; readonly items: Item[] }
  | { readonly kind: "any" };

type List = Extract<Item, { kind: "list" }>;

type Version = { readonly items: List; readonly snapshot: string | null };

/** Which of two versions is older: -1 when it is `one`, 1 when it is `other`, 0 when they are the same. */
export function compareVersionNumbers(one: string, other: string): -1 | 0 | 1 {
  const a = parseVersion(one);
  const b = parseVersion(other);
  return signOf(compareItems(a.items, b.items) || compareSnapshots(a.snapshot, b.snapshot));
}

function signOf(difference: number): -1 | 0 | 1 {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

const SNAPSHOT = /^(.*)(-\d{8}\.\d{6}-\d+|-SNAPSHOT)(?: \(.*\))?$/;

/** What a version is cut into: digits, or anything up to the next digit, blank, star, dot or hyphen. */
const PIECE = /\d+|[^\d\s.*-]+|\s|[.*-]/g;

function parseVersion(text: string): Version {
  const [, before, snapshot = null] = SNAPSHOT.exec(text) ?? [];
  const version = (snapshot === null ? text : `${before}-SNAPSHOT`).toLowerCase();
  const root: List = { kind: "list", items: [] };
  const lists = [root];
  let list = root;
  let pending = "";
  let afterDigits = false;
  const take = (beforeDigit: boolean): void => {
    if (pending !== "") list.items.push(itemOf(pending, beforeDigit));
    pending = "";
  };
  for (const { 0: piece, index } of version.matchAll(PIECE)) {
    if (piece === "." || piece === "-") {
      if (pending === "") list.items.push({ kind: "number", digits: "" });
      take(false);
      if (piece === "." || !afterDigits) continue;
      dropTrailingNothing(list);
      if (!/\d/.test(version[index + 1] ?? "")) continue;
      const inner: List = { kind: "list", items: [] };
      list.items.push(inner);
      lists.push(inner);
      list = inner;
    } else if (piece === "*") {
      // What stood right before a star is forgotten there too.
      pending = "";
      list.items.push({ kind: "any" });
    } else {
      const isNumber = /\d/.test(piece);
      const joins = pending !== "" && !isNumber && !/\d/.test(pending) && /\S/.test(piece);
      if (!joins) take(true);
      pending += piece;
      afterDigits = isNumber;
    }
  }
  take(false);
  for (const each of lists.toReversed()) dropTrailingNothing(each);
  return { items: root, snapshot };
}

const SHORT: Readonly<Record<string, string>> = { a: "alpha", b: "beta", m: "milestone" };
const ALIASES: Readonly<Record<string, string>> = { ga: "", final: "", cr: "rc", ea: "rc" };
const QUALIFIERS = ["snapshot", "alpha", "beta", "milestone", "rc", "", "sp"];
/** How a version without a qualifier ranks. */
const RELEASE = String(QUALIFIERS.indexOf(""));

function itemOf(text: string, beforeDigit: boolean): Item {
  if (/^\d/.test(text)) return { kind: "number", digits: text.replace(/^0+/, "") };
  const long = (beforeDigit && text.length === 1 ? SHORT[text] : undefined) ?? text;
  const word = Object.hasOwn(ALIASES, long) ? (ALIASES[long] ?? long) : long;
  const known = QUALIFIERS.indexOf(word);
  // Ranks are compared as texts: unknown words come last, in the order of the alphabet.
  return { kind: "word", rank: known === -1 ? `${QUALIFIERS.length}-${word}` : String(known) };
}

/** Zeros, releases and empty lists at the end say nothing: `1.0` is `1`. */
function dropTrailingNothing({ items }: List): void {
  for (let last = items.at(-1); last !== undefined && isNothing(last); last = items.at(-1)) items.pop();
}

function isNothing(item: Item): boolean {
  if (item.kind === "number") return item.digits === "";
  if (item.kind === "word") return item.rank === RELEASE;
  return item.kind === "list" && item.items.length === 0;
}

/** How an item compares with one that is not there. */
function compareWithNothing(item: Item): number {
  if (item.kind === "word") return compareTexts(item.rank, RELEASE);
  if (item.kind !== "list") return isNothing(item) ? 0 : 1;
  const [first] = item.items;
  return first === undefined ? 0 : compareWithNothing(first);
}

/** Words are older than lists, lists than numbers. A star is newer than all but a number, which it equals from the right. */
function compareItems(a: Item, b: Item): number {
  if (a.kind === "any") return b.kind === "any" ? 0 : 1;
  if (b.kind === "any") return a.kind === "number" ? 0 : -1;
  if (a.kind === "number") return b.kind === "number" ? compareDigits(a.digits, b.digits) : 1;
  if (a.kind === "word") return b.kind === "word" ? compareTexts(a.rank, b.rank) : -1;
  if (b.kind !== "list") return b.kind === "word" ? 1 : -1;
  for (let i = 0; i < Math.max(a.items.length, b.items.length); i += 1) {
    const difference = compareEntries(a.items[i], b.items[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareEntries(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -compareWithNothing(b);
  return b === undefined ? compareWithNothing(a) : compareItems(a, b);
}

/** Numbers of any size, without zeros in front. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || compareTexts(a, b);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Between versions that are otherwise the same: a literal `-SNAPSHOT` equals any, others go by time and number. */
function compareSnapshots(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a === "-SNAPSHOT" || b === "-SNAPSHOT") return 0;
  return (
    compareTexts(a.slice(1, 16), b.slice(1, 16)) ||
    compareDigits(a.slice(17).replace(/^0+/, ""), b.slice(17).replace(/^0+/, ""))
  );
}
