import { z } from "zod";
import { readRows } from "./database.ts";
import { LOSS } from "./faults/kills.ts";
import type { Struck } from "./strike.ts";
import type { CampaignWorld } from "./world.ts";

/** How long it took until work went on once, and whether another fault was under way meanwhile. */
export interface Recovered {
  readonly ms: number;
  readonly isDisturbed: boolean;
}

/** How long it took until work went on, and how much went on. */
export interface Recovery {
  /** From the start of a killed server to the next event of a step. */
  readonly server: readonly Recovered[];
  /** From the start of a killed runner until the server has it and its agents again. */
  readonly runner: readonly Recovered[];
  /** From the death of a runner that stays away until an agent of its builds has a place elsewhere. */
  readonly elsewhere: readonly Recovered[];
  /** From the start of a killed Redis to the first build that is handed out. */
  readonly redis: readonly Recovered[];
  /** Steps that were running when server or runner were killed, and went on. */
  readonly reattached: number;
  /** Agents that were lost and taken anew. */
  readonly retried: number;
}

/** Whatever follows later than that is no consequence any more. */
const WINDOW_MS = 60_000;

/** What takes longer is told of with what was waited for: a build that sleeps may be all there is. */
const SLOW_MS = 10_000;

const At = z.object({ at: z.number().nullable() });
const Count = z.object({ count: z.number() });
const Id = z.object({ id: z.string() });
const UnderWay = z.object({ kind: z.string(), name: z.string(), buildId: z.number() });

/** Gathers what followed each death. */
export interface RecoveryMeter {
  /** Looks at what was struck since the last look; old rows do not stay, least of all where the clock steps. */
  look(struck: readonly Struck[]): void;
  readonly found: Recovery;
}

/** Reads what followed from the database: its times are by the same clock as ours, but where that is made to step. */
export function createRecoveryMeter(world: CampaignWorld): RecoveryMeter {
  const { server, runners, redis } = world.owned;
  const found = {
    server: new Array<Recovered>(),
    runner: new Array<Recovered>(),
    elsewhere: new Array<Recovered>(),
    redis: new Array<Recovered>(),
    reattached: 0,
    retried: 0,
  };
  const lost = new Set<string>();
  let lookedAtMs = 0;
  const slowText = (startedAtMs: number, ms: number): string => {
    const waited = readRows(world.serverData, UnderWay, UNDER_WAY_AT, startedAtMs, startedAtMs + ms);
    const texts = waited.map(({ kind, name, buildId }) => `${kind} ${name} of b${buildId}`);
    return `${ms} ms from a start of the server to the next event of a step; all the time there was: ${texts.join(", ") || "nothing"}`;
  };
  return {
    found,
    look: (struck) => {
      const isNew = ({ atMs }: { readonly atMs: number }): boolean => atMs > lookedAtMs;
      const recovered = (sinceMs: number, ms: number): Recovered => {
        // One of them is the fault itself: what was killed is started again before it counts as undone.
        const around = struck.filter(({ fromMs, toMs }) => fromMs <= sinceMs + ms && toMs >= sinceMs);
        return { ms, isDisturbed: around.length > 1 };
      };
      const first = (sinceMs: number, query: string): Recovered[] => {
        const [row] = readRows(world.serverData, At, query, sinceMs, sinceMs + WINDOW_MS);
        const at = row?.at ?? null;
        if (at === null) return [];
        const isBySteppedClock = struck.some(
          ({ fault, fromMs, toMs }) => fault.touches.includes("clock") && fromMs <= at && toMs >= sinceMs,
        );
        return isBySteppedClock ? [] : [recovered(sinceMs, at - sinceMs)];
      };
      const serverStarts = server.starts().filter(isNew);
      const runnerStarts = runners.flatMap((runner) => runner.starts()).filter(isNew);
      const losses = struck.filter(({ fault, fromMs }) => fault.name === LOSS && fromMs > lookedAtMs);
      for (const { atMs } of serverStarts)
        for (const next of first(atMs, NEXT_STEP_EVENT)) {
          found.server.push(next);
          if (next.ms > SLOW_MS) world.say(`slow    ${slowText(atMs, next.ms)}`);
        }
      found.runner.push(
        ...runnerStarts.map(({ atMs, answeredAtMs }) => recovered(atMs, answeredAtMs - atMs)),
      );
      found.elsewhere.push(...losses.flatMap(({ fromMs }) => first(fromMs, ELSEWHERE)));
      found.redis.push(
        ...redis
          .starts()
          .filter(isNew)
          .flatMap(({ atMs }) => first(atMs, NEXT_NUDGE)),
      );
      for (const { atMs } of [...serverStarts, ...runnerStarts]) {
        const [row] = readRows(world.serverData, Count, RUNNING_AT, atMs, atMs);
        found.reattached += row?.count ?? 0;
      }
      for (const { id } of readRows(world.serverData, Id, LOST)) lost.add(id);
      found.retried = lost.size;
      lookedAtMs = Date.now();
    },
  };
}

const NEXT_STEP_EVENT = `select min(at) as at from (
  select begun_at_ms as at from effects union all select ended_at_ms from effects
) where at > ?1 and at < ?2`;

// Where nothing waited yet, it counts from when something did.
const NEXT_NUDGE = `select ?1 + dispatched_at_ms - max(created_at_ms, ?1) as at
from outbox where dispatched_at_ms > ?1 and dispatched_at_ms < ?2 order by dispatched_at_ms limit 1`;

const RUNNING_AT = `select count(*) as count from effects
where kind = 'exec' and begun_at_ms < ? and ended_at_ms > ?`;

const UNDER_WAY_AT = `select kind, name, build_id as buildId from effects
where begun_at_ms <= ?1 and (ended_at_ms is null or ended_at_ms >= ?2) order by build_id limit 20`;

const LOST = "select id from sessions where lost_code is not null";

const ELSEWHERE = `select min(later.assigned_at_ms) as at
from sessions as lost
join sessions as later on later.build_id = lost.build_id and later.queued_at_ms >= lost.closed_at_ms
where lost.lost_code = 'runner_lost' and lost.closed_at_ms > ?1 and lost.assigned_at_ms < ?1
and later.assigned_at_ms < ?2`;

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

function timesLine(what: string, all: readonly Recovered[]): string {
  if (all.length === 0) return `${what}: it did not happen`;
  const alone = all.filter(({ isDisturbed }) => !isDisturbed);
  const undisturbed =
    alone.length === 0 || alone.length === all.length
      ? ""
      : `; with nothing else struck meanwhile ${spread(alone)}`;
  return `${what}: ${spread(all)}${undisturbed}`;
}

function spread(times: readonly Recovered[]): string {
  const sorted = times.map(({ ms }) => ms).toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `${sorted.length} times, half within ${at(0.5)} ms, p95 ${at(0.95)} ms, at most ${at(1)} ms`;
}
