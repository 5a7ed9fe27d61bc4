import { z } from "zod";
import { readRows } from "../database.ts";
import type { CampaignWorld } from "../world.ts";
import { KEPT_RUNNER } from "../settings.ts";

/** An engine with live-restore keeps its containers: no agent was lost because it went away. */
export function checkKept({ serverData }: CampaignWorld): string[] {
  const lost = readRows(
    serverData,
    z.object({ build: z.number(), code: z.string() }),
    `select sessions.build_id as build, sessions.lost_code as code from sessions
     join runners on runners.id = sessions.runner_id
     where runners.name = ? and sessions.lost_code = 'docker_daemon'`,
    KEPT_RUNNER,
  );
  return lost.map(
    ({ build, code }) =>
      `an agent of build ${build} was lost (${code}) at an engine that keeps its containers`,
  );
}
