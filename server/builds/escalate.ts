import { indexed } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import { abortBuild } from "./journal/abort-build.ts";
import { endEffects } from "./journal/end-effects.ts";
import { sealOutcome } from "./prepare-begin.ts";
import type { BuildSeal } from "./seal.ts";
import { interruption } from "./translate/failure.ts";

/** What a stopped build may take at each level before the next one comes by itself. */
const LEVEL_1_MS = 15 * 60_000;
const LEVEL_2_MS = 2 * 60_000;
/** How long a cancelled command may go on before the server ends its effect by force. */
const FORCE_MS = 60_000;

/** Ends what does not end by itself: stops that take too long, commands that answer no cancel. The number of both. */
export async function escalate(deps: {
  readonly store: Store;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
}): Promise<number> {
  const { store } = deps;
  const nowMs = await store.nowMs();
  const slow = await store.db
    .selectFrom("builds")
    .select(["id", "cancelLevel", "cancelBy"])
    .where(indexed("stopping"))
    .where((eb) =>
      eb.or([
        eb.and([eb("cancelLevel", "=", 1), eb("cancelAtMs", "<", nowMs - LEVEL_1_MS)]),
        eb.and([eb("cancelLevel", "=", 2), eb("cancelAtMs", "<", nowMs - LEVEL_2_MS)]),
      ]),
    )
    .execute();
  for (const build of slow) {
    const by = build.cancelBy ?? "Sluice";
    await store.call(abortBuild, {
      buildId: build.id,
      by,
      result: "ABORTED",
      reason: `Aborted by ${by}`,
      atLeast: build.cancelLevel === 1 ? 2 : 3,
    });
    deps.poke(build.id);
  }
  const stuck = await store.db
    .selectFrom("commands as cancel")
    .innerJoin("sessions", "sessions.id", "cancel.sessionId")
    .innerJoin("effects", (join) => join.onRef("effects.buildId", "=", "sessions.buildId"))
    .select(["effects.buildId as buildId", "effects.id as effectId"])
    .where(indexed("cancel"))
    .where("cancel.createdAtMs", "<", nowMs - FORCE_MS)
    .where("cancel.createdAtMs", ">", nowMs - 24 * 3_600_000)
    .where("effects.state", "=", "begun")
    .whereRef("cancel.id", "=", (eb) => eb.fn<string>("concat", ["effects.handle", eb.val(".x")]))
    .execute();
  for (const { buildId, effectId } of stuck) {
    const seal = await deps.sealOf(buildId);
    const error = interruption("ABORTED", "it did not end within a minute after it was told to");
    const ends = [{ buildId, effectId, outcome: sealOutcome(seal, effectId, { error }), exitCode: null }];
    for (const build of await store.call(endEffects, { ends })) deps.poke(build);
  }
  return slow.length + stuck.length;
}
