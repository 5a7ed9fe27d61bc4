import assert from "node:assert/strict";
import { createEngine } from "../../../pipelines/engine/run.ts";
import type {
  Begin,
  BuildEnd,
  Cancel,
  Head,
  Leave,
  Mark,
  Stored,
  StoredError,
  Turn,
} from "../../../pipelines/ports.ts";
import { aHead } from "./a-head.ts";

/** A build whose world moves only when the test says so. */
export class Stepped {
  readonly begins: Begin[] = [];
  readonly closes: string[] = [];
  readonly cancels: Cancel[] = [];
  readonly leaves: Leave[] = [];
  readonly marks: Mark[] = [];
  end: BuildEnd | null = null;
  readonly #engine;
  readonly #ended = new Set<string>();
  #ord = 0;

  constructor(text: string, more: Partial<Head> = {}) {
    this.#engine = createEngine(aHead(text, more));
    this.#take(this.#engine.turn());
  }

  /** Effects begun and neither ended nor closed, in the order of begin. */
  get open(): Begin[] {
    return this.begins.filter(({ id }) => !this.#ended.has(id) && !this.closes.includes(id));
  }

  /** The open effects, as `name:kind`. */
  get waiting(): string[] {
    return this.open.map((begin) => begin.name);
  }

  find(name: string): Begin {
    const found = this.open.find((begin) => begin.name === name);
    assert.ok(found, `no ${name} is open, but ${this.waiting.join(", ")}`);
    return found;
  }

  answer(name: string, value: Stored): this {
    return this.#deliver(this.find(name).id, { value });
  }

  fail(name: string, error: StoredError): this {
    return this.#deliver(this.find(name).id, { error });
  }

  /** Grants the open agent. */
  grant(): this {
    return this.answer("node", {
      node: "n",
      labels: "",
      workspace: "/sluice/src",
      tmp: "/sluice/tmp",
      env: { PATH: "/bin" },
      scm: null,
    });
  }

  abort(level: 1 | 2): this {
    this.#ord += 1;
    this.#take(this.#engine.turn({ ord: this.#ord, abort: level, by: "ann" }));
    return this;
  }

  get text(): string {
    return this.marks.flatMap((mark) => (mark.kind === "text" ? [mark.text] : [])).join("\n");
  }

  /** Last state of each stage by name. */
  get stages(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const mark of this.marks) if (mark.kind === "stage") found[mark.name] = mark.state;
    return found;
  }

  #deliver(id: string, outcome: { value: Stored } | { error: StoredError }): this {
    this.#ord += 1;
    this.#ended.add(id);
    this.#take(this.#engine.turn({ ord: this.#ord, id, ...outcome }));
    return this;
  }

  #take(turn: Turn): void {
    this.begins.push(...turn.begins);
    this.closes.push(...turn.closes);
    this.cancels.push(...turn.cancels);
    this.leaves.push(...turn.leaves);
    this.marks.push(...turn.marks);
    this.end = turn.end ?? null;
  }
}
