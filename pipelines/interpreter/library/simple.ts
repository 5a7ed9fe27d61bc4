import type { Eventual } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import { isFlow } from "../flow.ts";
import { LibraryValue } from "../library.ts";
import { type Key, type Value } from "../values.ts";

/** What a small class of ours can do, by name. */
export type Members<T> = ReadonlyMap<
  string,
  (self: T, args: readonly Value[], run: Runtime) => Eventual | undefined
>;

/** A value of a class whose objects are equal when their texts are: UUID, Locale, TimeUnit, Result. */
export class NamedValue extends LibraryValue {
  readonly javaClass: string;
  readonly text: string;
  private readonly members: Members<NamedValue>;
  /** Its place among its fellows, for an enum. */
  readonly ordinal: number | null;
  constructor(
    javaClass: string,
    text: string,
    members: Members<NamedValue> = new Map(),
    ordinal: number | null = null,
  ) {
    super();
    this.javaClass = javaClass;
    this.text = text;
    this.members = members;
    this.ordinal = ordinal;
  }
  override key(): Key {
    return `\u0000N${this.javaClass}/${this.text}`;
  }
  invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined {
    const own = this.members.get(name)?.(this, args, run);
    if (own !== undefined) return own;
    if (name === "name" || (name === "getName" && this.ordinal !== null)) return this.text;
    return name === "ordinal" && this.ordinal !== null ? this.ordinal : undefined;
  }
  override compareTo(other: Value): number | undefined {
    if (!(other instanceof NamedValue) || other.javaClass !== this.javaClass) return undefined;
    if (this.ordinal !== null && other.ordinal !== null) return this.ordinal - other.ordinal;
    return this.text < other.text ? -1 : this.text > other.text ? 1 : 0;
  }
  toText(): string {
    return this.text;
  }
}

/** A value with members of its own and a value inside that changes: AtomicInteger, a formatter. */
export class HolderValue extends LibraryValue {
  readonly javaClass: string;
  value: Value;
  private readonly members: Members<HolderValue>;
  constructor(javaClass: string, value: Value, members: Members<HolderValue>) {
    super();
    this.javaClass = javaClass;
    this.value = value;
    this.members = members;
  }
  invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined {
    return this.members.get(name)?.(this, args, run);
  }
  toText(run: Runtime): string {
    const own = this.members.get("toString")?.(this, [], run);
    return own === undefined || isFlow(own) ? run.text(this.value) : run.text(own);
  }
}
