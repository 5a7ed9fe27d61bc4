import type { Store } from "../store/store.ts";

/** Sentences about why a build stands where it stands: what waits, since when, who or what can end it. */
export async function explain(store: Store, buildId: number): Promise<string[]> {
  const build = await store.db.selectFrom("builds").selectAll().where("id", "=", buildId).executeTakeFirst();
  if (build === undefined) return [];
  if (build.endedAtMs !== null)
    return [
      build.reasonText === null ? `it has ended: ${build.state}` : `${build.state}: ${build.reasonText}`,
    ];
  const lines: string[] = [];
  if (build.cancelLevel > 0)
    lines.push(
      `it is being stopped by ${build.cancelBy ?? "somebody"}; asking again ends it with more force`,
    );
  if (build.state === "queued")
    lines.push(build.waitText === null ? "queued: it starts within seconds" : `queued: ${build.waitText}`);
  for (const gate of await gatesOf(store, buildId))
    lines.push(
      `waits for somebody to decide "${gate.message}"${gate.environment === null ? "" : ` for ${gate.environment}`}, until ${new Date(gate.dueAtMs).toISOString()}`,
    );
  for (const deployment of await deploymentsOf(store, buildId))
    lines.push(
      `deployment ${deployment.id} to ${deployment.environment} is ${deployment.state}${deployment.waitText === null ? "" : `: ${deployment.waitText}`}`,
    );
  for (const session of await sessionsOf(store, buildId))
    lines.push(
      session.state === "queued"
        ? `waits for a place for the agent${session.label === "" ? "" : ` "${session.label}"`}: ${session.waitText ?? "it is looked for"}`
        : `the agent is being prepared on ${session.runner ?? "a runner"}`,
    );
  for (const step of await stepsOf(store, buildId))
    lines.push(`step ${step.stepNo} runs: ${step.label ?? step.name}`);
  for (const timer of await timersOf(store, buildId))
    lines.push(`sleeps until ${new Date(timer.dueAtMs ?? 0).toISOString()}`);
  return lines.length === 0
    ? [`${build.state}: nothing waits for anybody; its next turn comes at once`]
    : lines;
}

async function gatesOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("gates")
    .select(["message", "environment", "dueAtMs"])
    .where("buildId", "=", buildId)
    .where("state", "=", "open")
    .execute();
}

async function deploymentsOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("deployments")
    .select(["id", "environment", "state", "waitText"])
    .where("buildId", "=", buildId)
    .where("state", "in", ["pending", "applying", "verifying", "rolling_back", "unknown"])
    .execute();
}

async function sessionsOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("sessions")
    .leftJoin("runners", "runners.id", "sessions.runnerId")
    .select([
      "sessions.state as state",
      "sessions.label as label",
      "sessions.waitText as waitText",
      "runners.name as runner",
    ])
    .where("sessions.buildId", "=", buildId)
    .where("sessions.state", "in", ["queued", "assigned"])
    .execute();
}

async function stepsOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("steps")
    .innerJoin("effects", (join) =>
      join.onRef("effects.buildId", "=", "steps.buildId").onRef("effects.id", "=", "steps.effectId"),
    )
    .select(["steps.stepNo as stepNo", "steps.name as name", "steps.label as label"])
    .where("steps.buildId", "=", buildId)
    .where("effects.state", "=", "begun")
    .where("effects.kind", "in", ["exec", "checkout", "image", "blob", "file", "http", "message"])
    .execute();
}

async function timersOf(store: Store, buildId: number) {
  return await store.db
    .selectFrom("effects")
    .select("dueAtMs")
    .where("buildId", "=", buildId)
    .where("state", "=", "begun")
    .where("kind", "=", "timer")
    .where("name", "=", "sleep")
    .execute();
}
