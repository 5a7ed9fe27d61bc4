import { replayDelivery } from "../../webhooks/replay.ts";
import type { ReceiveDeps } from "../../webhooks/receive.ts";
import { api } from "../contract.ts";
import { presentDeliveries, presentDelivery, selectDeliveries } from "../present/delivery.ts";
import { buildPath } from "../present/ref.ts";
import { cursorId, pageOf } from "../page.ts";
import { valueOf } from "../problem.ts";
import { route } from "../route.ts";
import type { World } from "../world.ts";

/** Webhook deliveries: what came, what was made of it and why. */
export function deliveryRoutes(world: World, receive: ReceiveDeps) {
  const { store } = world;
  return {
    deliveries: route(api.deliveries, async (context) => {
      const { limit, after, project, state } = context.query;
      let rows = selectDeliveries(store).where("deliveries.id", "<", cursorId(after));
      if (project !== undefined) rows = rows.where("projects.key", "=", project);
      if (state === "refused") rows = rows.where("deliveries.state", "=", "rejected");
      if (state === "built") rows = rows.where("deliveries.state", "=", "processed");
      if (state === "repeated")
        rows = rows.where("deliveries.state", "=", "ignored").where("deliveries.repeatOf", "is not", null);
      if (state === "ignored")
        rows = rows.where("deliveries.state", "=", "ignored").where("deliveries.repeatOf", "is", null);
      const page = pageOf(
        await rows
          .orderBy("deliveries.id", "desc")
          .limit(limit + 1)
          .execute(),
        limit,
      );
      return { items: await presentDeliveries(store, world.config.publicUrl, page.rows), next: page.next };
    }),

    delivery: route(api.delivery, async (context) => await presentDelivery(world, context.id("id"))),

    replay: route(api.replay, async (context) => {
      const { project, recorded } = valueOf(
        await replayDelivery(receive, context.id("id"), context.body.again),
      );
      return {
        deliveryId: recorded.deliveryId,
        verdict: recorded.verdict,
        builds: recorded.builds.map((build) => ({
          ...build,
          url: `${world.config.publicUrl}${buildPath(project, build.number)}`,
        })),
      };
    }),
  };
}
