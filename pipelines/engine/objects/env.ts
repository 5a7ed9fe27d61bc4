import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import type { Site } from "../../interpreter/thrown.ts";
import { MapValue, type Value } from "../../interpreter/values.ts";
import type { Run } from "../build.ts";

/** `env`: the environment where the flow is; what is set holds for the whole build. */
export class EnvObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.workflow.cps.EnvActionImpl";
  readonly #run: Run;

  constructor(run: Run) {
    super();
    this.#run = run;
  }

  getProperty(name: string): Eventual | undefined {
    const { envBlock } = this.#run.context;
    if (envBlock?.has(name) === true) return envBlock.read(name);
    return name === "environment" ? this.#all() : (this.#run.variable(name) ?? null);
  }

  setProperty(name: string, value: Value): boolean {
    this.#run.build.variables.set(name, value === null ? "null" : this.#run.textOf(value));
    return true;
  }

  callMethod(name: string, args: CallArguments, _site: Site): Eventual | undefined {
    const [first = null, second = null] = args.positional;
    switch (name) {
      case "getEnvironment":
        return this.#all();
      case "getProperty":
      case "getAt":
      case "get":
        return this.getProperty(this.#run.textOf(first));
      case "setProperty":
      case "putAt":
        this.setProperty(this.#run.textOf(first), second);
        return null;
      default:
        return undefined;
    }
  }

  toText(): string {
    return "env";
  }

  #all(): MapValue {
    const map = new MapValue("java.util.TreeMap");
    for (const [name, { value }] of [...this.#run.environment()].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      map.set(name, value);
    return map;
  }
}
