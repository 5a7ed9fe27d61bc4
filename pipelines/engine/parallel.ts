import type { Flow } from "../interpreter/flow.ts";
import { illegalArgument } from "../interpreter/thrown.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import type { Run } from "./build.ts";
import { storedErrorOf } from "./convert.ts";
import type { Ending } from "./scheduler.ts";
import { LIMITS } from "./limits.ts";
import { isWorse } from "./build-state.ts";
import { ABORT } from "./stored-errors.ts";

/** A branch to run beside others. */
export type Branch = { readonly name: string; readonly run: () => Flow<Value> };

/**
 * Runs branches side by side, printed as Jenkins prints them. With failFast the first failure interrupts the others and
 * is thrown; otherwise all run to their end and the gravest is. The value maps names to the branches' last values.
 */
export function* runParallel(run: Run, branches: readonly Branch[], failFast: boolean): Flow<MapValue> {
  if (branches.length > LIMITS.branches)
    throw illegalArgument(`a parallel may have ${LIMITS.branches} branches, and this has ${branches.length}`);
  const names = branches.map((branch) => branch.name);
  for (const name of names) run.print(`[Pipeline] { (Branch: ${name})`);
  const context = { ...run.context, inParallel: true };
  const endings = yield* run.scheduler.fork(
    branches.map((branch) => ({
      name: branch.name,
      context,
      run: () => oneBranch(run, branch, branches.length > 1),
    })),
    failFast,
  );
  const failure = gravest(endings, failFast);
  if (failure !== null) throw failure.error;
  const values = new MapValue();
  for (const [index, ending] of endings.entries())
    if (ending.ok) values.set(names[index] ?? "", ending.value);
  return values;
}

function* oneBranch(run: Run, branch: Branch, hasSiblings: boolean): Flow<Value> {
  try {
    return yield* branch.run();
  } catch (error) {
    if (hasSiblings || storedErrorOf(error) !== undefined) run.print(`Failed in branch ${branch.name}`);
    throw error;
  } finally {
    run.print("[Pipeline] }");
  }
}

type Failure = Extract<Ending<Value>, { ok: false }>;

function gravest(endings: readonly Ending<Value>[], failFast: boolean): Failure | null {
  let found: Failure | null = null;
  for (const ending of endings) {
    if (ending.ok) continue;
    if (found === null || isGraver(ending, found, failFast)) found = ending;
  }
  return found;
}

/** Our own errors and limits first; then other exceptions, AbortException, interruptions by result; ties by time. */
function isGraver(a: Failure, b: Failure, failFast: boolean): boolean {
  const [rankA, rankB] = [rank(a.error), rank(b.error)];
  if (rankA === 4 || rankB === 4) return rankA > rankB;
  if (failFast || rankA === rankB) {
    const [storedA, storedB] = [storedErrorOf(a.error), storedErrorOf(b.error)];
    if (
      !failFast &&
      storedA?.result !== undefined &&
      storedB?.result !== undefined &&
      storedA.result !== storedB.result
    )
      return isWorse(storedB.result, storedA.result);
    return a.order < b.order;
  }
  return rankA > rankB;
}

function rank(error: unknown): number {
  const stored = storedErrorOf(error);
  if (stored === undefined) return 4;
  if (stored.result !== undefined) return 1;
  return stored.class === ABORT ? 2 : 3;
}
