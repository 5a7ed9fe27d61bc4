import type { Logger } from "pino";
import { sealCommand, sealOutcome } from "../builds/prepare-begin.ts";
import type { BuildSeal } from "../builds/seal.ts";
import { lossOf } from "../builds/translate/failure.ts";
import type { Store } from "../store/store.ts";
import { createListening } from "./listening.ts";
import {
  endBegunLate,
  findBegunLate,
  findIdle,
  findStranded,
  loseSession,
  openEffectsOf,
  parkSession,
  placeSessions,
  requeueSession,
} from "./runner-procedures.ts";

/** Gives sessions their places and ends those whose runner is gone. */
export interface Sessions {
  /** Something changed: a session waits, a place is free, a runner came. Looks soon, once for many calls. */
  placesChanged(): void;
  /** A runner said that it does not have this session, or lost it. */
  lost(session: string, code: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 2_000;
/** How long an agent may wait for a person with its containers running. */
const PARK_AFTER_MS = 60_000;

export function createSessions(deps: {
  readonly store: Store;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
  /** Sessions that have commands for their runner now. */
  readonly assigned: (sessions: readonly string[]) => void;
  readonly log: Logger;
  /** Null: agents are never parked. */
  readonly parkAfterMs?: number | null;
  /** How much time a test has let pass on the database's clock alone; what else moves that clock is a step of it. */
  readonly passedMs?: () => number;
}): Sessions {
  const { store, log } = deps;
  const parkAfterMs = deps.parkAfterMs === undefined ? PARK_AFTER_MS : deps.parkAfterMs;
  let wanted = false;
  const listening = createListening();
  const listeningSince = async (): Promise<number> =>
    listening.since({
      passedMs: deps.passedMs?.() ?? 0,
      databaseMs: await store.nowMs(),
      monotonicMs: performance.now(),
    });
  listeningSince().catch(() => {}); // the first look asks again
  let running: Promise<void> | null = null;
  let stopped = false;

  async function placeAll(): Promise<void> {
    while (wanted && !stopped) {
      wanted = false;
      const placed = await store.call(placeSessions, {});
      if (placed.length > 0) deps.assigned(placed.map(({ session }) => session));
    }
  }

  function placesChanged(): void {
    wanted = true;
    if (running !== null || stopped) return;
    running = placeAll()
      .catch((err: unknown) => log.error({ err }, "sessions could not be placed"))
      .finally(() => {
        running = null;
        if (wanted) placesChanged();
      });
  }

  async function lost(session: string, code: string, text: string): Promise<void> {
    for (;;) {
      const { buildId, ends } = await endsOf(session, code, text);
      if (buildId === 0) return;
      const result = await store.call(loseSession, { session, code, text, ends });
      if (result.again) continue;
      if (!result.lost) return;
      log.warn({ session, code }, "an agent session was lost");
      deps.poke(result.buildId);
      placesChanged();
      return;
    }
  }

  /** What is open in a session, with the words of its loss. */
  async function endsOf(session: string, code: string, text: string) {
    const { buildId, effects } = await store.call(openEffectsOf, { session });
    if (buildId === 0) return { buildId, ends: [] };
    const seal = await deps.sealOf(buildId);
    const error = lossOf(code, text);
    return {
      buildId,
      ends: effects.map((effectId) => ({ effectId, outcome: sealOutcome(seal, effectId, { error }) })),
    };
  }

  /** A turn may begin a step in an agent that was lost while the turn was made. */
  async function endBegunInLost(): Promise<void> {
    for (const { session, code, text } of await store.call(findBegunLate, {})) {
      const { buildId, ends } = await endsOf(session, code, text);
      if (await store.call(endBegunLate, { session, ends })) deps.poke(buildId);
    }
  }

  async function look(): Promise<void> {
    // What runners said while nobody listened does not count against them.
    const upSinceMs = await listeningSince();
    for (const stranded of await store.call(findStranded, { upSinceMs })) {
      const text = `the runner ${stranded.runner} is gone`;
      if (!stranded.opened && (await store.call(requeueSession, { session: stranded.session }))) {
        log.info({ session: stranded.session }, "an agent that was not open yet is placed elsewhere");
        placesChanged();
      } else await lost(stranded.session, "runner_lost", text);
    }
    await endBegunInLost();
    await parkIdle();
    placesChanged();
  }

  /** A session in which everybody waits for a person stops its containers and gives its place back. */
  async function parkIdle(): Promise<void> {
    if (parkAfterMs === null) return;
    for (const { session, buildId } of await store.call(findIdle, { idleMs: parkAfterMs })) {
      const seal = await deps.sealOf(buildId);
      const at = await store.nowMs();
      const command = sealCommand(seal, { type: "park", id: `${session}.p${at}` }, null, null);
      if (!(await store.call(parkSession, { session, command }))) continue;
      log.info({ session, build: buildId }, "an agent whose build waits for others is parked");
      deps.assigned([session]);
    }
  }

  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    if (looking !== null) return;
    looking = look()
      .catch((err: unknown) => log.warn({ err }, "runners could not be looked at"))
      .finally(() => {
        looking = null;
      });
  }, LOOK_MS);

  return {
    placesChanged,
    lost,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await looking;
      await running;
    },
  };
}
