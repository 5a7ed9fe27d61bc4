import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { TargetError } from "../../../server/deployments/target.ts";
import { classify } from "../../../server/deployments/targets/swarm/client.ts";
import { judge, MARKER, observe, planFor } from "../../../server/deployments/targets/swarm/driver.ts";
import { Service, Task } from "../../../server/deployments/targets/swarm/schema.ts";

const IMAGE = "localhost:5051/shop/web:2@sha256:aa";

function aService(
  more: {
    state?: string;
    message?: string;
    marker?: string;
    replicas?: number;
    order?: string;
    mode?: string;
  } = {},
) {
  return Service.parse({
    ID: "s1",
    Version: { Index: 7 },
    Spec: {
      Name: "shop_web",
      Labels: { [MARKER]: more.marker ?? "d1" },
      TaskTemplate: { ContainerSpec: { Image: IMAGE, Env: ["A=1", "B=x=y"] } },
      Mode: { Replicated: { Replicas: more.replicas ?? 1 } },
      UpdateConfig: { Order: more.order ?? "stop-first" },
      EndpointSpec: { Ports: [{ PublishMode: more.mode ?? "host" }] },
    },
    ...(more.state === undefined ? {} : { UpdateStatus: { State: more.state, Message: more.message ?? "" } }),
  });
}

function aTask(state: string, more: { desired?: string; error?: string; image?: string } = {}) {
  return Task.parse({
    ID: "t",
    NodeID: "n",
    DesiredState: more.desired ?? "running",
    Status: { State: state, ...(more.error === undefined ? {} : { Err: more.error }) },
    Spec: { ContainerSpec: { Image: more.image ?? IMAGE } },
  });
}

const desired = { deployId: "d1", image: IMAGE, env: {}, registryAuth: null };

describe("a Swarm service on its way", () => {
  it("is settled when as many tasks of the new image run as are wanted and nothing is updated", () => {
    assert.equal(judge(aService(), [aTask("running")], "d1").verdict, "settled");
    assert.equal(judge(aService({ state: "completed" }), [aTask("running")], "d1").verdict, "settled");
    assert.equal(judge(aService({ state: "updating" }), [aTask("running")], "d1").verdict, "going");
    assert.equal(judge(aService(), [aTask("running", { image: "old" })], "d1").verdict, "going");
    assert.equal(judge(aService({ replicas: 0 }), [], "d1").verdict, "settled");
  });

  it("has failed when Swarm paused it, with the task's own words", () => {
    const look = judge(
      aService({ state: "paused" }),
      [aTask("failed", { error: "task: non-zero exit (3)" })],
      "d1",
    );
    assert.equal(look.verdict, "failed");
    assert.match(look.text, /non-zero exit \(3\)/);
  });

  it("was rolled back by Swarm even though the marker went with the spec", () => {
    assert.equal(
      judge(aService({ state: "rollback_completed", marker: "d0" }), [], "d1").verdict,
      "rolled_back",
    );
    assert.equal(judge(aService({ state: "rollback_started", marker: "d0" }), [], "d1").verdict, "going");
    assert.equal(judge(aService({ state: "rollback_paused", marker: "d0" }), [], "d1").verdict, "failed");
  });

  it("is no longer ours when another marker stands there", () => {
    assert.equal(judge(aService({ marker: "d2" }), [aTask("running")], "d1").verdict, "superseded");
  });
});

describe("the plan of a Swarm service", () => {
  it("lists what would change, and nothing where nothing would", () => {
    const plan = planFor(aService(), {
      ...desired,
      image: "new@sha256:bb",
      env: { A: "2", B: "x=y", C: null },
    });
    assert.deepEqual(plan.changes, [
      { what: "image", from: IMAGE, to: "new@sha256:bb" },
      { what: "env A", from: "1", to: "2" },
    ]);
    assert.equal(planFor(aService(), desired).noop, true);
  });

  it("is refused where new tasks would wait for ever for the port of the old", () => {
    assert.throws(() => planFor(aService({ order: "start-first" }), desired), TargetError);
    assert.doesNotThrow(() => planFor(aService({ order: "start-first", mode: "ingress" }), desired));
  });

  it("is bound to the spec, whatever order its keys come in, and not to the version's index", () => {
    const one = observe(aService());
    const two = observe({ ...aService(), Version: { Index: 99 } });
    assert.equal(one.specHash, two.specHash);
    assert.notEqual(one.specHash, observe(aService({ replicas: 3 })).specHash);
  });
});

describe("a failed call to an Engine", () => {
  for (const [error, write, kind] of [
    [{ code: "ECONNREFUSED", message: "connect" }, true, "not-sent"],
    [{ code: "ECONNRESET", message: "socket hang up" }, true, "maybe-sent"],
    [{ code: "ECONNRESET", message: "socket hang up" }, false, "not-sent"],
    [
      { statusCode: 500, json: { message: "rpc error: code = Unknown desc = update out of sequence" } },
      true,
      "conflict",
    ],
    [{ statusCode: 500, json: { message: "DeadlineExceeded" } }, true, "maybe-sent"],
    [{ statusCode: 503, json: { message: "This node is not a swarm manager" } }, true, "not-sent"],
    [{ statusCode: 404, json: { message: "service web not found" } }, false, "permanent"],
    [{ statusCode: 429, message: "slow" }, true, "throttled"],
  ] as const)
    it(`is ${kind}: ${JSON.stringify(error).slice(0, 60)}${write ? ", a write" : ""}`, () => {
      assert.equal(classify(error, write).kind, kind);
    });
});
