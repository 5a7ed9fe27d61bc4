import type { Store } from "../store/store.ts";
import { lineOf, type Wait } from "../waits/describe.ts";
import { waitsOf } from "../waits/waits-of.ts";

/** Why a build stands where it stands: what it waits for as data, and all of it as lines for people. */
export interface Explained {
  readonly lines: readonly string[];
  readonly waits: readonly Wait[];
}

/** Says what an unfinished build waits for, since when and who or what can end it, and which steps are at work. */
export async function explain(store: Store, buildId: number): Promise<Explained> {
  const build = await store.db.selectFrom("builds").selectAll().where("id", "=", buildId).executeTakeFirst();
  if (build === undefined) return { lines: [], waits: [] };
  if (build.endedAtMs !== null)
    return {
      lines: [
        build.reasonText === null ? `it has ended: ${build.state}` : `${build.state}: ${build.reasonText}`,
      ],
      waits: [],
    };
  const waits = (await waitsOf(store, [build])).get(buildId) ?? [];
  const lines: string[] = [];
  if (build.cancelLevel > 0)
    lines.push(
      `it is being stopped by ${build.cancelBy ?? "somebody"}; asking again ends it with more force`,
    );
  lines.push(...waits.map(lineOf));
  for (const step of await stepsOf(store, buildId))
    lines.push(`step ${step.stepNo} runs: ${step.label ?? step.name}`);
  if (lines.length === 0)
    lines.push(
      build.state === "queued"
        ? "queued: it starts within seconds"
        : `${build.state}: nothing waits for anybody; its next turn comes at once`,
    );
  return { lines, waits };
}

async function stepsOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("steps")
    .innerJoin("effects", (join) =>
      join.onRef("effects.buildId", "=", "steps.buildId").onRef("effects.id", "=", "steps.effectId"),
    )
    .select(["steps.stepNo as stepNo", "steps.name as name", "steps.label as label"])
    .where("steps.buildId", "=", buildId)
    .where("effects.state", "=", "begun")
    .where("effects.kind", "in", ["exec", "checkout", "image", "blob", "file", "http", "message"])
    .execute();
}
