import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { type Actor, refused, type WorldBuilds } from "../http/world.ts";
import type { Vault } from "../secrets/vault.ts";
import type { BuildState } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import { type BuildFiles, readConsole, type RecordedLogs } from "./console.ts";
import { explain } from "./explain.ts";
import { findFailure } from "./failure.ts";
import { frozenFacts } from "./frozen-facts.ts";
import { abortBuild } from "./journal/abort-build.ts";
import type { StepLogs } from "./logs.ts";
import type { BuildSeal } from "./seal.ts";
import type { Sources } from "./sources.ts";
import { restartBuild, startBuild } from "./start-build.ts";

/** What pages and programs may do with builds. */
export function createBuilds(deps: {
  readonly store: Store;
  readonly config: Config;
  readonly vault: Vault;
  readonly sources: Sources;
  readonly files: BuildFiles;
  readonly logs: StepLogs;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
  readonly placesChanged: () => void;
  readonly log: Logger;
}): WorldBuilds {
  const { store } = deps;
  return {
    start: (request, by) => startBuild(deps, request, by),
    restart: (buildId, stage, by) => restartBuild(deps, buildId, stage, by),
    async abort(buildId, level, by: Actor) {
      const result = await store.call(abortBuild, {
        buildId,
        by: by.login,
        result: "ABORTED",
        reason: `Aborted by ${by.login}`,
        atLeast: level,
      });
      if (result.kind === "over") return refused(409, "conflict", "this build has ended");
      deps.poke(buildId);
      deps.placesChanged();
      return { ok: true, value: null };
    },
    explain: (buildId) => explain(store, buildId),
    async *console(buildId) {
      const unbegun = await endOfUnbegun(store, buildId);
      if (unbegun !== null) yield Buffer.from(unbegun);
      else yield* readConsole(deps.files, buildId, await recordedLogs(store, buildId));
    },
    failure: (buildId) => findFailure(deps, buildId),
    frozen: (buildId) => frozenFacts(deps, buildId),
  };
}

/** How a build's end is called in consoles. */
const FINISHED: Readonly<Partial<Record<BuildState, string>>> = {
  aborted: "ABORTED",
  not_built: "NOT_BUILT",
  failed: "FAILURE",
};

/** The console of a build that ended before an engine had it: nobody has written one. Null for all others. */
async function endOfUnbegun({ db }: Store, buildId: number): Promise<string | null> {
  const row = await db
    .selectFrom("builds")
    .select(["state", "reasonText"])
    .where("id", "=", buildId)
    .where("startedAtMs", "is", null)
    .where("endedAtMs", "is not", null)
    .where("consoleLength", "=", 0)
    .executeTakeFirst();
  if (row === undefined || !(row.state in FINISHED)) return null;
  const reason = row.reasonText === null ? "" : `${row.reasonText}\n`;
  return `${reason}Finished: ${FINISHED[row.state]}\n`;
}

/** What the rows say of the logs of steps that have ended. */
async function recordedLogs({ db }: Store, buildId: number): Promise<RecordedLogs> {
  const rows = await db
    .selectFrom("steps")
    .select(["stepNo", "logBytes"])
    .where("buildId", "=", buildId)
    .where("endedAtMs", "is not", null)
    .execute();
  return new Map(rows.map(({ stepNo, logBytes }) => [stepNo, logBytes]));
}
