import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import { elementsIn, type XmlElement } from "../../interpreter/library/xml-tree.ts";
import type { Meter } from "../../interpreter/meter.ts";
import { ClassRef, ListValue, type Value } from "../../interpreter/values.ts";
import { propertyOfGetter } from "./plain-object.ts";

/** The text in which the XML stands, and what counts the work of going through it. */
type DomSource = { readonly text: string; readonly meter: Meter };

/** XML of a plugin's own in a pom.xml, such as its configuration. Nothing of it can be set. */
export class MavenDomObject extends HostObject {
  readonly javaClass = "org.codehaus.plexus.util.xml.Xpp3Dom";
  readonly #element: XmlElement;
  readonly #source: DomSource;

  constructor(element: XmlElement, source: DomSource) {
    super();
    this.#element = element;
    this.#source = source;
  }

  getProperty(name: string): Eventual | undefined {
    switch (name) {
      case "class":
        return new ClassRef(this.javaClass);
      case "name":
        return this.#element.name;
      case "value":
        return this.#value();
      case "children":
        return new ListValue(this.#children().map((child) => this.#around(child)));
      case "childCount":
        return this.#children().length;
      case "attributeNames":
        return new ListValue([...this.#element.attributes.keys()]);
      default:
        return undefined;
    }
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments): Eventual | undefined {
    const [wanted] = args.positional;
    if (wanted === undefined) return this.getProperty(propertyOfGetter(name) ?? name);
    switch (name) {
      case "getAttribute":
        return typeof wanted === "string" ? (this.#element.attributes.get(wanted) ?? null) : undefined;
      case "getChild":
        return this.#child(wanted);
      case "getChildren":
        return new ListValue(
          this.#children()
            .filter((child) => child.name === wanted)
            .map((child) => this.#around(child)),
        );
      default:
        return undefined;
    }
  }

  toText(): string {
    return this.#source.text.slice(this.#element.start, this.#element.end);
  }

  #children(): XmlElement[] {
    this.#source.meter.tick(this.#element.children.length);
    return elementsIn(this.#element);
  }

  /** Only an element with nothing but text in it has a value; `<a/>` has none. */
  #value(): Value {
    if (this.#element.inside === this.#element.end) return null;
    this.#source.meter.tick(this.#element.children.length);
    const texts = this.#element.children.filter((child) => typeof child === "string");
    return texts.length < this.#element.children.length ? null : texts.join("").trim();
  }

  #child(wanted: Value): Value {
    const children = this.#children();
    const found =
      typeof wanted === "number"
        ? children.at(Math.max(wanted, 0))
        : children.find((child) => child.name === wanted);
    return found === undefined ? null : this.#around(found);
  }

  #around(element: XmlElement): Value {
    return new MavenDomObject(element, this.#source);
  }
}
