import { sql } from "kysely";
import { z } from "zod";
import type { Stored } from "../../pipelines/ports.ts";
import type { Config } from "../config.ts";
import type { Store } from "../store/store.ts";
import { abortBuild } from "./journal/abort-build.ts";
import { endAwaited } from "./journal/end-awaited.ts";
import { otherBuild, type OtherBuildRow } from "./other-build.ts";
import { sealOutcome } from "./prepare-begin.ts";
import type { BuildSeal } from "./seal.ts";

const ROUND_LIMIT = 500;
const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
}

/**
 * Ends `build` and `waitForBuild` steps whose builds have come as far as they wait for, and stops the builds of steps
 * that were stopped themselves, where such a build goes with its step. Says how many.
 */
export async function endAwaitedBuilds(deps: Deps): Promise<number> {
  let ended = 0;
  for (const wait of await waitsOf(deps.store)) {
    const other = await deps.store.db
      .selectFrom("builds")
      .innerJoin("projects", "projects.id", "builds.projectId")
      .selectAll("builds")
      .select("projects.key")
      .where("builds.id", "=", Number(wait.key))
      .executeTakeFirst();
    if (wait.state !== "begun") {
      // The step waits no more; what it started for itself alone goes with it.
      if (other !== undefined && other.endedAtMs === null && wait.kind === "build")
        await deps.store.call(abortBuild, {
          buildId: other.id,
          by: `build ${wait.buildId}`,
          result: "ABORTED",
          reason: "the build that waited for it was stopped",
          atLeast: 1,
        });
      await deps.store.call(endAwaited, { wait, outcome: null });
      if (other !== undefined) deps.poke(other.id);
      continue;
    }
    const value = other === undefined ? null : awaitedBuild(other, deps.config.publicUrl);
    const seal = await deps.sealOf(wait.buildId);
    const outcome = sealOutcome(seal, wait.effectId, { value });
    if (await deps.store.call(endAwaited, { wait, outcome })) ended += 1;
    deps.poke(wait.buildId);
  }
  return ended;
}

/** Steps whose build has something to tell, or that were stopped; those that go on waiting are left in the database. */
async function waitsOf(store: Store) {
  return await store.db
    .selectFrom("signals")
    .innerJoin("effects", (join) =>
      join.onRef("effects.buildId", "=", "signals.buildId").onRef("effects.id", "=", "signals.effectId"),
    )
    .leftJoin("builds", (join) => join.on("builds.id", "=", sql<number>`cast(signals.key as bigint)`))
    .select(["signals.buildId", "signals.effectId", "signals.kind", "signals.key", "effects.state"])
    .where("signals.kind", "in", ["build", "build_start", "build_end"])
    .where((eb) =>
      eb.or([
        eb("effects.state", "!=", "begun"),
        eb("builds.id", "is", null),
        eb("builds.endedAtMs", "is not", null),
        eb.and([eb("signals.kind", "=", "build_start"), eb("builds.startedAtMs", "is not", null)]),
      ]),
    )
    .orderBy("signals.sinceMs")
    .limit(ROUND_LIMIT)
    .execute();
}

/** A build with its parameters, as the step that waited for it gives it. */
export function awaitedBuild(
  row: OtherBuildRow & { readonly key: string; readonly parameters: string },
  publicUrl: string,
): Stored {
  return otherBuild(row, { key: row.key, publicUrl }, parametersOf(row.parameters));
}

function parametersOf(text: string): Record<string, string> {
  const read = Parameters.safeParse(JSON.parse(text));
  return read.success
    ? Object.fromEntries(Object.entries(read.data).map(([name, value]) => [name, String(value)]))
    : {};
}
