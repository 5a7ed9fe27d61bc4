import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import { elementsIn, type XmlElement } from "../../interpreter/library/xml-tree.ts";
import type { Meter } from "../../interpreter/meter.ts";
import { exception, illegalArgument } from "../../interpreter/thrown.ts";
import { ClassRef, ListValue, MapValue, type Value } from "../../interpreter/values.ts";
import { unreachable } from "../../unreachable.ts";
import { MavenDomObject } from "./maven-dom.ts";
import { itemName, shapeNamed, type Field, type Shape } from "./maven-shapes.ts";

/** A pom.xml as it was read, for all objects of its model. */
export type PomSource = {
  readonly text: string;
  /** Text of a value, as `toString()` gives it. */
  readonly textOf: (value: Value) => string;
  readonly meter: Meter;
};

/**
 * An object of Maven's model: the project itself, a dependency, a plugin. A field is read from the XML when it is first
 * asked for, and kept, because a script may change a list or map that it was given.
 */
export class MavenObject extends HostObject {
  readonly javaClass: string;
  readonly shape: Shape;
  readonly element: XmlElement;
  readonly source: PomSource;
  readonly #values = new Map<string, Value>();

  constructor(shape: string, element: XmlElement, source: PomSource) {
    super();
    this.javaClass = `org.apache.maven.model.${shape}`;
    this.shape = shapeNamed(shape);
    this.element = element;
    this.source = source;
  }

  /** The fields that a script has asked for or written; all others are as they were read. */
  *touched(): Generator<readonly [string, Field, Value]> {
    for (const [name, field] of this.shape.fields) {
      const value = this.#values.get(name);
      if (value !== undefined) yield [name, field, value];
    }
  }

  getProperty(name: string): Eventual | undefined {
    if (name === "class") return new ClassRef(this.javaClass);
    const field = this.shape.fields.get(name);
    return field === undefined ? this.#derived(name) : this.#value(name, field);
  }

  setProperty(name: string, value: Value): boolean {
    const field = this.shape.fields.get(name);
    if (field === undefined) return false;
    this.#values.set(name, this.#assignable(name, field, value));
    return true;
  }

  callMethod(name: string, args: CallArguments): Eventual | undefined {
    const match = /^(get|is|set|add)([A-Z].*)$/.exec(name);
    if (match === null || args.named !== null) return undefined;
    const [, verb = "", rest = ""] = match;
    const property = rest.charAt(0).toLowerCase() + rest.slice(1);
    const [first = null, second = null] = args.positional;
    switch (`${verb} ${args.positional.length}`) {
      case "get 0":
        return this.getProperty(property);
      case "is 0":
        return this.#truth(property);
      case "set 1":
        return this.setProperty(property, first) ? null : undefined;
      case "add 1":
        return this.#add(property, first);
      case "add 2":
        return this.#addProperty(property, first, second);
      default:
        return undefined;
    }
  }

  toText(): string {
    return describe(this.shape.name, (name) => this.#text(name)) ?? this.javaClass;
  }

  #value(name: string, field: Field): Value {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = readField(this.element, name, field, this.source);
    this.#values.set(name, value);
    return value;
  }

  #assignable(name: string, field: Field, value: Value): Value {
    const { textOf } = this.source;
    switch (field.kind) {
      case "text":
        return value === null ? null : textOf(value);
      case "flag":
        return value === true || (value !== null && textOf(value) === "true");
      case "texts":
      case "many":
        if (value === null) return new ListValue();
        if (value instanceof ListValue) return value;
        throw illegalArgument(`${name} of ${this.javaClass} is a list`);
      case "properties":
        if (value === null) return new MapValue();
        if (value instanceof MapValue) return value;
        throw illegalArgument(`${name} of ${this.javaClass} is a map`);
      case "one":
      case "tree":
        if (value === null || value === this.#value(name, field)) return value;
        throw exception(
          "java.lang.UnsupportedOperationException",
          `${name} of ${this.javaClass} can only be changed in its parts or set to null: write the file by writeFile`,
        );
      default:
        return unreachable(field);
    }
  }

  /** What `isName()` says. */
  #truth(name: string): Value | undefined {
    const field = this.shape.fields.get(name);
    if (field?.kind === "flag") return this.#value(name, field);
    if (field?.kind !== "text" || field.whenAbsent === null) return undefined;
    const value = this.#value(name, field);
    return typeof value === "string" ? value.toLowerCase() === "true" : field.whenAbsent;
  }

  /** `addModule('a')`: one more item in the list of that name. */
  #add(item: string, value: Value): Eventual | undefined {
    for (const [name, field] of this.shape.fields) {
      if ((field.kind !== "texts" && field.kind !== "many") || itemName(name) !== item) continue;
      const list = this.#value(name, field);
      if (list instanceof ListValue) list.items.push(value);
      return null;
    }
    return undefined;
  }

  #addProperty(property: string, key: Value, value: Value): Eventual | undefined {
    const field = this.shape.fields.get("properties");
    if (property !== "property" || field === undefined) return undefined;
    const map = this.#value("properties", field);
    if (map instanceof MapValue) map.set(this.source.textOf(key), value);
    return null;
  }

  #text(name: string): string | null {
    const field = this.shape.fields.get(name);
    const value = field === undefined ? null : this.#value(name, field);
    return value === null ? null : this.source.textOf(value);
  }

  /** What the model says of itself beyond its fields. */
  #derived(name: string): Value | undefined {
    const text = (field: string): string | null => this.#text(field);
    switch (name) {
      case "id":
        return idOf(this.shape.name, text);
      case "key":
        return this.shape.fields.has("inherited") && this.shape.fields.has("artifactId")
          ? `${text("groupId")}:${text("artifactId")}`
          : undefined;
      case "managementKey":
        return this.shape.name === "Dependency" ? managementKey(text) : undefined;
      case "pluginsAsMap":
        return this.#pluginsAsMap();
      case "modelEncoding":
        return this.shape.name === "Model" ? "UTF-8" : undefined;
      case "pomFile":
      case "projectDirectory":
        return this.shape.name === "Model" ? null : undefined;
      default:
        return undefined;
    }
  }

  #pluginsAsMap(): Value | undefined {
    const field = this.shape.fields.get("plugins");
    if (field === undefined || this.shape.name === "Reporting") return undefined;
    const plugins = this.#value("plugins", field);
    const map = new MapValue();
    if (plugins instanceof ListValue) this.source.meter.tick(plugins.items.length);
    for (const plugin of plugins instanceof ListValue ? plugins.items : [])
      if (plugin instanceof MavenObject) map.set(plugin.#derived("key") ?? null, plugin);
    return map;
  }
}

/** What a field was when its object was read. */
export function readField(element: XmlElement, name: string, field: Field, source: PomSource): Value {
  const child = childNamed(element, name);
  switch (field.kind) {
    case "text":
      return child === undefined ? field.absent : contentOf(child);
    case "flag":
      return child === undefined ? field.absent : contentOf(child).toLowerCase() === "true";
    case "texts":
      return new ListValue(itemsOf(child, name).map(contentOf));
    case "many":
      return new ListValue(itemsOf(child, name).map((item) => new MavenObject(field.shape, item, source)));
    case "properties":
      return MapValue.of(itemsOf(child, null).map((item) => [item.fullName, contentOf(item)]));
    case "one":
      return child === undefined ? null : new MavenObject(field.shape, child, source);
    case "tree":
      return child === undefined ? null : new MavenDomObject(child, source);
    default:
      return unreachable(field);
  }
}

/** The first element of that name right below another. */
export function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  return elementsIn(element).find((child) => child.name === name);
}

/** The items of the list `name` in its element; of properties (null), whatever their names are. */
export function itemsOf(list: XmlElement | undefined, name: string | null): XmlElement[] {
  if (list === undefined) return [];
  const wanted = name === null ? null : itemName(name);
  return elementsIn(list).filter((item) => wanted === null || item.name === wanted);
}

/** The text of an element without the blanks around it. */
export function contentOf(element: XmlElement): string {
  return element.children
    .filter((child) => typeof child === "string")
    .join("")
    .trim();
}

type TextOf = (field: string) => string | null;

function idOf(shape: string, text: TextOf): string | undefined {
  const names = `${text("groupId")}:${text("artifactId")}`;
  switch (shape) {
    case "Model":
      return [
        text("groupId") ?? "[inherited]",
        text("artifactId"),
        text("packaging"),
        text("version") ?? "[inherited]",
      ].join(":");
    case "Parent":
      return `${names}:pom:${text("version")}`;
    case "Plugin":
      return `${text("groupId") ?? "[unknown-group-id]"}:${text("artifactId") ?? "[unknown-artifact-id]"}:${text("version") ?? "[unknown-version]"}`;
    default:
      return undefined;
  }
}

function managementKey(text: TextOf): string {
  const classifier = text("classifier");
  const names = `${text("groupId")}:${text("artifactId")}:${text("type")}`;
  return classifier === null ? names : `${names}:${classifier}`;
}

/** What `toString()` gives; undefined for classes that say nothing of their own. */
function describe(shape: string, text: TextOf): string | undefined {
  switch (shape) {
    case "Model":
    case "Parent":
      return idOf(shape, text);
    case "Dependency":
      return `Dependency {groupId=${text("groupId")}, artifactId=${text("artifactId")}, version=${text("version")}, type=${text("type")}}`;
    case "Plugin":
      return `Plugin [${text("groupId")}:${text("artifactId")}]`;
    case "Profile":
      return `Profile {id: ${text("id")}, source: pom}`;
    case "PluginExecution":
    case "ReportSet":
      return text("id") ?? "null";
    case "Scm":
      return `Scm {connection=${text("connection")}}`;
    case "Repository":
    case "DeploymentRepository":
      return `id = '${text("id")}'`;
    default:
      return undefined;
  }
}
