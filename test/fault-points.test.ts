import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import { pino } from "pino";
import { Engine } from "../runners/docker/engine.ts";
import { Images } from "../runners/docker/images.ts";
import { DOCKER_POINTS } from "../runners/docker/points.ts";
import type { Faults } from "../runners/faults.ts";
import type { ImageOperation } from "../runners/protocol.ts";
import { STEP_POINTS } from "../runners/step/points.ts";
import { SluiceFile } from "../server/config-schema.ts";
import { createSwarmClient } from "../server/deployments/targets/swarm/client.ts";
import { createForges } from "../server/forges/forges.ts";
import { TriggerEvent } from "../server/forges/trigger-event.ts";
import { createChannels } from "../server/notifications/create-channels.ts";
import type { Message } from "../server/notifications/message.ts";
import { OUTSIDE_POINTS } from "../server/outside-points.ts";
import type { NudgeHandlers } from "../server/queue/payload.ts";
import { createQueues } from "../server/queue/queues.ts";
import { startRelay } from "../server/queue/relay.ts";
import { startWorkers } from "../server/queue/workers.ts";
import { systemClock } from "../server/store/clock.ts";
import { openStore } from "../server/store/store.ts";
import { TestSession, expectOk, startWorld } from "./runners/support/world.ts";
import { nudgeFor } from "./server/queue/support/procedures.ts";
import { startChat } from "./support/fakes/chat.ts";
import { KNOWN_SHA, startFakeGitea } from "./support/fakes/gitea.ts";
import { dockerForTests, engineAddress } from "./support/services/docker.ts";
import { temporaryFolder } from "./support/services/folder.ts";
import { startRedis } from "./support/services/redis.ts";
import { startRegistry } from "./support/services/registry.ts";
import { startMailCatcher } from "./support/services/smtp.ts";
import { until } from "./support/services/until.ts";
import { createStops } from "./support/stops.ts";

const log = pino({ level: "silent" });

/** Fails nowhere, and notes where it was passed. */
function recorder(): Faults & { readonly passed: Set<string> } {
  const passed = new Set<string>();
  return {
    passed,
    before: (point) => void passed.add(point),
    after: () => {},
    around: async (point, call) => {
      passed.add(point);
      return await call();
    },
  };
}

describe("each fault point that is listed", function () {
  this.timeout(300_000);
  let stops = createStops();
  const passed = new Set<string>();
  afterEach(async () => {
    await stops.all();
    stops = createStops();
  });
  function recording(): Faults {
    const faults = recorder();
    stops.add(async () => faults.passed.forEach((point) => passed.add(point)));
    return faults;
  }

  it("for Docker is passed by a session, its images and its networks", async () => {
    const faults = recording();
    const registry = await startRegistry({ isOpen: true });
    stops.add(() => registry.stop());
    const world = await startWorld({ faults });
    stops.add(() => world.stop());
    const session = new TestSession(world);
    await session.begin({ project: "points" });
    expectOk(await world.server.outcome(session.container({ name: "tool", role: "inside" })));
    for (const type of ["park", "unpark"] as const)
      expectOk(await session.run({ id: session.command(), type }));
    const repository = `${registry.host}/points/${randomBytes(4).toString("hex")}`;
    await session.sh(`#!/bin/sh\nprintf 'FROM ${world.image}\\nLABEL of=points\\n' >Dockerfile\n`);
    const operation: ImageOperation = {
      op: "build",
      context: ".",
      dockerfile: "Dockerfile",
      tags: [`${repository}:1`],
      buildArgs: {},
      labels: {},
      target: null,
      pull: false,
      noCache: false,
      network: "default",
      platform: null,
      cacheFrom: [],
      credentials: [],
    };
    expectOk(await session.run({ id: session.command(), type: "image", cwd: "/sluice/src", operation }));
    await session.close();

    const engine = new Engine(engineAddress(), faults);
    stops.add(async () => engine.close());
    stops.add(async () => void (await dockerForTests().getImage(`${repository}:1`).remove({ force: true })));
    const images = new Images(engine);
    assert.equal(await engine.isDeaf(), false);
    const { signal } = new AbortController();
    const say = (): void => {};
    const plan = { repository, tag: "1", login: null, say, signal };
    const digest = await images.push(`${repository}:1`, { ...plan, repeated: false });
    assert.equal(await images.push(`${repository}:1`, { ...plan, repeated: true }), digest);
    await images.ensure(`${repository}:1`, "always", null, say, signal);
    // What a runner whose disk is full asks; of this image there is nothing to remove.
    assert.notEqual(await engine.rootFolder(), null);
    await engine.call("docker.removeImage", (docker) => docker.getImage("none:1").remove()).catch(() => {});
  });

  it("for queues is passed by a nudge on its way", async () => {
    const faults = recording();
    const folder = await temporaryFolder("points");
    stops.add(() => folder.remove());
    const procedures = [new URL("./server/queue/support/procedures.ts", import.meta.url)];
    const store = await openStore({ dataFolder: folder.path, clock: systemClock, procedures });
    stops.add(() => store.close());
    const redis = await startRedis();
    stops.add(() => redis.stop());
    const queues = createQueues({ address: redis.url, log, faults });
    stops.add(() => queues.close());
    let handled = false;
    const builds = async (): Promise<void> => void (handled = true);
    const other = async (): Promise<void> => {};
    const handlers: NudgeHandlers = { builds, deployments: other, notifications: other, upkeep: other };
    const workers = startWorkers({ address: redis.url, holder: store.holder, handlers, log, faults });
    stops.add(() => workers.stop());
    const relay = startRelay({ store, transport: queues, log, faults });
    stops.add(() => relay.stop());
    await store.call(nudgeFor, { queue: "builds", id: 1, epoch: 1 });
    await until("the nudge was handled", () => handled);
  });

  it("for messages is passed by one mail and one to a chat", async () => {
    const faults = recording();
    const mails = await startMailCatcher();
    stops.add(() => mails.stop());
    const chat = await startChat();
    stops.add(() => chat.stop());
    const file = SluiceFile.parse({
      channels: {
        mail: { type: "email", host: "127.0.0.1", port: mails.port, from: "ci@example.test" },
        chat: { type: "slack", url: chat.hookUrl },
      },
    });
    const secrets = { resolveSecret: async () => undefined };
    const nowMs = (): number => Date.now();
    const channelOf = createChannels({ file, secrets, publicUrl: "http://ci.example.test", nowMs, faults });
    const message: Message = {
      event: "failed",
      title: "shop #7 failed",
      facts: [],
      excerpt: null,
      links: [],
      body: null,
      project: "shop",
      branch: "main",
    };
    const outgoing = { message, recipient: "ada@example.test", messageId: "b7.failed.1", threadKey: null };
    for (const name of ["mail", "chat"])
      assert.equal((await channelOf(name)?.send(outgoing, new AbortController().signal))?.kind, "sent");
  });

  it("for forges is passed by a status and a question", async () => {
    const faults = recording();
    const gitea = await startFakeGitea();
    stops.add(() => gitea.stop());
    const folder = await temporaryFolder("points");
    stops.add(() => folder.remove());
    const { forges: config } = SluiceFile.parse({
      forges: { tea: { type: "gitea", url: gitea.url, insecureHttp: true, secret: "token" } },
    });
    const value = { type: "string" as const, text: gitea.token };
    const ref = {
      secretId: 1,
      version: 1,
      type: "string" as const,
      place: { scope: "server" as const, scopeId: "" },
    };
    const secrets = { resolveSecret: async () => ({ ...ref, value }) };
    const forges = createForges({ forges: config, secrets, folder: folder.path, faults });
    const forge = await forges.of({ id: 1, key: "web", forge: "tea", cloneUrl: null });
    const { signal } = new AbortController();
    const status = { repo: "acme/web", sha: KNOWN_SHA, ref: "refs/heads/main", context: "ci/sluice" };
    await forge.setStatus({ ...status, state: "succeeded", description: "", url: "http://ci.test" }, signal);
    const event = TriggerEvent.parse({
      kind: "push",
      forge: "gitea",
      repoId: null,
      repo: "acme/web",
      ref: "refs/heads/main",
      name: "main",
      before: null,
      after: KNOWN_SHA,
      commit: KNOWN_SHA,
      deleted: false,
      skipCi: null,
      title: "Push",
      author: { name: "Ada", mail: null },
      actor: { login: "rev", id: null },
      change: null,
    });
    assert.equal(await forge.trust(event, signal), "trusted");
  });

  it("for Swarm is passed by the calls of a roll-out, also by those that are refused", async () => {
    const client = createSwarmClient(dockerForTests(), recording());
    const { signal } = new AbortController();
    const none = `none-${randomBytes(4).toString("hex")}`;
    const spec = { Name: none, TaskTemplate: { ContainerSpec: { Image: "none" } } };
    await assert.rejects(client.service(none, signal));
    await client.tasks(none, signal).catch(() => []);
    await assert.rejects(client.update(none, 1, spec, null, signal));
    await assert.rejects(client.digest("localhost:1/none:1", null, signal));
  });

  it("is one of those, and no other was passed", () => {
    const listed = { ...OUTSIDE_POINTS, ...DOCKER_POINTS, ...STEP_POINTS };
    assert.deepEqual([...passed].toSorted(), Object.keys(listed).toSorted());
  });
});
