import type {
  Begin,
  BuildEnd,
  Cancel,
  EffectId,
  Head,
  Mark,
  Outcome,
  Stored,
  StoredError,
  Turn,
} from "../ports.ts";
import { dryAnswer, type DryWorld } from "./dry-answers.ts";
import { commandLines, echoed } from "./dry-shell.ts";
import { createEngine } from "./run.ts";
import { interruption } from "./stored-errors.ts";

/** What a dry run is given. */
export type DryRun = {
  readonly head: Head;
  /** Environment of the agent, whatever its label. */
  readonly environment: Readonly<Record<string, string>>;
  /** A file beside the Jenkinsfile, for readFile and its like; null when there is none. */
  readonly readFile: (path: string) => string | null;
  /** Takes a line of the console. */
  readonly print: (line: string) => void;
};

type Open = { readonly begin: Begin; readonly dueMs: number; cancel: Cancel | null };

/**
 * Runs a pipeline without doing anything: agents are granted, commands printed, gates approved with their defaults.
 * Time is counted, not spent: when nothing else is open, the timer that is due first fires.
 */
export function dryRun(options: DryRun): BuildEnd {
  const engine = createEngine(options.head);
  const world: DryWorld = {
    head: options.head,
    environment: options.environment,
    readFile: options.readFile,
    files: new Map(),
    stashes: new Set(),
    taken: new Map(),
    checkouts: new Set(),
    nowMs: options.head.startedAtMs,
    randoms: 0,
  };
  const open = new Map<EffectId, Open>();
  let ord = 0;
  for (let turn = engine.turn(); ;) {
    take(turn, open, world, options);
    if (turn.end !== undefined) return turn.end;
    const next = choose(open);
    if (next === undefined) throw new Error("nothing is open and the pipeline has not ended");
    open.delete(next.begin.id);
    ord += 1;
    turn = engine.turn(outcomeOf(next, ord, world));
  }
}

function take(turn: Turn, open: Map<EffectId, Open>, world: DryWorld, options: DryRun): void {
  const logs = new Map<number, readonly string[]>();
  for (const begin of turn.begins) {
    const wait = begin.request.kind === "timer" ? begin.request.afterMs : 0;
    open.set(begin.id, { begin, dueMs: world.nowMs + wait, cancel: null });
    if (begin.stepNo !== null) logs.set(begin.stepNo, logOf(begin));
  }
  for (const id of turn.closes) open.delete(id);
  for (const cancel of turn.cancels) {
    const effect = open.get(cancel.id);
    if (effect !== undefined) effect.cancel = cancel;
  }
  for (const mark of turn.marks) for (const line of linesOf(mark, logs)) options.print(line);
}

function linesOf(mark: Mark, logs: ReadonlyMap<number, readonly string[]>): readonly string[] {
  if (mark.kind === "text") return [mark.text];
  return mark.kind === "log" ? (logs.get(mark.stepNo) ?? []) : [];
}

/** What is cancelled comes first, then what needs no time in the order of begin, then the earliest timer. */
function choose(open: ReadonlyMap<EffectId, Open>): Open | undefined {
  let found: Open | undefined;
  for (const candidate of open.values()) {
    if (candidate.cancel !== null) return candidate;
    if (found === undefined || candidate.dueMs < found.dueMs) found = candidate;
  }
  return found;
}

function outcomeOf(effect: Open, ord: number, world: DryWorld): Outcome {
  const { id } = effect.begin;
  if (effect.cancel !== null) return { ord, id, error: interruption("ABORTED", effect.cancel.reason) };
  if (effect.begin.request.kind === "timer") world.nowMs = Math.max(world.nowMs, effect.dueMs);
  const answer: { value: Stored } | { error: StoredError } = dryAnswer(effect.begin, world);
  return { ord, id, ...answer };
}

/** What a step would have logged, as far as that is known without running it. */
function logOf(begin: Begin): readonly string[] {
  const { request } = begin;
  if (request.kind !== "exec") return [];
  const { command } = request;
  if ("script" in command) return shownScript(command.script, request.env, request.capture);
  // A program that a step runs for its own work is none that the file has written.
  return begin.name === "pwsh" ? [`+ ${command.argv.join(" ")}`] : [];
}

function shownScript(
  script: string,
  env: Readonly<Record<string, string>>,
  capture: boolean,
): readonly string[] {
  const lines: string[] = [];
  for (const line of commandLines(script)) {
    lines.push(`+ ${line}`);
    const output = echoed(line, env);
    if (output !== null && !capture) lines.push(output);
  }
  return lines;
}
