import { elementsIn, type XmlElement } from "../../interpreter/library/xml-tree.ts";
import { ListValue, MapValue, type Value } from "../../interpreter/values.ts";
import { unreachable } from "../../unreachable.ts";
import { childNamed, contentOf, itemsOf, MavenObject, readField, type PomSource } from "./maven-object.ts";
import { itemName, type Field } from "./maven-shapes.ts";

/** A piece of the text and what stands there instead. */
type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** A new element, which stands behind another or, for null, before all others. */
type Added = { readonly after: XmlElement | null; readonly write: (margin: string) => string };

type Refuse = (what: string) => never;

type Work = { readonly source: string; readonly edits: Edit[]; readonly refuse: Refuse };

/**
 * The text of a pom.xml with what a script has changed in its model. Everything else stays as it was read, comments
 * and blanks too. `refuse` is called, with what it is, for a change that cannot be written.
 */
export function editedPom(model: MavenObject, refuse: Refuse): string {
  const { text, meter } = model.source;
  meter.tick(text.length >> 2);
  // The runner reads and writes UTF-8: other bytes were lost when the file was read.
  if (text.includes("\uFFFD")) return refuse("a file that is not in UTF-8");
  const work: Work = { source: text, edits: [], refuse };
  collect(work, model);
  const edited = applied(text, work.edits);
  const encoding = /^\uFEFF?<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)["']/.exec(text)?.[1] ?? "UTF-8";
  if (!/^utf-?8$/i.test(encoding) && /[^\0-\x7F]/.test(edited))
    return refuse(`letters beyond ASCII into a file in ${encoding}`);
  return edited;
}

function applied(source: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  // What is put in at a place comes before what is taken out behind it.
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    parts.push(source.slice(done, start), text);
    done = end;
  }
  return parts.join("") + source.slice(done);
}

/** Gathers the edits of an object and of all below it. */
function collect(work: Work, object: MavenObject): void {
  const added: Added[] = [];
  for (const [name, field, value] of object.touched()) {
    const child = childNamed(object.element, name);
    const write = writer(work, object, name, field, value, child);
    if (write !== undefined) added.push({ after: before(object, name), write });
  }
  insert(work, object.element, added);
}

/** Edits one field where it stands. Gives what writes its element when there is none yet. */
function writer(
  work: Work,
  object: MavenObject,
  name: string,
  field: Field,
  value: Value,
  child: XmlElement | undefined,
): Added["write"] | undefined {
  const { element, source } = object;
  const tag = tagBelow(element, name);
  switch (field.kind) {
    case "text":
    case "flag":
      if (value === readField(element, name, field, source)) return undefined;
      return value === null ? remove(work, child) : textWriter(work, child, tag, source.textOf(value));
    case "texts":
      return value instanceof ListValue
        ? textsWriter(work, child, name, tag, textsOf(value, source))
        : undefined;
    case "properties":
      return value instanceof MapValue ? propertiesWriter(work, child, tag, value, source) : undefined;
    case "one":
      if (value === null) return remove(work, child);
      if (value instanceof MavenObject) collect(work, value);
      return undefined;
    case "many":
      if (value instanceof ListValue) itemEdits(work, itemsOf(child, name), name, value.items);
      return undefined;
    case "tree":
      return value === null ? remove(work, child) : undefined;
    default:
      return unreachable(field);
  }
}

function textWriter(
  work: Work,
  child: XmlElement | undefined,
  tag: string,
  text: string,
): Added["write"] | undefined {
  if (child === undefined) return () => `<${tag}>${escaped(work, text)}</${tag}>`;
  fill(work, child, escaped(work, text));
  return undefined;
}

function textsOf(list: ListValue, { textOf, meter }: PomSource): string[] {
  meter.tick(list.items.length);
  return list.items.map(textOf);
}

function textsWriter(
  work: Work,
  child: XmlElement | undefined,
  name: string,
  tag: string,
  texts: readonly string[],
): Added["write"] | undefined {
  const item = child === undefined ? `${prefixOf(tag)}${itemName(name)}` : tagBelow(child, itemName(name));
  const written = (text: string) => (): string => `<${item}>${escaped(work, text)}</${item}>`;
  if (child === undefined) return texts.length === 0 ? undefined : listWriter(tag, texts.map(written));
  const items = itemsOf(child, name);
  let same = 0;
  for (const each of items) {
    if (contentOf(each) !== texts[same]) break;
    same += 1;
  }
  for (const gone of items.slice(same)) remove(work, gone);
  const after = items[same - 1] ?? null;
  insert(
    work,
    child,
    texts.slice(same).map((text) => ({ after, write: written(text) })),
  );
  return undefined;
}

function propertiesWriter(
  work: Work,
  child: XmlElement | undefined,
  tag: string,
  map: MapValue,
  { textOf, meter }: PomSource,
): Added["write"] | undefined {
  meter.tick(map.size);
  const wanted = new Map<string, string>();
  for (const entry of map.entries.values())
    if (entry.value !== null) wanted.set(textOf(entry.entryKey), textOf(entry.value));
  const items = itemsOf(child, null);
  // Of two with the same name the last one was read.
  const read = new Map(items.map((item) => [item.fullName, contentOf(item)]));
  for (const item of items) {
    const text = wanted.get(item.fullName);
    if (text === undefined) remove(work, item);
    else if (text !== read.get(item.fullName)) fill(work, item, escaped(work, text));
  }
  for (const name of read.keys()) wanted.delete(name);
  const fresh = [...wanted].map(([key, text]) => {
    if (!XML_NAME.test(key)) work.refuse(`"${key}" as the name of a property`);
    return (): string => `<${key}>${escaped(work, text)}</${key}>`;
  });
  if (child === undefined) return fresh.length === 0 ? undefined : listWriter(tag, fresh);
  insert(
    work,
    child,
    fresh.map((write) => ({ after: items.at(-1) ?? null, write })),
  );
  return undefined;
}

/** Edits within the items of a list, and removes those that are gone. */
function itemEdits(work: Work, items: readonly XmlElement[], name: string, values: readonly Value[]): void {
  let next = 0;
  for (const item of items) {
    const value = values[next];
    if (value instanceof MavenObject && value.element === item) {
      collect(work, value);
      next += 1;
    } else remove(work, item);
  }
  if (next < values.length) work.refuse(`${name} that were added or put in another order`);
}

/** A whole new element with others in it. */
function listWriter(tag: string, items: readonly (() => string)[]): Added["write"] {
  return (margin) => {
    const inner = margin === "" ? "" : `${margin}${INDENT}`;
    return `<${tag}>${items.map((item) => `${inner}${item()}`).join("")}${margin}</${tag}>`;
  };
}

const INDENT = "  ";

/** Names that may be written; Maven reads more, but nobody uses them. */
const XML_NAME = /^[\p{L}_][\p{L}\p{N}._-]*$/u;

/** Removes an element with the line it stands on. */
function remove(work: Work, element: XmlElement | undefined): undefined {
  if (element === undefined) return undefined;
  const start = element.start - marginOf(work.source, element).length;
  work.edits.push({ start, end: element.end, text: "" });
  return undefined;
}

/** Puts `content` in the place of all that an element has in it. */
function fill(work: Work, element: XmlElement, content: string): void {
  if (element.inside < element.end)
    work.edits.push({ start: element.inside, end: element.insideEnd, text: content });
  else openUp(work, element, content);
}

/** Turns `<a/>` into `<a>content</a>`. */
function openUp(work: Work, element: XmlElement, content: string): void {
  const start = element.inside - "/>".length;
  work.edits.push({ start, end: element.inside, text: `>${content}</${element.fullName}>` });
}

/** Puts new elements into `parent`, each on a line of its own where the others have one. */
function insert(work: Work, parent: XmlElement, added: readonly Added[]): void {
  if (added.length === 0) return;
  const { source, edits } = work;
  const [first] = elementsIn(parent);
  const outer = marginOf(source, parent);
  const margin = first === undefined ? (outer === "" ? "" : `${outer}${INDENT}`) : marginOf(source, first);
  const written = ({ write }: Added): string => `${margin}${write(margin)}`;
  if (parent.inside === parent.end) openUp(work, parent, added.map(written).join("") + outer);
  else if (first === undefined) {
    const start = parent.inside + source.slice(parent.inside, parent.insideEnd).trimEnd().length;
    edits.push({ start, end: parent.insideEnd, text: added.map(written).join("") + outer });
  } else
    for (const each of added) {
      const at = each.after?.end ?? parent.inside;
      edits.push({ start: at, end: at, text: written(each) });
    }
}

/** The line end and the blanks before an element; "" when something else stands on its line. */
function marginOf(source: string, element: XmlElement): string {
  let start = element.start;
  while (source[start - 1] === " " || source[start - 1] === "\t") start -= 1;
  if (source[start - 1] !== "\n") return "";
  return source.slice(source[start - 2] === "\r" ? start - 2 : start - 1, element.start);
}

/** The element behind which a new one belongs in Maven's order; null: it comes first. */
function before(object: MavenObject, name: string): XmlElement | null {
  const names = [...object.shape.fields.keys()];
  for (const earlier of names.slice(0, names.indexOf(name)).toReversed()) {
    const child = childNamed(object.element, earlier);
    if (child !== undefined) return child;
  }
  return null;
}

function prefixOf(fullName: string): string {
  return fullName.slice(0, fullName.indexOf(":") + 1);
}

function tagBelow(element: XmlElement, name: string): string {
  return `${prefixOf(element.fullName)}${name}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Characters that XML has no way to write. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNWRITABLE = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Surrogate}/u;

function escaped(work: Work, text: string): string {
  if (UNWRITABLE.test(text)) work.refuse("a text with characters that XML cannot have");
  return text.replace(/[&<>]/g, (character) => ESCAPES[character] ?? character);
}
