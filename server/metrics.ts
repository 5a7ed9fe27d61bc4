import type { Store } from "./store/store.ts";

/** Gauges of what runs and waits, as Prometheus text. */
export async function metricsText(deps: {
  readonly store: Store;
  readonly loaded: () => number;
  readonly deployments: () => number;
}): Promise<string> {
  const { store } = deps;
  const builds = await countBy(store, "builds");
  const sessions = await countBy(store, "sessions");
  const gates = await store.db
    .selectFrom("gates")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("state", "=", "open")
    .executeTakeFirst();
  const lines = [
    "# HELP sluice_builds Builds that have not ended, by state.",
    "# TYPE sluice_builds gauge",
    ...builds.map(({ state, count }) => `sluice_builds{state="${state}"} ${count}`),
    "# HELP sluice_sessions Agent sessions that are not closed, by state.",
    "# TYPE sluice_sessions gauge",
    ...sessions.map(({ state, count }) => `sluice_sessions{state="${state}"} ${count}`),
    "# HELP sluice_gates_open Gates that wait for a person.",
    "# TYPE sluice_gates_open gauge",
    `sluice_gates_open ${Number(gates?.count ?? 0)}`,
    "# HELP sluice_engines_loaded Builds whose engine is in memory.",
    "# TYPE sluice_engines_loaded gauge",
    `sluice_engines_loaded ${deps.loaded()}`,
    "# HELP sluice_deployments_running Deployments under way in this process.",
    "# TYPE sluice_deployments_running gauge",
    `sluice_deployments_running ${deps.deployments()}`,
  ];
  return `${lines.join("\n")}\n`;
}

async function countBy(
  store: Store,
  table: "builds" | "sessions",
): Promise<{ state: string; count: number }[]> {
  const rows =
    table === "builds"
      ? await store.db
          .selectFrom("builds")
          .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
          .where("state", "in", ["queued", "running", "waiting"])
          .groupBy("state")
          .execute()
      : await store.db
          .selectFrom("sessions")
          .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
          .where("state", "in", ["queued", "assigned", "ready", "parked"])
          .groupBy("state")
          .execute();
  return rows.map((row) => ({ state: row.state, count: Number(row.count) }));
}
