import { describeMismatch, sortBegins } from "../../pipelines/engine/journal.ts";
import type { Begin, Outcome, Turn } from "../../pipelines/ports.ts";
import type { EngineHandle } from "./engine/pool.ts";
import type { AbortRow } from "./journal/abort-build.ts";
import type { JournalRow } from "./journal/load-build.ts";
import { DamagedRecord, readOr } from "./damaged.ts";
import { type BeginScope, readOutcome } from "./prepare-begin.ts";
import type { BuildSeal } from "./seal.ts";

/** The journal does not fit what this version makes of the file: going on would be a guess. */
export class ReplayMismatch extends Error {
  override readonly name = "ReplayMismatch";
}

interface Options {
  readonly scope: BeginScope;
  readonly engine: EngineHandle;
  readonly rows: readonly JournalRow[];
  /** The last ord that was delivered and written. */
  readonly delivered: number;
  readonly withSecrets: (value: unknown) => Promise<unknown>;
  readonly onTurn: (turn: Turn) => void;
}

/**
 * Brings a fresh engine to where the journal ends: every outcome in the order of delivery, every begin held against its
 * row. Gives the begins whose effects are still open, with everything their owners need.
 * @throws {ReplayMismatch}
 */
export async function replay(options: Options): Promise<Begin[]> {
  const rows = new Map(options.rows.map((row) => [row.id, row]));
  const open = new Map<string, Begin>();
  const take = (turn: Turn) => {
    const sorted = sortBegins(turn.begins, (id) => rows.get(id));
    const [mismatch] = sorted.mismatched;
    if (mismatch !== undefined) throw new ReplayMismatch(describeMismatch(mismatch));
    const [unknown] = sorted.fresh;
    if (unknown !== undefined)
      throw new ReplayMismatch(
        `line ${unknown.span.line}: the journal has no ${unknown.name} as effect ${unknown.id}`,
      );
    for (const begin of turn.begins) if (rows.get(begin.id)?.state === "begun") open.set(begin.id, begin);
    options.onTurn(turn);
  };
  take(await options.engine.turn());
  const outcomes = options.rows
    .filter((row) => row.ord !== null && row.ord <= options.delivered)
    .toSorted((a, b) => (a.ord ?? 0) - (b.ord ?? 0));
  for (const row of outcomes)
    take(await options.engine.turn(await outcomeFrom(options.scope.seal, row, options.withSecrets)));
  return [...open.values()];
}

/** A row of the journal as the engine hears it. @throws {DamagedRecord} */
export async function outcomeFrom(
  seal: BuildSeal,
  row: Pick<JournalRow, "id" | "kind" | "ord" | "outcome">,
  withSecrets: (value: unknown) => Promise<unknown>,
): Promise<Outcome> {
  if (row.ord === null || row.outcome === null) throw new DamagedRecord(outcomeOf(row.id));
  if (row.kind === "abort") {
    const said = readAbort(row.id, row.outcome);
    return { ord: row.ord, ...said };
  }
  const sealed = row.outcome;
  const outcome = readOr(outcomeOf(row.id), () => readOutcome(seal, row.id, sealed));
  if ("error" in outcome) return { ord: row.ord, id: row.id, error: outcome.error };
  if (row.kind !== "read") return { ord: row.ord, id: row.id, value: outcome.value };
  const value = await withSecrets(outcome.value);
  if (!isStored(value)) throw new Error(`the value of effect ${row.id} cannot be read`);
  return { ord: row.ord, id: row.id, value };
}

function outcomeOf(effect: string): string {
  return `the outcome of effect ${effect} in this build's journal`;
}

function readAbort(id: string, bytes: Uint8Array): AbortRow {
  const read: unknown = readOr(outcomeOf(id), () => JSON.parse(new TextDecoder().decode(bytes)));
  if (!isAbort(read)) throw new DamagedRecord(outcomeOf(id));
  return read;
}

function isAbort(read: unknown): read is AbortRow {
  return typeof read === "object" && read !== null && "abort" in read && "by" in read;
}

/** Values with secrets added are values as before. */
function isStored(value: unknown): value is Exclude<Outcome, { abort: 1 | 2 } | { error: unknown }>["value"] {
  return value !== undefined && typeof value !== "function" && typeof value !== "symbol";
}
