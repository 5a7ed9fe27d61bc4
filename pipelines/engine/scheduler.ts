import type {
  Begin,
  BuildEnd,
  Cancel,
  EffectId,
  Leave,
  Mark,
  MarkBody,
  Outcome,
  Stored,
  StoredError,
  Turn,
} from "../ports.ts";
import { Suspension, type Flow } from "../interpreter/flow.ts";
import { LIMITS } from "./limits.ts";
import { interruption } from "./stored-errors.ts";

/** Waits for one effect. `value` holds the outcome once the flow goes on. */
export class EffectWait extends Suspension {
  readonly kind = "effect";
  readonly id: EffectId;
  value: Stored = null;
  constructor(id: EffectId) {
    super();
    this.id = id;
  }
}

/** Waits until every branch of a fork has ended. */
export class JoinWait extends Suspension {
  readonly kind = "join";
}

/** How a branch ended; `order` counts the endings of its fork. */
export type Ending<T> = { readonly order: number } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown }
);

/** A timer that runs while a block does. When it fires, whatever the block waits for is interrupted. */
export type TimerScope<C, T> = {
  readonly id: EffectId;
  readonly n: number;
  readonly strand: Strand<C, T>;
  readonly error: StoredError;
  fired: boolean;
};

type Pending<C, T> = { readonly error: StoredError; readonly scope: TimerScope<C, T> | null };

/** One line of execution: the root, or a branch of a fork. `context` is what its steps see; blocks replace and restore it. */
export class Strand<C, T> {
  readonly path: string;
  readonly name: string;
  readonly parent: Strand<C, T> | null;
  context: C;
  /** Effects and forks so far; attempts of a retry go on counting. */
  count = 0;
  task: Flow<T> | null = null;
  isStarted = false;
  wait: EffectWait | JoinWait | null = null;
  failure: StoredError | null = null;
  pending: Pending<C, T> | null = null;
  ending: Ending<T> | null = null;

  constructor(path: string, name: string, parent: Strand<C, T> | null, context: C) {
    this.path = path;
    this.name = name;
    this.parent = parent;
    this.context = context;
  }
}

type Fork<C, T> = {
  readonly owner: Strand<C, T>;
  readonly branches: readonly Strand<C, T>[];
  readonly failFast: boolean;
  ended: number;
};

/** What a caller says of an effect; id and n are the scheduler's. */
export type BeginSpec = Omit<Begin, "id" | "n">;

/** What the scheduler is told of errors. */
export type SchedulerRules = {
  /** What is thrown into a strand for an error at rest. */
  readonly toThrown: (error: StoredError) => unknown;
  /** True for an error that no script can catch (a limit, our own bug): the other branches are not waited for. */
  readonly isFatal: (error: unknown) => boolean;
};

/**
 * Runs strands first in, first out, until none can run; knows nothing of Groovy or steps. An outcome wakes exactly the
 * strand that waits for it, an interruption is thrown in where a strand waits, and all that follows is decided by the
 * order of outcomes alone, so that a replay repeats it.
 */
export class Scheduler<C, T> {
  readonly #toThrown: SchedulerRules["toThrown"];
  readonly #isFatal: SchedulerRules["isFatal"];
  readonly #queue: Strand<C, T>[] = [];
  readonly #waiting = new Map<EffectId, Strand<C, T>>();
  readonly #timers = new Map<EffectId, TimerScope<C, T>>();
  readonly #forks = new Map<Strand<C, T>, Fork<C, T>>();
  #current: Strand<C, T> | null = null;
  #level: 0 | 1 | 2 = 0;
  #effects = 0;
  #marks = 0;
  #steps = 0;
  #begins: Begin[] = [];
  #closes: EffectId[] = [];
  #cancels: Cancel[] = [];
  #leaves: Leave[] = [];
  #newMarks: Mark[] = [];

  constructor(how: SchedulerRules) {
    this.#toThrown = how.toThrown;
    this.#isFatal = how.isFatal;
  }

  /** The strand that runs now. */
  get current(): Strand<C, T> {
    if (this.#current === null) throw new Error("nothing runs");
    return this.#current;
  }

  /** How hard the build is being aborted; 0: not. */
  get abortLevel(): 0 | 1 | 2 {
    return this.#level;
  }

  /** Makes the root strand; it runs at the next `run`. */
  start(name: string, context: C, makeTask: () => Flow<T>): Strand<C, T> {
    const root = new Strand<C, T>("0", name, null, context);
    root.task = makeTask();
    this.#queue.push(root);
    return root;
  }

  /** Hands over one outcome; whoever no longer waits for it does not hear of it. */
  deliver(outcome: Outcome, root: Strand<C, T>): void {
    if ("abort" in outcome) {
      this.#abort(outcome, root);
      return;
    }
    const timer = this.#timers.get(outcome.id);
    if (timer !== undefined) {
      this.#timers.delete(outcome.id);
      timer.fired = true;
      this.#interrupt(timer.strand, { error: timer.error, scope: timer });
      return;
    }
    const strand = this.#waiting.get(outcome.id);
    if (strand === undefined || !(strand.wait instanceof EffectWait)) return;
    this.#waiting.delete(outcome.id);
    if ("error" in outcome) strand.failure = outcome.error;
    else strand.wait.value = outcome.value;
    strand.wait = null;
    this.#queue.push(strand);
  }

  /** Runs until no strand can. */
  run(): void {
    for (let strand = this.#queue.shift(); strand !== undefined; strand = this.#queue.shift())
      this.#resume(strand);
    this.#current = null;
  }

  /** Takes what this turn brought about. */
  takeTurn(end?: BuildEnd): Turn {
    const turn = {
      begins: this.#begins,
      closes: this.#closes,
      cancels: this.#cancels,
      leaves: this.#leaves,
      marks: this.#newMarks,
      ...(end === undefined ? {} : { end }),
    };
    this.#begins = [];
    this.#closes = [];
    this.#cancels = [];
    this.#leaves = [];
    this.#newMarks = [];
    return turn;
  }

  /** True while some strand waits for an effect. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Begins an effect and waits for it in the running strand. Throws at once when an interruption is due. */
  *effect(spec: BeginSpec, onBegin?: (id: EffectId) => void): Flow<Stored> {
    const strand = this.current;
    this.#throwIfDue(strand);
    const id = this.#begin(strand, spec);
    onBegin?.(id);
    const wait = new EffectWait(id);
    yield wait;
    return wait.value;
  }

  /** Begins a timer that nobody waits for: when it ends, `error` is thrown into the strand wherever it waits. */
  openTimer(spec: BeginSpec, error: StoredError): TimerScope<C, T> {
    const strand = this.current;
    this.#throwIfDue(strand);
    const id = this.#begin(strand, spec);
    const scope = { id, n: this.#effects, strand, error, fired: false };
    this.#timers.set(id, scope);
    return scope;
  }

  /** The block of that timer is left: it can no longer interrupt anybody. */
  closeTimer(scope: TimerScope<C, T>): void {
    if (this.#timers.delete(scope.id)) this.#closes.push(scope.id);
    if (scope.strand.pending?.scope === scope) scope.strand.pending = null;
  }

  /** Runs the branches side by side, in the order given, and waits for all. The caller judges their endings. */
  *fork(
    branches: readonly { readonly name: string; readonly context: C; readonly run: () => Flow<T> }[],
    failFast: boolean,
  ): Flow<readonly Ending<T>[]> {
    const owner = this.current;
    this.#throwIfDue(owner);
    owner.count += 1;
    const strands: Strand<C, T>[] = [];
    for (const [index, branch] of branches.entries()) {
      const strand = new Strand<C, T>(
        `${owner.path}.${owner.count}-${index}`,
        branch.name,
        owner,
        branch.context,
      );
      strand.task = branch.run();
      strands.push(strand);
    }
    if (strands.length === 0) return [];
    const fork = { owner, branches: strands, failFast, ended: 0 };
    for (const strand of strands) {
      this.#forks.set(strand, fork);
      this.#queue.push(strand);
    }
    yield new JoinWait();
    const endings: Ending<T>[] = [];
    for (const strand of strands) {
      if (strand.ending === null) throw new Error(`branch ${strand.path} has not ended`);
      endings.push(strand.ending);
    }
    return endings;
  }

  /** Says that something entered is left; the host closes it in the turn's transaction. */
  leave(leave: Leave): void {
    this.#leaves.push(leave);
  }

  mark(body: MarkBody): void {
    this.#marks += 1;
    this.#newMarks.push({ no: this.#marks, ...body });
  }

  /** The next step number: the order in which steps start. */
  nextStep(): number {
    this.#steps += 1;
    return this.#steps;
  }

  #begin(strand: Strand<C, T>, spec: BeginSpec): EffectId {
    if (this.#effects >= LIMITS.effects)
      throw this.#toThrown({
        $: "error",
        class: "hudson.AbortException",
        message: `a build may begin ${LIMITS.effects} effects, and this one has`,
        code: "limit",
        fault: "file",
        causes: [],
      });
    this.#effects += 1;
    strand.count += 1;
    const id = `${strand.path}:${strand.count}`;
    this.#begins.push({ id, n: this.#effects, ...spec });
    return id;
  }

  /** Interruptions reach a strand that runs when it next wants to wait. At level 2 nothing is begun any more. */
  #throwIfDue(strand: Strand<C, T>): void {
    const pending = strand.pending;
    strand.pending = null;
    if (pending !== null) throw this.#toThrown(pending.error);
    if (this.#level === 2) throw this.#toThrown(interruption("ABORTED", "Aborted: no further step is begun"));
  }

  #resume(strand: Strand<C, T>): void {
    this.#current = strand;
    const task = strand.task;
    if (task === null || strand.ending !== null) return;
    let error = strand.failure;
    strand.failure = null;
    strand.wait = null;
    // Once an interruption is due the strand throws it, whatever its effect ended with.
    if (strand.isStarted && strand.pending !== null) {
      error = strand.pending.error;
      strand.pending = null;
    }
    strand.isStarted = true;
    let next: IteratorResult<Suspension, T>;
    try {
      next = error === null ? task.next() : task.throw(this.#toThrown(error));
    } catch (thrown) {
      this.#finish(strand, { ok: false, error: thrown });
      return;
    }
    if (next.done === true) {
      this.#finish(strand, { ok: true, value: next.value });
      return;
    }
    this.#wait(strand, next.value);
  }

  #wait(strand: Strand<C, T>, wait: Suspension): void {
    if (wait instanceof EffectWait) {
      strand.wait = wait;
      this.#waiting.set(wait.id, strand);
      return;
    }
    if (!(wait instanceof JoinWait)) throw new Error("a flow waits for something the engine did not make");
    strand.wait = wait;
  }

  #finish(strand: Strand<C, T>, how: { ok: true; value: T } | { ok: false; error: unknown }): void {
    const fork = this.#forks.get(strand);
    if (fork === undefined) {
      strand.ending = { order: 0, ...how };
      return;
    }
    this.#forks.delete(strand);
    strand.ending = { order: fork.ended, ...how };
    fork.ended += 1;
    if (!how.ok && (fork.failFast || this.#isFatal(how.error))) this.#failOthers(fork, strand);
    if (fork.ended < fork.branches.length) return;
    fork.owner.wait = null;
    this.#queue.push(fork.owner);
  }

  #failOthers(fork: Fork<C, T>, failed: Strand<C, T>): void {
    const error = interruption("ABORTED", `Failed in branch ${failed.name}`, "FailFast");
    for (const sibling of fork.branches)
      if (sibling.ending === null) this.#interrupt(sibling, { error, scope: null });
  }

  /** The outermost interruption wins: unwinding to it leaves the inner blocks too, and clean-up then meets none. */
  #interrupt(strand: Strand<C, T>, pending: Pending<C, T>): void {
    if (strand.ending !== null) return;
    const held = strand.pending;
    if (held === null || (held.scope !== null && (pending.scope === null || pending.scope.n < held.scope.n)))
      strand.pending = pending;
    if (strand.wait instanceof JoinWait) {
      for (const branch of this.#branchesOf(strand)) this.#interrupt(branch, pending);
      return;
    }
    if (strand.wait instanceof EffectWait)
      this.#cancels.push({ id: strand.wait.id, reason: causeText(pending.error), level: 1 });
  }

  *#branchesOf(owner: Strand<C, T>): Generator<Strand<C, T>, void, void> {
    for (const [strand, fork] of this.#forks) if (fork.owner === owner) yield strand;
  }

  #abort(outcome: Extract<Outcome, { abort: 1 | 2 }>, root: Strand<C, T>): void {
    const error = interruption(
      outcome.result ?? "ABORTED",
      outcome.reason ?? `Aborted by ${outcome.by}`,
      "UserInterruption",
      outcome.by,
    );
    if (outcome.abort === 1) {
      if (this.#level === 0) this.#level = 1;
      this.#interrupt(root, { error, scope: null });
      return;
    }
    this.#level = 2;
    // Nobody waits for an answer any more: every waiting strand goes on at once, with the interruption.
    for (const [id, strand] of this.#waiting) {
      this.#closes.push(id);
      strand.wait = null;
      strand.pending = null;
      strand.failure = error;
      this.#queue.push(strand);
    }
    this.#waiting.clear();
  }
}

function causeText(error: StoredError): string {
  return error.causes[0]?.text ?? error.message;
}
