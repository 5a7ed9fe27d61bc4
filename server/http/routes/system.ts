import { z } from "zod";
import { auditNow } from "../../audit/append.ts";
import { runnerTokenText, tokenHash } from "../../auth/tokens.ts";
import type { SecretPlace } from "../../secrets/rows.ts";
import type { SecretSummary } from "../../secrets/secrets.ts";
import { api } from "../contract.ts";
import type { Process, PutSecretRequest, Secret } from "../contract/system.ts";
import { indexed } from "../../store/conditions.ts";
import { UNFINISHED_BUILD_STATES } from "../../store/states.ts";
import { presentBuilds, selectBuilds, unfinishedBuilds } from "../present/build.ts";
import { presentDeploymentRow, selectDeployments } from "../present/deployment.ts";
import { presentGateRow, selectGates } from "../present/gate.ts";
import { projectByKey } from "../present/project.ts";
import { buildPath } from "../present/ref.ts";
import { endSafeMode } from "../../upkeep/end-safe-mode.ts";
import { cursorId, pageOf } from "../page.ts";
import { HttpProblem, notFound } from "../problem.ts";
import { route } from "../route.ts";
import type { Context } from "../route.ts";
import { createRunnerToken, setRunnerState } from "../runner-rows.ts";
import type { World } from "../world.ts";
import { actorRow } from "./people.ts";

const Labels = z.array(z.string()).catch([]);
const Versions = z.object({ sluice: z.string().optional(), docker: z.string().optional() }).catch({});
const OPEN_DEPLOYMENTS = ["pending", "applying", "verifying", "rolling_back", "unknown"] as const;
const SHOWN = 10;
const SHOWN_RUNNING = 50;
const MOST_PROCESSES = 500;
/** How long the token of a new runner works. */
const RUNNER_TOKEN_MS = 86_400_000;

/** Secrets, runners, notifications, settings, and the pages over everything. */
export function systemRoutes(world: World) {
  const { store, secrets } = world;
  const server: SecretPlace = { scope: "server", scopeId: "" };

  async function placeOf(context: Context<unknown, unknown>): Promise<SecretPlace> {
    const project = await projectByKey(world, context.param("key"));
    return { scope: "project", scopeId: project.key };
  }

  async function put(context: Context<unknown, PutSecretRequest>, place: SecretPlace): Promise<Secret> {
    const name = context.param("name");
    try {
      await secrets.putSecret(place, name, context.body, context.who().login);
    } catch (error) {
      if (error instanceof z.ZodError)
        throw new HttpProblem(400, "invalid_request", error.issues.map((issue) => issue.message).join("; "));
      throw error;
    }
    await audit(context, "secret.put", place, name);
    const found = (await secrets.listSecrets(place)).find((secret) => secret.name === name);
    if (found === undefined) throw notFound(`secret ${name}`);
    return presentSecret(found);
  }

  async function remove(context: Context<unknown, unknown>, place: SecretPlace) {
    const name = context.param("name");
    if (!(await secrets.deleteSecret(place, name, { by: context.who().login, revoke: false })))
      throw notFound(`secret ${name}`);
    await audit(context, "secret.delete", place, name);
    return { done: true as const };
  }

  async function audit(
    context: Context<unknown, unknown>,
    action: string,
    place: SecretPlace,
    name: string,
  ): Promise<void> {
    const object = place.scope === "server" ? `secret ${name}` : `secret ${name} of ${place.scopeId}`;
    await store.call(auditNow, { ...actorRow(context), action, object, outcome: "done" });
  }

  async function list(place: SecretPlace) {
    return { items: (await secrets.listSecrets(place)).map((secret) => presentSecret(secret)), next: null };
  }

  return {
    secrets: route(api.secrets, async () => await list(server)),
    putSecret: route(api.putSecret, async (context) => await put(context, server)),
    deleteSecret: route(api.deleteSecret, async (context) => await remove(context, server)),
    projectSecrets: route(api.projectSecrets, async (context) => await list(await placeOf(context))),
    putProjectSecret: route(
      api.putProjectSecret,
      async (context) => await put(context, await placeOf(context)),
    ),
    deleteProjectSecret: route(
      api.deleteProjectSecret,
      async (context) => await remove(context, await placeOf(context)),
    ),

    home: route(api.home, async (context) => {
      const actor = context.actor();
      const recentRows = selectBuilds(store).orderBy("builds.id", "desc");
      const [gates, running, recent, failing, deployed, dead, projects, checklist] = await Promise.all([
        selectGates(store).where(indexed("gateOpen")).orderBy("gates.id").limit(50).execute(),
        unfinishedBuilds(store, ["queued", "running"], "desc", SHOWN_RUNNING),
        recentRows.limit(SHOWN).execute(),
        failingHeads(),
        selectDeployments(store)
          .where("deployments.endedAtMs", "is not", null)
          .orderBy("deployments.endedAtMs", "desc")
          .limit(SHOWN)
          .execute(),
        countOf(
          store.db
            .selectFrom("notifications")
            .select((eb) => eb.fn.countAll<number | string>().as("count"))
            .where("state", "=", "dead"),
        ),
        countOf(
          store.db
            .selectFrom("projects")
            .select((eb) => eb.fn.countAll<number | string>().as("count"))
            .where("archivedAtMs", "is", null),
        ),
        world.checklist(),
      ]);
      return {
        waiting: await Promise.all(gates.map(async (row) => await presentGateRow(world, row, actor))),
        failing: await presentBuilds(store, failing),
        running: await presentBuilds(store, running),
        recent: await presentBuilds(store, recent),
        deployed: deployed.map((row) => presentDeploymentRow(row)),
        deadNotifications: dead,
        checklist: [...checklist],
        projects,
      };
    }),

    processes: route(api.processes, async () => {
      const [builds, deployments] = await Promise.all([
        unfinishedBuilds(store, UNFINISHED_BUILD_STATES, "asc", MOST_PROCESSES),
        selectDeployments(store)
          .where("deployments.state", "in", OPEN_DEPLOYMENTS)
          .orderBy("deployments.id")
          .limit(MOST_PROCESSES)
          .execute(),
      ]);
      const items: Process[] = (await presentBuilds(store, builds)).map((build) => ({
        kind: "build" as const,
        id: build.id,
        project: build.project,
        title: `${build.project} #${build.number}`,
        state: build.state,
        wait: build.waits[0] ?? null,
        sinceAtMs: build.startedAtMs ?? build.createdAtMs,
        path: buildPath(build.project, build.number),
      }));
      for (const row of deployments) {
        const deployment = presentDeploymentRow(row);
        items.push({
          kind: "deployment",
          id: deployment.id,
          project: deployment.project,
          title: `${deployment.project} to ${deployment.environment}`,
          state: deployment.state,
          wait: deployment.waits[0] ?? null,
          sinceAtMs: deployment.startedAtMs ?? deployment.createdAtMs,
          path: `/deployments/${deployment.id}`,
        });
      }
      return { items, next: null };
    }),

    runners: route(api.runners, async () => {
      const rows = await store.db
        .selectFrom("runners")
        .selectAll()
        .where("state", "!=", "revoked")
        .orderBy("name")
        .execute();
      const busy = await store.db
        .selectFrom("sessions")
        .select((eb) => ["runnerId", eb.fn.countAll<number | string>().as("count")])
        .where("state", "in", ["assigned", "ready"])
        .where("placeLent", "=", 0)
        .groupBy("runnerId")
        .execute();
      const items = rows.map((row) => {
        const versions = Versions.parse(JSON.parse(row.versions));
        return {
          id: row.id,
          name: row.name,
          state: row.state,
          labels: Labels.parse(JSON.parse(row.labels)),
          places: row.places,
          busy: Number(busy.find((one) => one.runnerId === row.id)?.count ?? 0),
          lastSeenAtMs: row.lastSeenAtMs,
          version: versions.sluice ?? null,
          dockerVersion: versions.docker ?? null,
          message: row.problem ?? diskMessage(row.diskFreePercent),
        };
      });
      return { items, next: null };
    }),

    createRunner: route(api.createRunner, async (context) => {
      const token = runnerTokenText();
      const { name, labels } = context.body;
      const known = await store.db
        .selectFrom("runners")
        .select("id")
        .where("name", "=", name)
        .executeTakeFirst();
      if (known !== undefined) throw new HttpProblem(409, "conflict", `a runner is called ${name} already`);
      const id = await store.call(createRunnerToken, {
        ...actorRow(context),
        name,
        tokenHash: tokenHash(token),
        validMs: RUNNER_TOKEN_MS,
      });
      return {
        id,
        name,
        token,
        expiresAtMs: world.clock.nowMs() + RUNNER_TOKEN_MS,
        command: `sluice runner --server ${world.config.publicUrl} --token ${token}${labels.length === 0 ? "" : ` --labels ${labels.join(",")}`}`,
      };
    }),

    drainRunner: route(api.drainRunner, async (context) => {
      const id = context.id("id");
      if (!(await store.call(setRunnerState, { ...actorRow(context), id, state: "draining" as const })))
        throw notFound(`runner ${id}`);
      return { done: true as const };
    }),

    revokeRunner: route(api.revokeRunner, async (context) => {
      const id = context.id("id");
      if (!(await store.call(setRunnerState, { ...actorRow(context), id, state: "revoked" as const })))
        throw notFound(`runner ${id}`);
      return { done: true as const };
    }),

    notifications: route(api.notifications, async (context) => {
      const { limit, after, state } = context.query;
      let rows = store.db
        .selectFrom("notifications")
        .leftJoin("projects", "projects.id", "notifications.projectId")
        .leftJoin("builds", "builds.id", "notifications.buildId")
        .select([
          "notifications.id",
          "projects.key as project",
          "notifications.buildId",
          "builds.number",
          "notifications.event",
          "notifications.channel",
          "notifications.recipient",
          "notifications.state",
          "notifications.attempts",
          "notifications.answer",
          "notifications.createdAtMs",
          "notifications.sentAtMs",
          "notifications.nextAtMs",
        ])
        .where("notifications.id", "<", cursorId(after));
      if (state !== undefined) rows = rows.where("notifications.state", "=", state);
      const page = pageOf(
        await rows
          .orderBy("notifications.id", "desc")
          .limit(limit + 1)
          .execute(),
        limit,
      );
      const items = page.rows.map((row) => ({
        id: row.id,
        project: row.project,
        build:
          row.buildId === null || row.number === null || row.project === null
            ? null
            : { id: row.buildId, number: row.number, path: buildPath(row.project, row.number) },
        event: row.event,
        channel: row.channel,
        recipients: row.recipient === "" ? [] : [row.recipient],
        state: row.state,
        attempts: row.attempts,
        error: row.state === "sent" ? null : row.answer,
        createdAtMs: row.createdAtMs,
        sentAtMs: row.sentAtMs,
        nextAtMs: row.nextAtMs,
      }));
      return { items, next: page.next };
    }),

    resendNotification: route(api.resendNotification, async (context) => {
      const id = context.id("id");
      if (!(await world.resendNotification(id, context.actor())))
        throw notFound(`message ${id} that could be sent again`);
      return { done: true as const };
    }),

    settings: route(api.settings, async () => {
      const { config } = world;
      const { file } = config;
      const checks = await world.readiness();
      return {
        version: world.version,
        publicUrl: config.publicUrl,
        configFile: config.configFile,
        store: store.dialect,
        forges: Object.entries(file.forges).map(([name, forge]) => ({
          name,
          type: forge.type,
          url: forge.url,
        })),
        registries: Object.entries(file.registries).map(([name, registry]) => ({
          name,
          host: registry.host,
        })),
        channels: Object.entries(file.channels).map(([name, channel]) => ({ name, type: channel.type })),
        targets: Object.entries(file.targets).map(([name, target]) => ({ name, type: target.type })),
        readiness: { ready: checks.every((check) => check.ok), checks: [...checks] },
      };
    }),

    endSafeMode: route(api.endSafeMode, async (context) => {
      if (!(await store.call(endSafeMode, { by: actorRow(context) })))
        throw new HttpProblem(409, "conflict", "the server is not in safe mode");
      return { done: true as const };
    }),

    checklist: route(api.checklist, async () => ({ items: [...(await world.checklist())] })),
  };

  /** The newest ended build of each branch, where that one failed. */
  async function failingHeads() {
    const heads = await store.db
      .selectFrom("builds")
      .select((eb) => eb.fn.max("id").as("id"))
      .where("endedAtMs", "is not", null)
      .where("ref", "like", "refs/heads/%")
      .where("state", "!=", "not_built")
      .groupBy(["projectId", "ref"])
      .execute();
    const ids = heads.map((head) => Number(head.id)).toSorted((a, b) => b - a);
    if (ids.length === 0) return [];
    return await selectBuilds(store)
      .where("builds.id", "in", ids.slice(0, 500))
      .where("builds.state", "in", ["failed", "unstable"])
      .where("projects.archivedAtMs", "is", null)
      .orderBy("builds.id", "desc")
      .limit(SHOWN)
      .execute();
  }
}

function presentSecret(secret: SecretSummary): Secret {
  return {
    name: secret.name,
    scope: secret.place.scope === "server" ? "server" : secret.place.scopeId,
    type: secret.type,
    updatedAtMs: secret.updatedAtMs,
    updatedBy: secret.updatedBy,
    lastUsedAtMs: secret.usedAtMs,
  };
}

async function countOf(query: {
  executeTakeFirstOrThrow(): Promise<{ count: number | string }>;
}): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** What a page says of a runner whose disk is nearly full. */
function diskMessage(freePercent: number | null): string | null {
  return freePercent === null
    ? null
    : `${freePercent} % of its disk is free: it is given no new agents, and removes images it can do without`;
}
