import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Channel } from "../../../server/notifications/channel.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { startWorld } from "../builds/support/world.ts";

const FILE = `channels:
  chat: { type: slack, url: 'http://127.0.0.1:9/' }
notify:
  - { on: [deployed], to: [chat] }
targets:
  here: { type: swarm }
environments:
  live: { policy: auto, waves: [[here]], soak: 0s }
`;
const IMAGE = `registry.example.org/shop:1@sha256:${"a".repeat(64)}`;

describe("the end of a deployment", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("is told of as long as the database says that nobody was", async () => {
    let told = 0;
    const channel: Channel = {
      kind: "slack",
      async send() {
        told += 1;
        return { kind: "sent", answer: "ok" };
      },
      close: () => {},
    };
    const world = await startWorld({ target: fakeTarget(), file: FILE, channel });
    stops.add(() => world.stop());
    const life = await world.begin();
    const build = await world.build(`deploy environment: 'live', images: [web: '${IMAGE}']\n`);
    assert.equal(await world.ends(build), "succeeded");
    await until("people heard of it", () => told === 1);
    // As a server leaves it that died right behind the deployment's end, with a Redis that lost the rest.
    await world.base.db.deleteFrom("notifications").execute();
    await world.base.db.updateTable("deployments").set({ peopleTold: 0 }).execute();
    await until("people heard of it once more", () => {
      life.look();
      return told === 2;
    });
    const row = await world.base.db.selectFrom("deployments").select("peopleTold").executeTakeFirstOrThrow();
    assert.equal(row.peopleTold, 1);
  });
});
