import { exception } from "../thrown.ts";
import type { Assertion, CharTest, Regex, RegexNode } from "./tree.ts";

/** The most instructions a pattern may have: `(a{1000}){1000}` is refused. */
const MAX_INSTRUCTIONS = 20_000;

/** One instruction of a compiled pattern; the next one follows unless it says otherwise. */
export type Instruction =
  | { readonly op: "char"; readonly test: CharTest }
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "assert"; readonly what: Assertion }
  | {
      readonly op: "look";
      readonly body: readonly Instruction[];
      readonly isBehind: boolean;
      readonly isNegative: boolean;
    }
  | { readonly op: "atomic"; readonly body: readonly Instruction[] }
  | { readonly op: "reference"; readonly index: number; readonly ignoresCase: boolean }
  /** Notes where a round of a loop begins, and fails one that went nowhere. */
  | { readonly op: "mark"; readonly loop: number }
  | { readonly op: "moved"; readonly loop: number }
  | { readonly op: "match" };

/** A pattern ready to run. */
export interface RegexProgram {
  readonly code: readonly Instruction[];
  readonly groupCount: number;
  readonly loops: number;
  /** How many instructions there are, those inside others included. */
  readonly size: number;
  readonly names: ReadonlyMap<string, number>;
  /** Without references back, a place that failed once fails always, and matching takes linear time. */
  readonly isMemorable: boolean;
}

/** Compiles a parsed pattern. */
export function compileRegex(regex: Regex): RegexProgram {
  const builder = new Builder();
  const code = builder.whole(regex.root);
  return {
    code,
    groupCount: regex.groupCount,
    loops: builder.loops,
    size: builder.size,
    names: regex.names,
    isMemorable: !builder.hasReference,
  };
}

class Builder {
  loops = 0;
  hasReference = false;
  size = 0;

  whole(node: RegexNode): Instruction[] {
    const code: Instruction[] = [];
    this.emit(code, node);
    this.push(code, { op: "match" });
    return code;
  }

  private push(code: Instruction[], instruction: Instruction): void {
    this.size += 1;
    if (this.size > MAX_INSTRUCTIONS) {
      throw exception(
        "java.util.regex.PatternSyntaxException",
        "the pattern is too large: its repetitions multiply",
      );
    }
    code.push(instruction);
  }

  private emit(code: Instruction[], node: RegexNode): void {
    switch (node.kind) {
      case "empty":
        return;
      case "char":
        this.push(code, { op: "char", test: node.test });
        return;
      case "sequence":
        for (const part of node.parts) this.emit(code, part);
        return;
      case "choice":
        this.choice(code, node.options);
        return;
      case "repeat":
        this.repeat(code, node);
        return;
      case "group":
        this.push(code, { op: "save", slot: node.index * 2 });
        this.emit(code, node.body);
        this.push(code, { op: "save", slot: node.index * 2 + 1 });
        return;
      case "atomic":
        this.push(code, { op: "atomic", body: this.whole(node.body) });
        return;
      case "look":
        this.push(code, {
          op: "look",
          body: this.whole(node.body),
          isBehind: node.isBehind,
          isNegative: node.isNegative,
        });
        return;
      case "reference":
        this.hasReference = true;
        this.push(code, { op: "reference", index: node.index, ignoresCase: node.ignoresCase });
        return;
      case "assert":
        this.push(code, { op: "assert", what: node.what });
    }
  }

  private choice(code: Instruction[], options: readonly RegexNode[]): void {
    const ends: { op: "jump"; to: number }[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) {
        this.emit(code, option);
        break;
      }
      const split = { op: "split" as const, first: code.length + 1, second: 0 };
      this.push(code, split);
      this.emit(code, option);
      const end = { op: "jump" as const, to: 0 };
      this.push(code, end);
      ends.push(end);
      split.second = code.length;
    }
    for (const end of ends) end.to = code.length;
  }

  private repeat(code: Instruction[], node: RegexNode & { kind: "repeat" }): void {
    if (node.mode === "possessive") {
      this.push(code, { op: "atomic", body: this.whole({ ...node, mode: "greedy" }) });
      return;
    }
    for (let i = 0; i < node.min; i += 1) this.emit(code, node.body);
    const isGreedy = node.mode === "greedy";
    if (node.max === Infinity) {
      this.loop(code, node.body, isGreedy);
      return;
    }
    const exits: { op: "split"; first: number; second: number }[] = [];
    for (let i = node.min; i < node.max; i += 1) {
      const split = { op: "split" as const, first: code.length + 1, second: code.length + 1 };
      this.push(code, split);
      exits.push(split);
      this.emit(code, node.body);
    }
    for (const exit of exits) {
      if (isGreedy) exit.second = code.length;
      else exit.first = code.length;
    }
  }

  private loop(code: Instruction[], body: RegexNode, isGreedy: boolean): void {
    const start = code.length;
    const split = { op: "split" as const, first: start + 1, second: start + 1 };
    this.push(code, split);
    const loop = this.loops;
    const canBeEmpty = body.kind !== "char";
    if (canBeEmpty) {
      this.loops += 1;
      this.push(code, { op: "mark", loop });
    }
    this.emit(code, body);
    if (canBeEmpty) this.push(code, { op: "moved", loop });
    this.push(code, { op: "jump", to: start });
    if (isGreedy) split.second = code.length;
    else split.first = code.length;
  }
}
