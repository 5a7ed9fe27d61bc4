import { parseNumber } from "../coercion.ts";
import { LibraryValue } from "../library.ts";
import type { Runtime } from "../runtime.ts";
import { exception, illegalArgument, notPermitted } from "../thrown.ts";
import { ListValue, MapValue, type Key, type Value } from "../values.ts";
import { elementsIn, parseXml, plainText, type XmlElement } from "./xml-tree.ts";

/** XmlSlurper and XmlParser; what they read is asked for in one way. */
export class XmlReaderValue extends LibraryValue {
  readonly javaClass: string;
  constructor(javaClass: string) {
    super();
    this.javaClass = javaClass;
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    if (name === "parseText") return new XmlValue([parseXml(run.meter, run.text(args[0] ?? null), failure)]);
    if (name === "parse")
      throw notPermitted(
        `${this.javaClass}.parse`,
        "files belong to the agent: parseText(readFile('pom.xml'))",
      );
    const isSetting =
      name === "setFeature" || name === "setKeepIgnorableWhitespace" || name === "setTrimWhitespace";
    return isSetting ? null : undefined;
  }

  toText(): string {
    return this.javaClass;
  }
}

const failure = (message: string): Error => exception("org.xml.sax.SAXParseException", message);

function textOf(run: Runtime, node: XmlElement | string): string {
  run.meter.tick();
  if (typeof node === "string") return node;
  return node.children.map((child) => textOf(run, child)).join("");
}

/** The element and all below it, the upper before the lower. */
function withDescendants(run: Runtime, node: XmlElement): XmlElement[] {
  run.meter.tick();
  return [node, ...elementsIn(node).flatMap((child) => withDescendants(run, child))];
}

/** What a path of names has led to: elements, or the values of an attribute. */
export class XmlValue extends LibraryValue {
  readonly javaClass = "groovy.util.slurpersupport.NodeChild";
  private readonly found: readonly (XmlElement | string)[];
  constructor(found: readonly (XmlElement | string)[]) {
    super();
    this.found = found;
  }

  private get nodes(): readonly XmlElement[] {
    return this.found.filter((node) => typeof node !== "string");
  }

  override property(name: string, run: Runtime): Value {
    run.meter.tick(1 + this.found.length);
    if (name.startsWith("@")) {
      const values = this.nodes.flatMap((node) => node.attributes.get(name.slice(1)) ?? []);
      return new XmlValue(values);
    }
    if (name === "..") return new XmlValue([...new Set(this.nodes.flatMap((node) => node.parent ?? []))]);
    if (name === "**") return new XmlValue(this.nodes.flatMap((node) => withDescendants(run, node)));
    const local = name.slice(name.indexOf(":") + 1);
    const children = this.nodes.flatMap(elementsIn);
    return new XmlValue(name === "*" ? children : children.filter((child) => child.name === local));
  }

  override elements(): readonly Value[] {
    return this.found.map((node) => new XmlValue([node]));
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    const [argument = null] = args;
    const [first] = this.nodes;
    switch (name) {
      case "text":
        return this.toText(run);
      case "localText":
        return new ListValue(
          this.nodes.flatMap((node) => node.children.filter((child) => typeof child === "string")),
        );
      case "name":
        return first?.name ?? "";
      case "size":
        return this.found.length;
      case "isEmpty":
        return this.found.length === 0;
      case "children":
        return this.property("*", run);
      case "parent":
        return this.property("..", run);
      case "depthFirst":
      case "breadthFirst":
        return new ListValue(
          this.nodes.flatMap((node) => withDescendants(run, node)).map((node) => new XmlValue([node])),
        );
      case "attributes":
        return MapValue.of([...(first?.attributes ?? [])]);
      case "attribute":
        return first?.attributes.get(run.text(argument)) ?? null;
      case "getProperty":
        return this.property(run.text(argument), run);
      case "getAt":
        return this.at(argument, run);
      case "toInteger":
      case "toLong":
      case "toDouble":
      case "toBigDecimal":
        return parseNumber(this.toText(run).trim(), NUMBER_CLASS[name] ?? "java.lang.Integer");
      case "toBoolean":
        return /^(true|y|1)$/i.test(this.toText(run).trim());
      default:
        return undefined;
    }
  }

  /** An element by its place, from the end too; there is always a value, as in Groovy. */
  private at(index: Value, run: Runtime): Value {
    if (typeof index === "string") return this.property(index, run);
    if (typeof index !== "number") throw illegalArgument("elements are found by a number or a name");
    const node = this.found.at(index);
    return new XmlValue(node === undefined ? [] : [node]);
  }

  override compareTo(other: Value): number | undefined {
    if (typeof other !== "string" && typeof other !== "number") return undefined;
    const wanted = String(other);
    const own = this.found.map((node) => (typeof node === "string" ? node : plainText(node))).join("");
    return own === wanted ? 0 : own < wanted ? -1 : 1;
  }

  override key(): Key {
    return this.found.map((node) => (typeof node === "string" ? node : plainText(node))).join("");
  }

  toText(run: Runtime): string {
    return this.found.map((node) => textOf(run, node)).join("");
  }
}

const NUMBER_CLASS: Readonly<Record<string, string>> = {
  toInteger: "java.lang.Integer",
  toLong: "java.lang.Long",
  toDouble: "java.lang.Double",
  toBigDecimal: "java.math.BigDecimal",
};
