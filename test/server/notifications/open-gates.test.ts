import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Channel } from "../../../server/notifications/channel.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { startWorld } from "../builds/support/world.ts";

const FILE = `channels:
  chat: { type: slack, url: { secret: chat-url } }
targets:
  here: { type: swarm }
environments:
  live: { policy: gate, approve: { role: deployer }, waves: [[here]], soak: 0s }
notify:
  - { project: '*', on: [gate_open], to: [chat] }
`;
const ASKS = "input 'Go on?'\n";
const DEPLOYS = `deploy environment: 'live', images: [web: 'registry.example.org/shop:1@sha256:${"a".repeat(64)}']\n`;

describe("people who are to hear of an open gate", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  for (const [what, text, point] of [
    ["an input's", ASKS, "builds.commitTurn"],
    ["a deployment's", DEPLOYS, "deployments.savePlan"],
  ] as const)
    it(`hear once of ${what}, also where the server dies when it has just opened it`, async () => {
      const sent: string[] = [];
      const channel: Channel = {
        kind: "slack",
        async send({ message }) {
          sent.push(message.title);
          return { kind: "sent", answer: "ok" };
        },
        close: () => {},
      };
      const world = await startWorld({ channel, target: fakeTarget(), file: FILE });
      stops.add(() => world.stop());
      const first = await world.begin({ death: { point, moment: "after" } });
      const build = await world.build(text);
      await first.died;
      await first.crash();
      const open = async (): Promise<number | undefined> =>
        (
          await world.base.db
            .selectFrom("gates")
            .select("id")
            .where("buildId", "=", build)
            .where("state", "=", "open")
            .executeTakeFirst()
        )?.id;
      const next = await world.begin();
      const gate = await until("the gate is open", open);
      world.clock.pass(6_000);
      await until("people have heard", () => {
        next.look();
        return sent.length > 0;
      });
      await next.crash();
      const last = await world.begin();
      for (let look = 0; look < 5; look += 1) {
        last.look();
        await world.base.nowMs();
      }
      assert.equal(sent.length, 1, sent.join("\n"));
      const rows = await world.base.db.selectFrom("notifications").select("subject").execute();
      assert.deepEqual(rows, [{ subject: `g${gate}` }]);
    });
});
