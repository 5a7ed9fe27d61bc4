import type { Meter } from "../meter.ts";
import type { Groups } from "../values.ts";
import { Choices } from "./choices.ts";
import { isLineEnd, isWord } from "./classes.ts";
import { FailureMemory } from "./memory.ts";
import type { Instruction, RegexProgram } from "./program.ts";
import type { Assertion } from "./tree.ts";

/** Steps without a memory of failures; most matches are over before. */
const STEPS_WITHOUT_MEMORY = 4_000;

/** Groups and loops whose bookkeeping takes no time to speak of. */
const FEW_SLOTS = 64;

/** How a match must end. */
export type Ending = "anywhere" | "at-end";

/** One attempt after the other on one text. */
class Matching {
  private readonly program: RegexProgram;
  private readonly text: string;
  private readonly meter: Meter;
  private readonly lastMatch: number;
  /** Places that led nowhere, by instruction list; null until a match turns out to be long. */
  private failed: Map<readonly Instruction[], FailureMemory | null> | null = null;
  private readonly slots: Int32Array;
  /** Choices of runs that are over, for the next ones: making them takes longer than most runs. */
  private readonly spare: Choices[] = [];
  private steps = 0;
  private readonly isBounded: (at: number) => boolean;

  constructor(program: RegexProgram, text: string, meter: Meter, lastMatch: number, ending: Ending) {
    this.program = program;
    this.text = text;
    this.meter = meter;
    this.lastMatch = lastMatch;
    this.slots = new Int32Array((program.groupCount + 1) * 2 + program.loops);
    this.isBounded = ending === "at-end" ? (at) => at === text.length : () => true;
  }

  /** The groups of a match that begins at `start`. */
  attempt(start: number): Groups | null {
    const { slots } = this;
    if (slots.length > FEW_SLOTS) this.meter.tick(slots.length >> 6);
    slots.fill(-1);
    slots[0] = start;
    const end = this.run(this.program.code, start, slots, this.isBounded);
    if (end < 0) return null;
    slots[1] = end;
    const groups: { start: number; end: number }[] = [];
    for (let i = 0; i <= this.program.groupCount; i += 1) {
      const from = slots[i * 2] ?? -1;
      const to = slots[i * 2 + 1] ?? -1;
      groups.push(from < 0 || to < 0 ? { start: -1, end: -1 } : { start: from, end: to });
    }
    return groups;
  }

  /** Counts a step; from a certain number on failures are remembered. */
  private count(): void {
    this.steps += 1;
    if (this.steps % 2 === 0) this.meter.tick();
    if (this.steps > STEPS_WITHOUT_MEMORY && this.failed === null && this.program.isMemorable)
      this.failed = new Map();
  }

  private isKnown(code: readonly Instruction[], pc: number, at: number): boolean {
    if (this.failed === null) return false;
    let places = this.failed.get(code);
    if (places === undefined) {
      const isInner = code !== this.program.code;
      places = FailureMemory.of(code.length, this.text.length, isInner, this.meter);
      this.failed.set(code, places);
    }
    return places?.visit(pc, at) ?? false;
  }

  /** The groups as they are, to come back to; copying many of them is work. */
  private copied(slots: Int32Array): Int32Array {
    if (slots.length > FEW_SLOTS) this.meter.tick(slots.length >> 5);
    return slots.slice();
  }

  /** Runs instructions; gives the end of the match or -1. `slots` hold the groups of the match. */
  private run(
    code: readonly Instruction[],
    start: number,
    slots: Int32Array,
    isEnd: (at: number) => boolean,
  ): number {
    const choices = this.spare.pop() ?? new Choices();
    const end = this.runOn(choices, code, start, slots, isEnd);
    choices.clear();
    this.spare.push(choices);
    return end;
  }

  /** `stack` is what to go back to: pairs of instruction and place, and slots to restore (as negative instruction numbers). */
  private runOn(
    stack: Choices,
    code: readonly Instruction[],
    start: number,
    slots: Int32Array,
    isEnd: (at: number) => boolean,
  ): number {
    // The memory says what led nowhere in one run; a look-ahead that held may be asked again.
    if (code !== this.program.code) this.failed?.get(code)?.forget();
    let pc = 0;
    let at = start;
    for (;;) {
      this.count();
      const instruction = code[pc];
      let isAlive = true;
      if (instruction === undefined) isAlive = false;
      else {
        switch (instruction.op) {
          case "char": {
            const unit = this.text.codePointAt(at);
            isAlive = unit !== undefined && instruction.test(unit);
            if (unit !== undefined) at += unit > 0xffff ? 2 : 1;
            pc += 1;
            break;
          }
          case "split":
            if (this.isKnown(code, pc, at)) isAlive = false;
            else {
              stack.push(instruction.second, at);
              pc = instruction.first;
            }
            break;
          case "jump":
            pc = instruction.to;
            break;
          case "save":
            stack.push(-1 - instruction.slot, slots[instruction.slot] ?? -1);
            slots[instruction.slot] = at;
            pc += 1;
            break;
          case "mark": {
            const slot = (this.program.groupCount + 1) * 2 + instruction.loop;
            stack.push(-1 - slot, slots[slot] ?? -1);
            slots[slot] = at;
            pc += 1;
            break;
          }
          case "moved":
            // A round that went nowhere ends the loop, as in Java.
            pc += slots[(this.program.groupCount + 1) * 2 + instruction.loop] === at ? 2 : 1;
            break;
          case "assert":
            isAlive = this.holds(instruction.what, at);
            pc += 1;
            break;
          case "reference":
            at = this.reference(instruction.index, instruction.ignoresCase, at, slots);
            isAlive = at >= 0;
            pc += 1;
            break;
          case "atomic": {
            const before = this.copied(slots);
            at = this.run(instruction.body, at, slots, () => true);
            isAlive = at >= 0;
            if (isAlive) restoreLater(stack, before, slots);
            pc += 1;
            break;
          }
          case "look": {
            const before = this.copied(slots);
            isAlive = this.looks(instruction, at, slots) !== instruction.isNegative;
            if (isAlive && !instruction.isNegative) restoreLater(stack, before, slots);
            else slots.set(before);
            pc += 1;
            break;
          }
          case "match":
            if (isEnd(at)) return at;
            isAlive = false;
        }
      }
      if (isAlive) continue;
      // Back to the last choice, undoing what was saved since.
      for (;;) {
        if (stack.isEmpty) return -1;
        const target = stack.first;
        const place = stack.second;
        stack.drop();
        if (target < 0) {
          slots[-1 - target] = place;
          continue;
        }
        pc = target;
        at = place;
        break;
      }
    }
  }

  private looks(
    instruction: { readonly body: readonly Instruction[]; readonly isBehind: boolean },
    at: number,
    slots: Int32Array,
  ): boolean {
    if (!instruction.isBehind) return this.run(instruction.body, at, slots, () => true) >= 0;
    for (let from = at; from >= 0 && at - from <= 1000; from -= 1) {
      this.count();
      if (this.run(instruction.body, from, slots, (end) => end === at) >= 0) return true;
    }
    return false;
  }

  private reference(index: number, ignoresCase: boolean, at: number, slots: Int32Array): number {
    const from = slots[index * 2] ?? -1;
    const to = slots[index * 2 + 1] ?? -1;
    if (from < 0 || to < 0) return -1;
    const wanted = this.text.slice(from, to);
    const found = this.text.slice(at, at + wanted.length);
    this.meter.tick(1 + Math.ceil(wanted.length / 64));
    const same = ignoresCase ? wanted.toLowerCase() === found.toLowerCase() : wanted === found;
    return same ? at + wanted.length : -1;
  }

  private holds(what: Assertion, at: number): boolean {
    const { text } = this;
    switch (what) {
      case "text-start":
        return at === 0;
      case "text-end":
        return at === text.length;
      case "last-line-end":
        return isLastLineEnd(text, at);
      case "line-start":
        return (
          at === 0 || (at < text.length && isLineEnd(text.charCodeAt(at - 1)) && !isInsideCrLf(text, at))
        );
      case "line-end":
        return at === text.length || (isLineEnd(text.charCodeAt(at)) && !isInsideCrLf(text, at));
      case "word-boundary":
        return isBoundary(text, at);
      case "no-word-boundary":
        return !isBoundary(text, at);
      case "last-match":
        return at === this.lastMatch;
    }
  }
}

function restoreLater(stack: Choices, before: Int32Array, now: Int32Array): void {
  for (let i = 0; i < before.length; i += 1) {
    if (before[i] !== now[i]) stack.push(-1 - i, before[i] ?? -1);
  }
}

function isInsideCrLf(text: string, at: number): boolean {
  return text.charCodeAt(at - 1) === 13 && text.charCodeAt(at) === 10;
}

function isLastLineEnd(text: string, at: number): boolean {
  if (at === text.length) return true;
  if (at === text.length - 1) return isLineEnd(text.charCodeAt(at)) && !isInsideCrLf(text, at);
  return at === text.length - 2 && text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10;
}

function isBoundary(text: string, at: number): boolean {
  const before = at > 0 && isWord(text.charCodeAt(at - 1));
  const after = at < text.length && isWord(text.charCodeAt(at));
  return before !== after;
}

/** The first match at or behind `from`. */
export function findMatch(program: RegexProgram, text: string, from: number, meter: Meter): Groups | null {
  const matching = new Matching(program, text, meter, from, "anywhere");
  for (let start = from; start <= text.length; start += 1) {
    meter.tick();
    const groups = matching.attempt(start);
    if (groups !== null) return groups;
    if ((text.codePointAt(start) ?? 0) > 0xffff) start += 1;
  }
  return null;
}

/** A match that begins at the beginning: of the whole text, or of what it begins with. */
export function matchStart(program: RegexProgram, text: string, ending: Ending, meter: Meter): Groups | null {
  return new Matching(program, text, meter, 0, ending).attempt(0);
}
