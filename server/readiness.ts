import { statfs } from "node:fs/promises";
import type { Check } from "./http/contract/system.ts";
import type { Queues } from "./queue/queues.ts";
import type { Store } from "./store/store.ts";

const LEAST_FREE = 0.04;

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
  const disk = await statfs(folder);
  const free = disk.bavail / disk.blocks;
  return {
    name: "disk",
    ok: free > LEAST_FREE,
    text: `${Math.round(free * 100)} % of the disk of the data folder is free`,
    fix: free > LEAST_FREE ? null : "make room, or move SLUICE_DATA to a larger disk",
  };
}
