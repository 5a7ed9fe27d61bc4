import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { readSluiceFile } from "../../../server/config.ts";
import { Received } from "../../../server/http/contract/deliveries.ts";
import { applyFile } from "../../../server/projects/apply.ts";
import { renewHook } from "../../../server/projects/hook.ts";
import { createHookProjects } from "../../../server/webhooks/hook-projects.ts";
import { createWebhookHandler } from "../../../server/webhooks/handler.ts";
import { openServer } from "../../support/server/open.ts";
import type { OpenedServer } from "../../support/server/open.ts";

const FILE = `forges:
  here: { type: git, url: 'http://localhost:3001', insecureHttp: true }
targets: { swarm: { type: swarm } }
environments: { staging: { waves: [[swarm]] } }
projects:
  shop:
    forge: here
    repo: shop
    routes:
      - { on: branch, match: main, build: true, deploy: [staging] }
      - { on: tag, match: 'v*', build: true }
  other: { forge: here, repo: other }
`;

const ZERO = "0".repeat(40);
const sha = (text: string) => text.repeat(40).slice(0, 40);

describe("a webhook", function () {
  this.timeout(180_000);
  let opened: OpenedServer;
  let server: Server;
  let base: string;
  let hook: { hook: string; secret: string };
  const errors: unknown[] = [];

  before(async () => {
    opened = await openServer();
    const { store, vault, clock } = opened;
    await applyFile({ store, vault }, readSluiceFile(FILE, "sluice.yml").file);
    hook = (await renewHook({ store, vault }, "shop")) ?? assert.fail("no project");
    const forges = readSluiceFile(FILE, "sluice.yml").file.forges;
    const handler = createWebhookHandler({
      store,
      clock,
      projects: createHookProjects({ store, vault, forges }),
      newDataKey: () => vault.newDataKey(),
      publicUrl: "https://ci.example.test",
      refusals: null,
      addressOf: (request) => request.socket.remoteAddress ?? null,
      onError: (error) => errors.push(error),
    });
    server = createServer((request, response) => void handler(request, response, "test"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    base = `http://127.0.0.1:${address.port}/webhooks/`;
  });

  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await opened.close();
    assert.deepEqual(errors, []);
  });

  function signed(body: string, secret = hook.secret, id = `msg_${randomUUID()}`): Record<string, string> {
    const at = String(Math.floor(opened.clock.nowMs() / 1000));
    const signature = createHmac("sha256", secret).update(`${id}.${at}.${body}`).digest("base64");
    return {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": at,
      "webhook-signature": `v1,${signature}`,
    };
  }

  async function post(body: string, headers = signed(body), name = hook.hook): Promise<Response> {
    return await fetch(base + name, { method: "POST", body, headers });
  }

  async function push(ref: string, from: string, to: string): Promise<Received> {
    const answer = await post(JSON.stringify({ ref, before: from, after: to, repository: "shop" }));
    assert.equal(answer.status, 202);
    return Received.parse(await answer.json());
  }

  async function lastDelivery() {
    return await opened.store.db
      .selectFrom("deliveries")
      .selectAll()
      .orderBy("id", "desc")
      .executeTakeFirstOrThrow();
  }

  it("makes a build with number, nudge, head and the routes as they were", async () => {
    const received = await push("refs/heads/main", ZERO, sha("a1"));
    assert.equal(received.builds.length, 1);
    assert.equal(received.builds[0]?.url, "https://ci.example.test/p/shop/b/1");
    const build = await opened.store.db.selectFrom("builds").selectAll().executeTakeFirstOrThrow();
    assert.equal(build.state, "queued");
    assert.equal(build.trust, "trusted");
    assert.equal(build.sha, sha("a1"));
    assert.equal(build.epoch, 1);
    assert.deepEqual(z.object({ deploy: z.array(z.string()) }).parse(JSON.parse(build.routes)).deploy, [
      "staging",
    ]);
    const outbox = await opened.store.db.selectFrom("outbox").select("jobId").execute();
    assert.deepEqual(outbox, [{ jobId: `b-${build.id}-e1` }]);
    const head = await opened.store.db.selectFrom("refHeads").selectAll().executeTakeFirstOrThrow();
    assert.equal(head.sha, sha("a1"));
  });

  it("kill point 2: makes nothing new of the same delivery id, and answers with the first build", async () => {
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: sha("a1"),
      after: sha("a2"),
      repository: "shop",
    });
    const headers = signed(body);
    const first = Received.parse(await (await post(body, headers)).json());
    const again = Received.parse(await (await post(body, headers)).json());
    assert.deepEqual(again.builds, first.builds);
    assert.equal(again.deliveryId, first.deliveryId);
  });

  it("F57: makes one build of a thousand requests with one id that arrive together", async () => {
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: sha("a2"),
      after: sha("a3"),
      repository: "shop",
    });
    const headers = signed(body);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => post(body, headers)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    const numbers = await Promise.all(
      answers.map(async (answer) => Received.parse(await answer.json()).builds[0]?.number),
    );
    assert.equal(new Set(numbers).size, 1);
    const builds = await opened.store.db
      .selectFrom("builds")
      .select("id")
      .where("sha", "=", sha("a3"))
      .execute();
    assert.equal(builds.length, 1);
  });

  it("F56: makes a build of each of five hundred pushes that arrive together", async () => {
    const { store, vault } = opened;
    const other = (await renewHook({ store, vault }, "other")) ?? assert.fail("no project");
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        const body = JSON.stringify({
          ref: `refs/heads/branch-${at}`,
          before: ZERO,
          after: sha(String(1000 + at)),
          repository: "other",
        });
        return await post(body, signed(body, other.secret), other.hook);
      }),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    const ids = await Promise.all(
      answers.map(async (answer) => Received.parse(await answer.json()).builds.map(({ id }) => id)),
    );
    assert.ok(ids.every(({ length }) => length === 1));
    const rows = await store.db
      .selectFrom("builds")
      .innerJoin("projects", "projects.id", "builds.projectId")
      .select(["builds.id", "builds.ref", "builds.number"])
      .where("projects.key", "=", "other")
      .execute();
    assert.equal(rows.length, 500);
    assert.equal(new Set(rows.map(({ ref }) => ref)).size, 500);
    assert.deepEqual(
      rows.map(({ number }) => number).toSorted((a, b) => a - b),
      Array.from({ length: 500 }, (_, at) => at + 1),
    );
    assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(ids.flat()));
  });

  it("makes nothing new of a head that is recorded, nor of a move seen before from elsewhere", async () => {
    const head = await push("refs/heads/main", sha("99"), sha("a3"));
    assert.match(head.verdict, /^repeat: .*recorded at this commit/u);
    const old = await push("refs/heads/main", ZERO, sha("a1"));
    assert.match(old.verdict, /^repeat: .*seen before/u);
    assert.equal(old.builds[0]?.number, 1);
  });

  it("builds a force push back to an older commit", async () => {
    const received = await push("refs/heads/main", sha("a3"), sha("a2"));
    assert.match(received.verdict, /^build #/u);
  });

  it("says why it builds nothing, with 202", async () => {
    const received = await push("refs/heads/feature", ZERO, sha("b1"));
    assert.deepEqual(received.builds, []);
    assert.equal(received.verdict, "ignored: branch `feature` does not match `main`");
    const gone = await push("refs/heads/feature", sha("b1"), ZERO);
    assert.match(gone.verdict, /was deleted/u);
    const heads = await opened.store.db.selectFrom("refHeads").select("ref").execute();
    assert.ok(heads.every((head) => head.ref !== "refs/heads/feature"));
  });

  it("leaves a tag's commit open until the repository was asked", async () => {
    const received = await push("refs/tags/v1", ZERO, sha("c1"));
    const build = await opened.store.db
      .selectFrom("builds")
      .selectAll()
      .where("id", "=", received.builds[0]?.id ?? 0)
      .executeTakeFirstOrThrow();
    assert.equal(build.sha, null);
    assert.equal(build.waitCode, "forge");
  });

  it("refuses an unknown hook with 404 and records it", async () => {
    const answer = await post("{}", signed("{}"), "unknown-hook");
    assert.equal(answer.status, 404);
    const row = await lastDelivery();
    assert.deepEqual([row.status, row.state, row.projectId, row.body], [404, "rejected", null, null]);
  });

  it("refuses a wrong and a missing signature with the same 401, and tells them apart where people look", async () => {
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: ZERO,
      after: sha("d1"),
      repository: "shop",
    });
    const wrong = await post(body, signed(body, "another"));
    const wrongRow = await lastDelivery();
    const missing = await post(body, { "content-type": "application/json" });
    const missingRow = await lastDelivery();
    assert.deepEqual([wrong.status, missing.status], [401, 401]);
    assert.equal(await wrong.text(), await missing.text());
    assert.match(wrongRow.reason ?? "", /differ/u);
    assert.match(missingRow.reason ?? "", /no signature/u);
    assert.ok(!JSON.stringify(wrongRow.headers).includes("v1,"));
  });

  it("refuses a padded body", async () => {
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: ZERO,
      after: sha("d1"),
      repository: "shop",
    });
    assert.equal((await post(`${body} `, signed(body))).status, 401);
  });

  it("refuses rubbish, and the delivery of another repository, with 400", async () => {
    assert.equal((await post("{", signed("{"))).status, 400);
    const other = JSON.stringify({
      ref: "refs/heads/main",
      before: ZERO,
      after: sha("d1"),
      repository: "else",
    });
    assert.equal((await post(other, signed(other))).status, 400);
    assert.match((await lastDelivery()).reason ?? "", /delivery of else, the hook belongs to shop/u);
  });

  it("refuses a body above 5 MiB with 413 that the sender can read, declared or not", async () => {
    const large = "x".repeat(6 * 1024 * 1024);
    assert.equal((await post(large, signed(""))).status, 413);
    assert.equal((await lastDelivery()).status, 413);
    const stream = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < 6; at += 1) controller.enqueue(new Uint8Array(1024 * 1024));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream, duplex: "half" };
    assert.equal((await fetch(base + hook.hook, init)).status, 413);
  });

  it("does not read an endless body for ever", async () => {
    const url = new URL(base);
    const socket = connect(Number(url.port), url.hostname);
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    socket.resume();
    socket.write(`POST /webhooks/${hook.hook} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1024 * 1024), Buffer.from("\r\n")]);
    const feed = (): void => {
      while (!socket.destroyed && socket.write(chunk)) continue;
    };
    socket.on("drain", feed);
    feed();
    await closed;
  });

  it("refuses a compressed body with 415", async () => {
    const answer = await post("{}", { ...signed("{}"), "content-encoding": "gzip" });
    assert.equal(answer.status, 415);
  });

  it("takes the old secret for a day after a new one was made, then no more", async () => {
    const { store, vault, clock } = opened;
    const old = hook.secret;
    hook = (await renewHook({ store, vault }, "shop")) ?? assert.fail("no project");
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: sha("a2"),
      after: sha("e1"),
      repository: "shop",
    });
    assert.equal((await post(body, signed(body, old))).status, 202);
    assert.equal((await post(body, signed(body, hook.secret))).status, 202);
    clock.pass(86_400_001);
    assert.equal((await post(body, signed(body, old))).status, 401);
  });

  it("judges by routes that changed a moment ago", async () => {
    const { store, vault } = opened;
    await applyFile(
      { store, vault },
      readSluiceFile(FILE.replace("match: main", "match: trunk"), "sluice.yml").file,
    );
    assert.match((await push("refs/heads/main", sha("e1"), sha("e2"))).verdict, /does not match `trunk`/u);
    assert.match((await push("refs/heads/trunk", ZERO, sha("e3"))).verdict, /^build #/u);
  });

  it("numbers the builds of a project without a gap", async () => {
    const builds = await opened.store.db
      .selectFrom("builds")
      .innerJoin("projects", "projects.id", "builds.projectId")
      .select("builds.number")
      .where("projects.key", "=", "shop")
      .orderBy("builds.number")
      .execute();
    assert.deepEqual(
      builds.map((build) => build.number),
      builds.map((_, index) => index + 1),
    );
  });

  it("knows no hook of a project that the file no longer has", async () => {
    const { store, vault } = opened;
    const without = readSluiceFile(FILE.replace(/ {2}shop:[\s\S]*?(?= {2}other)/u, ""), "sluice.yml");
    assert.deepEqual(without.problems, []);
    assert.deepEqual(await applyFile({ store, vault }, without.file), ["- project shop"]);
    const body = JSON.stringify({
      ref: "refs/heads/trunk",
      before: sha("e3"),
      after: sha("e4"),
      repository: "shop",
    });
    assert.equal((await post(body)).status, 404);
  });
});
