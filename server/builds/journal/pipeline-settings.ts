import { z } from "zod";
import type { Steps, Transaction } from "../../store/procedure.ts";

/** The part of a file's settings that decides when its next builds may start. */
const PipelineSettings = z.object({
  properties: z.array(z.object({ name: z.string(), args: z.unknown() })).default([]),
});

const Concurrency = z.object({ abortPrevious: z.boolean().default(false) });

/** Name of the row that keeps what the file of a ref asked for. */
export function pipelineSettingsName(projectId: number, ref: string): string {
  return `pipeline:${projectId}:${ref}`;
}

/** The project and ref of such a name; null: it is the name of something else. */
export function readPipelineSettingsName(name: string): { projectId: number; ref: string } | null {
  const [, project, ref] = /^pipeline:(\d+):(.+)$/su.exec(name) ?? [];
  return project === undefined || ref === undefined ? null : { projectId: Number(project), ref };
}

/** Keeps what a file asks for the next builds of its ref. */
export function* writePipelineSettings(
  tx: Transaction,
  settings: { readonly name: string; readonly body: string },
): Steps<void> {
  const values = { body: settings.body, updatedAtMs: tx.nowMs };
  yield* tx.run(
    tx.db
      .insertInto("settings")
      .values({ name: settings.name, ...values })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(values)),
  );
}

/** What a file rules about the builds of its ref. */
export interface PipelineRules {
  /** One build at a time, and whether a newer one stops it; null: side by side. */
  readonly oneAtATime: { readonly abortPrevious: boolean } | null;
  /** How long a build waits before it starts, in case more is pushed. */
  readonly quietMs: number;
  /** How long its builds are kept, and files that they archived; null: as the server says. */
  readonly keep: Keep | null;
}

/** `buildDiscarder(logRotator(…))`; null: no limit of that kind. */
export interface Keep {
  readonly builds: number | null;
  readonly days: number | null;
  readonly artifactBuilds: number | null;
  readonly artifactDays: number | null;
}

const NO_RULES: PipelineRules = { oneAtATime: null, quietMs: 0, keep: null };

/** What the file of a ref rules about its builds. */
export function* pipelineRules(tx: Transaction, projectId: number, ref: string): Steps<PipelineRules> {
  const row = yield* tx.first(
    tx.db.selectFrom("settings").select("body").where("name", "=", pipelineSettingsName(projectId, ref)),
  );
  return row === undefined ? NO_RULES : readRules(row.body);
}

/** The rules in the row of a ref; what cannot be read rules nothing. */
export function readRules(body: string): PipelineRules {
  const { properties } = PipelineSettings.catch({ properties: [] }).parse(JSON.parse(body));
  const argsOf = (...names: string[]): unknown => {
    const found = properties.findLast(({ name }) => names.includes(name));
    return found === undefined ? undefined : (plain(found.args) ?? {});
  };
  const one = argsOf("disableConcurrentBuilds");
  const quiet = Quiet.safeParse(argsOf("quietPeriod"));
  const keep = Discarder.safeParse(argsOf("buildDiscarder", "BuildDiscarderProperty"));
  return {
    oneAtATime: one === undefined ? null : Concurrency.catch({ abortPrevious: false }).parse(one),
    quietMs: quiet.success ? quiet.data * 1000 : 0,
    keep: keep.success ? keep.data : null,
  };
}

const Seconds = z.coerce.number().int().min(0).max(86_400);
const Quiet = z.union([
  z.number().int().min(0).max(86_400),
  z.object({ quietPeriod: Seconds }).transform((args) => args.quietPeriod),
  z.object({ value: Seconds }).transform((args) => args.value),
]);

/** As Jenkins reads it: text or a number; empty, or not above zero, is no limit. */
const Limit = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((said) => {
    const limit = said === null || said === undefined || said === "" ? Number.NaN : Number(said);
    return Number.isSafeInteger(limit) && limit > 0 ? limit : null;
  });
const Rotator = z
  .object({
    numToKeepStr: Limit,
    daysToKeepStr: Limit,
    artifactNumToKeepStr: Limit,
    artifactDaysToKeepStr: Limit,
  })
  .transform((said) => ({
    builds: said.numToKeepStr,
    days: said.daysToKeepStr,
    artifactBuilds: said.artifactNumToKeepStr,
    artifactDays: said.artifactDaysToKeepStr,
  }));
const Discarder = z.union([
  z.object({ value: Rotator }).transform((args) => args.value),
  z.object({ strategy: Rotator }).transform((args) => args.strategy),
  Rotator,
]);

const StoredMap = z.object({ $: z.literal("map"), v: z.array(z.tuple([z.unknown(), z.unknown()])) });
const StoredDescription = z.object({ $: z.literal("description"), v: z.unknown() });

/** A stored value as plain data: maps and described objects become objects of their fields. */
function plain(value: unknown): unknown {
  const described = StoredDescription.safeParse(value);
  if (described.success) return plain(described.data.v);
  const map = StoredMap.safeParse(value);
  if (map.success) return Object.fromEntries(map.data.v.map(([key, inner]) => [String(key), plain(inner)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
