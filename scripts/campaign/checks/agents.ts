import { z } from "zod";
import { readRows } from "../database.ts";
import { RUNNER_ENGINE_FAULTS } from "../faults/runner-engine.ts";
import type { Struck } from "../strike.ts";
import type { CampaignWorld } from "../world.ts";
import { KEPT_RUNNER } from "../settings.ts";

/** An engine that is shut down ends what it is just starting. */
const STARTING_MS = 10_000;

/**
 * An engine with live-restore keeps its containers: no agent was lost because it went away, but for those that it had
 * hardly begun.
 */
export function checkKept({ serverData }: CampaignWorld, struck: readonly Struck[]): string[] {
  const wasStarting = (atMs: number): boolean =>
    struck.some(
      ({ fault, fromMs, toMs }) =>
        RUNNER_ENGINE_FAULTS.includes(fault) && fromMs <= atMs + STARTING_MS && atMs <= toMs,
    );
  const lost = readRows(
    serverData,
    z.object({ build: z.number(), code: z.string(), atMs: z.number().nullable() }),
    `select sessions.build_id as build, sessions.lost_code as code, sessions.assigned_at_ms as atMs from sessions
     join runners on runners.id = sessions.runner_id
     where runners.name = ? and sessions.lost_code = 'docker_daemon'`,
    KEPT_RUNNER,
  );
  return lost
    .filter(({ atMs }) => atMs === null || !wasStarting(atMs))
    .map(
      ({ build, code }) =>
        `an agent of build ${build} was lost (${code}) at an engine that keeps its containers`,
    );
}
