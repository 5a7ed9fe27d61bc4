import type { Flow } from "../../../pipelines/interpreter/flow.ts";
import type { BeginSpec, Ending } from "../../../pipelines/engine/scheduler.ts";
import { Scheduler } from "../../../pipelines/engine/scheduler.ts";
import { interruption } from "../../../pipelines/engine/stored-errors.ts";
import type { EffectKind, Request, StoredError, Turn, Outcome, Engine } from "../../../pipelines/ports.ts";

/** Small numbers that look random and come out the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A program: what a Jenkinsfile could do, without the language. */
export type Op =
  | { kind: "do" }
  | { kind: "note" }
  | { kind: "parallel"; failFast: boolean; branches: Op[][] }
  | { kind: "timeout"; body: Op[] }
  | { kind: "retry"; count: number; body: Op[] }
  | { kind: "try"; body: Op[]; finallyBody: Op[] };

export function randomProgram(random: () => number, depth = 0): Op[] {
  const count = 1 + Math.floor(random() * 3);
  const ops: Op[] = [];
  for (let i = 0; i < count; i += 1) ops.push(randomOp(random, depth));
  return ops;
}

function randomOp(random: () => number, depth: number): Op {
  const x = random();
  if (x < 0.4 || depth > 2) return { kind: "do" };
  if (x < 0.52) return { kind: "note" };
  if (x < 0.72) {
    const branches: Op[][] = [];
    for (let i = 0; i < 2 + Math.floor(random() * 2); i += 1) branches.push(randomProgram(random, depth + 1));
    return { kind: "parallel", failFast: random() < 0.5, branches };
  }
  if (x < 0.82) return { kind: "timeout", body: randomProgram(random, depth + 1) };
  if (x < 0.9) return { kind: "retry", count: 2, body: randomProgram(random, depth + 1) };
  return {
    kind: "try",
    body: randomProgram(random, depth + 1),
    finallyBody: randomProgram(random, depth + 2),
  };
}

class Thrown extends Error {
  readonly stored: StoredError;
  constructor(stored: StoredError) {
    super(stored.message);
    this.stored = stored;
  }
}

const SPAN = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

function spec(kind: EffectKind, name: string, args: string, request: Request): BeginSpec {
  const { length } = args;
  return {
    kind,
    name,
    args,
    argsHash: `${length}:${args}`,
    request,
    stepNo: null,
    policy: "reattach",
    timers: [],
    stage: null,
    span: SPAN,
  };
}

/** An engine that runs such a program. `seen` is a list that all branches share: what they did, in order. */
export function programEngine(program: Op[]): Engine & { readonly seen: string[] } {
  const seen: string[] = [];
  const scheduler = new Scheduler<null, null>({
    toThrown: (error) => new Thrown(error),
    isFatal: (error) => !(error instanceof Thrown),
  });

  function* run(ops: readonly Op[]): Flow<null> {
    for (const op of ops) yield* runOne(op);
    return null;
  }

  function* runOne(op: Op): Flow<null> {
    switch (op.kind) {
      case "do": {
        const args = `do ${seen.join()}`;
        const value = yield* scheduler.effect(
          spec("exec", "do", args, { kind: "timer", afterMs: 0, activity: false }),
        );
        seen.push(JSON.stringify(value));
        return null;
      }
      case "note":
        seen.push(`note${scheduler.current.path}`);
        scheduler.mark({ kind: "text", text: seen.join(), stepNo: null });
        return null;
      case "timeout": {
        const timer = scheduler.openTimer(
          spec("timer", "timeout", "", { kind: "timer", afterMs: 1, activity: false }),
          interruption("ABORTED", "timeout"),
        );
        try {
          return yield* run(op.body);
        } finally {
          scheduler.closeTimer(timer);
        }
      }
      case "retry":
        for (let left = op.count; ; left -= 1) {
          try {
            return yield* run(op.body);
          } catch (error) {
            if (left === 1 || !(error instanceof Thrown) || error.stored.result !== undefined) throw error;
          }
        }
      case "try":
        try {
          return yield* run(op.body);
        } catch (error) {
          if (!(error instanceof Thrown)) throw error;
          seen.push(`caught ${error.message}`);
          return null;
        } finally {
          yield* run(op.finallyBody);
        }
      case "parallel": {
        const branches = op.branches.map((ops, index) => ({
          name: `b${index}`,
          context: null,
          run: () => run(ops),
        }));
        throwFirst(yield* scheduler.fork(branches, op.failFast));
        return null;
      }
    }
  }

  const root = scheduler.start("root", null, () => run(program));
  return {
    seen,
    turn(outcome?: Outcome): Turn {
      if (outcome !== undefined) scheduler.deliver(outcome, root);
      scheduler.run();
      const { ending } = root;
      if (ending === null) return scheduler.takeTurn();
      if (!ending.ok && !(ending.error instanceof Thrown)) throw ending.error;
      return scheduler.takeTurn({ result: ending.ok ? "SUCCESS" : "FAILURE", reason: null, span: null });
    },
  };
}

function throwFirst(endings: readonly Ending<null>[]): void {
  let first: Ending<null> | null = null;
  for (const ending of endings)
    if (!ending.ok && (first === null || ending.order < first.order)) first = ending;
  if (first !== null && !first.ok) throw first.error;
}
