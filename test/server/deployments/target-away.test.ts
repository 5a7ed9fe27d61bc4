import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { TargetError } from "../../../server/deployments/target.ts";
import type { Target } from "../../../server/deployments/target.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { startWorld } from "../builds/support/world.ts";

const IMAGE = `registry.example.org/shop:1@sha256:${"a".repeat(64)}`;
const FILE = `deploy environment: 'live', images: [web: '${IMAGE}']\n`;
const ENVIRONMENT = `targets:
  here: { type: swarm }
environments:
  live: { policy: auto, waves: [[here]], soak: 0s }
`;

describe("a target that is away when a deployment is planned", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("is waited for and looked at again, and the deployment goes on", async () => {
    const target = fakeTarget();
    let looks = 0;
    const away: Target = {
      ...target,
      plan: async (...args) => {
        looks += 1;
        if (looks <= 2) throw new TargetError("not-sent", "the Engine cannot be reached: socket hang up");
        return await target.plan(...args);
      },
    };
    const world = await startWorld({ target: away, file: ENVIRONMENT });
    stops.add(() => world.stop());
    await world.begin();
    const build = await world.build(FILE, "shop");
    await until("it was looked at once", () => looks >= 1);
    assert.equal(await world.ends(build), "succeeded");
    assert.ok(looks >= 3);
    assert.equal(target.writes(), 1);
  });
});
