import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import type { Site } from "../../interpreter/thrown.ts";

/** `steps`: the steps by another name, for libraries. */
export class StepsObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.workflow.cps.DSL";
  readonly #call: (name: string, args: CallArguments, site: Site) => Eventual | undefined;

  constructor(call: (name: string, args: CallArguments, site: Site) => Eventual | undefined) {
    super();
    this.#call = call;
  }

  getProperty(): Eventual | undefined {
    return undefined;
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments, site: Site): Eventual | undefined {
    return this.#call(name, args, site);
  }

  toText(): string {
    return "steps";
  }
}
