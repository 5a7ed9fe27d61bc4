import type { Check } from "./http/contract/system.ts";
import type { Queues } from "./queue/queues.ts";
import type { Store } from "./store/store.ts";
import { freePart, holdForDisk, percent } from "./upkeep/disk.ts";
import { readSafeMode, SAFE_MODE_FIX, SAFE_MODE_TEXT } from "./upkeep/safe-mode.ts";

/** Whether each part that the server needs is there, with what to do where it is not. */
export async function checkReadiness(deps: {
  readonly store: Store;
  readonly queues: Queues;
  readonly dataFolder: string;
  readonly draining: () => boolean;
}): Promise<Check[]> {
  return [
    ...(deps.draining() ? [{ name: "server", ok: false, text: "the server is stopping", fix: null }] : []),
    await checkDatabase(deps.store),
    ...(await checkSafeMode(deps.store)),
    await checkQueue(deps.queues),
    await checkRunners(deps.store),
    await checkDisk(deps.dataFolder),
  ];
}

async function checkDatabase(store: Store): Promise<Check> {
  try {
    await store.nowMs();
    return { name: "database", ok: true, text: `${store.dialect} answers`, fix: null };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { name: "database", ok: false, text, fix: "look at the database's own log" };
  }
}

async function checkQueue(queues: Queues): Promise<Check> {
  const { answers, problems } = await queues.check();
  if (!answers)
    return {
      name: "queue",
      ok: false,
      text: "Redis does not answer; builds are accepted and start when it is back",
      fix: "start Redis",
    };
  return {
    name: "queue",
    ok: problems.length === 0,
    text: problems.length === 0 ? "Redis answers" : problems.join("; "),
    fix: problems.length === 0 ? null : "change these settings of Redis",
  };
}

async function checkRunners(store: Store): Promise<Check> {
  const rows = await store.db
    .selectFrom("runners")
    .select(["name", "state", "problem"])
    .where("state", "!=", "revoked")
    .execute();
  const online = rows.filter((row) => row.state !== "offline");
  const problem = online.find((row) => row.problem !== null);
  if (online.length === 0)
    return {
      name: "runner",
      ok: false,
      text: "no runner is online",
      fix: "start one: sluice runner, or sluice serve without --no-runner",
    };
  if (problem !== undefined)
    return {
      name: "runner",
      ok: true,
      text: `${problem.name}: ${problem.problem ?? ""}`,
      fix: "scripts/agent-image makes the image",
    };
  return { name: "runner", ok: true, text: `online: ${online.map((row) => row.name).join(", ")}`, fix: null };
}

async function checkDisk(folder: string): Promise<Check> {
  const free = await freePart(folder);
  const hold = holdForDisk(free);
  return {
    name: "disk",
    ok: hold === null,
    text:
      hold === null
        ? `${percent(free)} of the disk of the data folder is free`
        : `${percent(free)} of the disk of the data folder is free: no new build starts`,
    fix: hold === null ? null : "make room, or move SLUICE_DATA to a larger disk",
  };
}

/** Named only while it is on. It is no fault: behind a balancer the page must stay in reach, to look and to end it. */
export async function checkSafeMode(store: Store): Promise<Check[]> {
  const safe = await readSafeMode(store).catch(() => null);
  return safe === null ? [] : [{ name: "safe-mode", ok: true, text: SAFE_MODE_TEXT, fix: SAFE_MODE_FIX }];
}
