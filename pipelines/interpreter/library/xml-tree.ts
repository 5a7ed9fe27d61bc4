import { SaxesParser } from "saxes";
import type { Meter } from "../meter.ts";

/** How deep elements may nest. */
const MAX_DEPTH = 500;
/** What an element weighs beside its texts. */
const ELEMENT_BYTES = 300;

/** An element of XML that was read. Its places are offsets in the text, so that the text can be edited where it stands. */
export type XmlElement = {
  /** Without its namespace's prefix. */
  readonly name: string;
  /** As it was written, with the prefix. */
  readonly fullName: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
  readonly parent: XmlElement | null;
  /** Where its `<` is. */
  readonly start: number;
  /** Behind the `>` of its opening tag. */
  readonly inside: number;
  /** Where its closing tag begins; the same as `end` for `<a/>`. */
  readonly insideEnd: number;
  /** Behind its closing tag. */
  readonly end: number;
};

/** An element whose closing tag has not come yet. */
type OpenElement = XmlElement & {
  readonly children: (XmlElement | string)[];
  insideEnd: number;
  end: number;
};

/** The root of an XML text; blank texts between elements are left out. What is wrong with it is thrown as `failure` makes it. */
export function parseXml(meter: Meter, text: string, failure: (message: string) => Error): XmlElement {
  meter.tick(text.length >> 2);
  const parser = new SaxesParser({ xmlns: true });
  const open: OpenElement[] = [];
  let root: XmlElement | null = null;
  let start = 0;
  parser.on("error", (error) => {
    throw failure(error.message);
  });
  parser.on("opentagstart", () => {
    // The parser stands behind the name, and no name has a "<" in it.
    start = text.lastIndexOf("<", parser.position - 1);
  });
  parser.on("opentag", (tag) => {
    if (open.length >= MAX_DEPTH) throw failure("nested too deeply");
    meter.allocate(ELEMENT_BYTES);
    const attributes = new Map<string, string>();
    for (const { local, name, value } of Object.values(tag.attributes)) {
      meter.allocate(2 * (name.length + value.length));
      attributes.set(local === "" ? name : local, value);
    }
    const element: OpenElement = {
      name: tag.local,
      fullName: tag.name,
      attributes,
      children: [],
      parent: open.at(-1) ?? null,
      start,
      inside: parser.position,
      insideEnd: parser.position,
      end: parser.position,
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const add = (characters: string): void => {
    if (characters.trim() === "") return;
    meter.allocate(2 * characters.length);
    open.at(-1)?.children.push(characters);
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.on("closetag", (tag) => {
    const element = open.pop();
    if (element === undefined || tag.isSelfClosing) return;
    element.end = parser.position;
    element.insideEnd = text.lastIndexOf("</", parser.position - 1);
  });
  parser.write(text).close();
  if (root === null) throw failure("Premature end of file.");
  return root;
}

/** The elements right below one. */
export function elementsIn(node: XmlElement): XmlElement[] {
  return node.children.filter((child) => typeof child !== "string");
}

/** All text in an element and below it. */
export function plainText(node: XmlElement): string {
  return node.children.map((child) => (typeof child === "string" ? child : plainText(child))).join("");
}
