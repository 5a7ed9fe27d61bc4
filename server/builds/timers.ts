import type { Store } from "../store/store.ts";
import type { DueEffect } from "../queue/timers.ts";
import { expireInput } from "./journal/decide-input.ts";
import { endEffects, postponeTimer } from "./journal/end-effects.ts";
import { sealOutcome } from "./prepare-begin.ts";
import type { BuildSeal } from "./seal.ts";
import { interruption, refusal } from "./translate/failure.ts";

/** Ends an effect whose time has come: a timer with nothing, a gate as expired. */
export async function endDue(
  deps: {
    readonly store: Store;
    readonly sealOf: (buildId: number) => Promise<BuildSeal>;
    readonly poke: (buildId: number) => void;
    /** When the build last printed anything; null when not since this process started. */
    readonly lastOutputAtMs: (buildId: number) => number | null;
  },
  due: DueEffect,
): Promise<void> {
  if (due.kind === "timer" && (await postponed(deps, due))) return;
  const seal = await deps.sealOf(due.buildId);
  if (due.kind !== "gate") {
    const outcome = sealOutcome(
      seal,
      due.effectId,
      due.kind === "lock"
        ? { error: refusal("the lock was not free within its time", "timeout") }
        : { value: null },
    );
    const ends = [{ buildId: due.buildId, effectId: due.effectId, outcome, exitCode: null }];
    for (const build of await deps.store.call(endEffects, { ends })) deps.poke(build);
    return;
  }
  const gate = await deps.store.db
    .selectFrom("gates")
    .select("id")
    .where("buildId", "=", due.buildId)
    .where("effectId", "=", due.effectId)
    .where("kind", "=", "input")
    .executeTakeFirst();
  if (gate === undefined) return;
  const error = { ...interruption("ABORTED", "nobody decided in time"), code: "expired" };
  const outcome = sealOutcome(seal, due.effectId, { error });
  const build = await deps.store.call(expireInput, { gateId: gate.id, outcome });
  if (build !== null) deps.poke(build);
}

/** A timer of `timeout(activity: true)` is due only when nothing was printed for its whole time. */
async function postponed(
  deps: { readonly store: Store; readonly lastOutputAtMs: (buildId: number) => number | null },
  due: DueEffect,
): Promise<boolean> {
  const row = await deps.store.db
    .selectFrom("effects")
    .select("idleMs")
    .where("buildId", "=", due.buildId)
    .where("id", "=", due.effectId)
    .executeTakeFirst();
  const last = deps.lastOutputAtMs(due.buildId);
  if (row?.idleMs === null || row?.idleMs === undefined || last === null) return false;
  const dueAtMs = last + row.idleMs;
  if (dueAtMs <= (await deps.store.nowMs())) return false;
  await deps.store.call(postponeTimer, { buildId: due.buildId, effectId: due.effectId, dueAtMs });
  return true;
}
