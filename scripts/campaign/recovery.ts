import { z } from "zod";
import { readRows } from "./database.ts";
import { LOSS } from "./faults/kills.ts";
import type { Struck } from "./strike.ts";
import type { CampaignWorld } from "./world.ts";

/** How long it took until work went on, in milliseconds, and how much went on. */
export interface Recovery {
  /** From the start of a killed server to the next event of a step. */
  readonly server: readonly number[];
  /** From the start of a killed runner until the server has it and its agents again. */
  readonly runner: readonly number[];
  /** From the death of a runner that stays away until an agent of its builds has a place elsewhere. */
  readonly elsewhere: readonly number[];
  /** From the start of a killed Redis to the first build that is handed out. */
  readonly redis: readonly number[];
  /** Steps that were running when server or runner were killed, and went on. */
  readonly reattached: number;
  /** Agents that were lost and taken anew. */
  readonly retried: number;
}

/** Whatever follows later than that is no consequence any more. */
const WINDOW_MS = 60_000;

const At = z.object({ at: z.number().nullable() });

/** Reads from the database what followed each death; its times are by the same clock as ours, but for its steps. */
export function measureRecovery(world: CampaignWorld, struck: readonly Struck[]): Recovery {
  const { server, runners, redis } = world.owned;
  const first = (sinceMs: number, query: string): number[] => {
    const [row] = readRows(world.serverData, At, query, sinceMs, sinceMs + WINDOW_MS);
    return row?.at === null || row === undefined ? [] : [row.at - sinceMs];
  };
  const serverStarts = server.starts().map(({ atMs }) => atMs);
  const runnerStarts = runners.flatMap((runner) => runner.starts());
  return {
    server: serverStarts.flatMap((atMs) => first(atMs, NEXT_STEP_EVENT)),
    runner: runnerStarts.map(({ atMs, answeredAtMs }) => answeredAtMs - atMs),
    elsewhere: struck
      .filter(({ fault }) => fault.name === LOSS)
      .flatMap(({ fromMs }) => first(fromMs, ELSEWHERE)),
    redis: redis.starts().flatMap(({ atMs }) => first(atMs, NEXT_NUDGE)),
    reattached: [...serverStarts, ...runnerStarts.map(({ atMs }) => atMs)]
      .map((atMs) => countOf(world, RUNNING_AT, atMs, atMs))
      .reduce((sum, count) => sum + count, 0),
    retried: countOf(world, RETRIED),
  };
}

function countOf(world: CampaignWorld, query: string, ...values: readonly number[]): number {
  const [row] = readRows(world.serverData, z.object({ count: z.number() }), query, ...values);
  return row?.count ?? 0;
}

const NEXT_STEP_EVENT = `select min(at) as at from (
  select begun_at_ms as at from effects union all select ended_at_ms from effects
) where at > ?1 and at < ?2`;

// Where nothing waited yet, it counts from when something did.
const NEXT_NUDGE = `select ?1 + dispatched_at_ms - max(created_at_ms, ?1) as at
from outbox where dispatched_at_ms > ?1 and dispatched_at_ms < ?2 order by dispatched_at_ms limit 1`;

const RUNNING_AT = `select count(*) as count from effects
where kind = 'exec' and begun_at_ms < ? and ended_at_ms > ?`;

const RETRIED = "select count(*) as count from sessions where lost_code is not null";

const ELSEWHERE = `select min(later.assigned_at_ms) as at
from sessions as lost
join sessions as later on later.build_id = lost.build_id and later.queued_at_ms > lost.queued_at_ms
where lost.lost_code = 'runner_lost' and later.assigned_at_ms > ?1 and later.assigned_at_ms < ?2`;

/** The recovery of a campaign as lines for people. */
export function recoveryLines(recovery: Recovery): string[] {
  return [
    `${recovery.reattached} steps went on over a death, ${recovery.retried} agents were lost and taken anew or told`,
    timesLine("server started again to the next event of a step", recovery.server),
    timesLine("runner started again to its agents taken up", recovery.runner),
    timesLine("runner gone to its work placed elsewhere", recovery.elsewhere),
    timesLine("Redis started again to the next build handed out", recovery.redis),
  ];
}

function timesLine(what: string, times: readonly number[]): string {
  if (times.length === 0) return `${what}: it did not happen`;
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `${what}: ${sorted.length} times, half within ${at(0.5)} ms, p95 ${at(0.95)} ms, at most ${at(1)} ms`;
}
