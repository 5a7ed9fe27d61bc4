import { indexed } from "../../store/conditions.ts";
import { GateState } from "../contract/gates.ts";
import { api } from "../contract.ts";
import { presentDeployment, presentDeploymentRow, selectDeployments } from "../present/deployment.ts";
import { environmentRows, presentEnvironment, presentEnvironmentRow } from "../present/environment.ts";
import { presentGate, presentGateRow, selectGates } from "../present/gate.ts";
import { cursorId, pageOf } from "../page.ts";
import { HttpProblem, valueOf } from "../problem.ts";
import { route } from "../route.ts";
import type { World } from "../world.ts";

/** Gates, environments and deployments. */
export function deployRoutes(world: World) {
  const { store } = world;
  return {
    gates: route(api.gates, async (context) => {
      const { limit, after, state, project } = context.query;
      let rows = selectGates(store).where("gates.id", "<", cursorId(after));
      if (state === "open") rows = rows.where(indexed("gateOpen"));
      else if (state !== undefined) rows = rows.where("gates.state", "=", GateState.parse(state));
      if (project !== undefined) rows = rows.where("projects.key", "=", project);
      const page = pageOf(
        await rows
          .orderBy("gates.id", "desc")
          .limit(limit + 1)
          .execute(),
        limit,
      );
      const actor = context.actor();
      return {
        items: await Promise.all(page.rows.map(async (row) => await presentGateRow(world, row, actor))),
        next: page.next,
      };
    }),

    gate: route(api.gate, async (context) => await presentGate(world, context.id("id"), context.actor())),

    decide: route(api.decide, async (context) => {
      const id = context.id("id");
      const actor = context.actor();
      // A gate that is not there is told before anything is decided.
      await presentGate(world, id, actor);
      valueOf(await world.gates.decide(id, context.body, actor));
      return await presentGate(world, id, actor);
    }),

    environments: route(api.environments, async (context) => {
      const { project } = context.query;
      const rows = await environmentRows(store);
      const items = await Promise.all(rows.map(async (row) => await presentEnvironmentRow(store, row)));
      return {
        items: project === undefined ? items : items.filter((item) => item.projects.includes(project)),
        next: null,
      };
    }),

    environment: route(
      api.environment,
      async (context) => await presentEnvironment(world, context.param("name"), context.who().role),
    ),

    rollBack: route(api.rollBack, async (context) => {
      const environment = await presentEnvironment(world, context.param("name"), context.who().role);
      if (!environment.mayRollBack)
        throw new HttpProblem(
          403,
          "forbidden",
          `${environment.name} is for ${environment.approve.role} and above`,
        );
      const { release, project, reason } = context.body;
      const request = {
        environment: environment.name,
        release,
        project: project ?? null,
        reason: reason ?? null,
      };
      return valueOf(await world.deployments.rollBack(request, context.actor()));
    }),

    deployments: route(api.deployments, async (context) => {
      const { limit, after, environment, project } = context.query;
      let rows = selectDeployments(store).where("deployments.id", "<", cursorId(after));
      if (environment !== undefined) rows = rows.where("deployments.environment", "=", environment);
      if (project !== undefined) rows = rows.where("projects.key", "=", project);
      const page = pageOf(
        await rows
          .orderBy("deployments.id", "desc")
          .limit(limit + 1)
          .execute(),
        limit,
      );
      return { items: page.rows.map((row) => presentDeploymentRow(row)), next: page.next };
    }),

    deployment: route(api.deployment, async (context) => await presentDeployment(world, context.id("id"))),

    resolveDeployment: route(api.resolveDeployment, async (context) => {
      const id = context.id("id");
      await presentDeployment(world, id);
      const { as, reason } = context.body;
      valueOf(await world.deployments.resolve(id, { as, reason: reason ?? null }, context.actor()));
      return await presentDeployment(world, id);
    }),
  };
}
