import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject } from "../../interpreter/host.ts";
import type { MapValue, Value } from "../../interpreter/values.ts";

/**
 * What a call such as `string(name: 'X')`, `logRotator(…)` or `cron('…')` gives: a description that some step takes as an
 * argument. A single value without a name is kept under "value".
 */
export class Description extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.structs.describable.UninstantiatedDescribable";
  readonly symbol: string;
  readonly fields: MapValue;

  constructor(symbol: string, fields: MapValue) {
    super();
    this.symbol = symbol;
    this.fields = fields;
  }

  /** A field by name. */
  field(name: string): Value {
    return this.fields.get(name) ?? null;
  }

  getProperty(name: string): Eventual | undefined {
    return this.fields.get(name);
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(): Eventual | undefined {
    return undefined;
  }

  toText(): string {
    return `@${this.symbol}(${[...this.fields.entries.keys()].map(String).join()})`;
  }
}
