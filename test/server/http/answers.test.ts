import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { api } from "../../../server/http/contract.ts";
import type { EndpointName } from "../../../server/http/contract.ts";
import { LogRange, LogSearch } from "../../../server/http/contract/builds.ts";
import { Received } from "../../../server/http/contract/deliveries.ts";
import type { LiveEvent } from "../../../server/http/contract/events.ts";
import { LiveEvent as LiveEventSchema } from "../../../server/http/contract/events.ts";
import { Hook } from "../../../server/http/contract/projects.ts";
import { createBrowser, startApp } from "../../support/server/world.ts";
import type { RunningApp, TestBrowser } from "../../support/server/world.ts";
import { startDatabase } from "../../support/services/postgres.ts";
import type { Database } from "../../support/services/postgres.ts";
import { until } from "../../support/services/until.ts";

const FILE = `forges:
  here: { type: git, url: 'http://localhost:3001', insecureHttp: true }
targets: { swarm: { type: swarm } }
environments: { staging: { waves: [[swarm]], services: { web: shop_web }, refs: [{ on: branch, match: main }] } }
projects:
  shop: { forge: here, repo: shop, routes: [{ on: branch, match: main, build: true, deploy: [staging] }] }
`;
const ZERO = "0".repeat(40);
const LOG = Buffer.from(
  Array.from(
    { length: 50_000 },
    (_, at) => `line ${at + 1} of the log${at === 41_999 ? " NEEDLE" : ""}\n`,
  ).join(""),
);

for (const dialect of ["sqlite", "postgres"] as const)
  describe(`answers of the API over a build's life, on ${dialect}`, () => {
    let database: Database | null = null;
    let app: RunningApp;
    let ada: TestBrowser;
    let hook: Hook;
    let buildId: number;

    before(async function () {
      this.timeout(120_000);
      database = dialect === "postgres" ? await startDatabase() : null;
      const appended = new Set<(said: { buildId: number; stepNo: number; sizeBytes: number }) => void>();
      app = await startApp(
        FILE,
        {
          logs: {
            read: async (_build, _step, from, limit) => ({
              bytes: LOG.subarray(from, from + limit),
              length: LOG.byteLength,
            }),
            length: async () => LOG.byteLength,
            onAppended: (listener) => {
              appended.add(listener);
              return () => appended.delete(listener);
            },
          },
        },
        database?.url,
      );
      ada = createBrowser(app.url);
      await ada.call("POST", "/claim", {
        claim: app.claim,
        login: "ada",
        name: "Ada",
        password: "correct horse battery",
      });
      hook = Hook.parse(await (await ada.call("POST", "/projects/shop/hook")).json());
      const received = await deliver(ZERO, "a".repeat(40));
      buildId = received.builds[0]?.id ?? assert.fail("no build");
      await fill();
    });
    after(async () => {
      await app.close();
      await database?.drop();
      assert.deepEqual(app.errors, []);
    });

    async function deliver(from: string, to: string): Promise<Received> {
      const body = JSON.stringify({
        ref: "refs/heads/main",
        before: from,
        after: to,
        repository: "shop",
        message: "Apply discount once",
        pusher: "li",
      });
      const id = `msg_${randomUUID()}`;
      const at = String(Math.floor(app.clock.nowMs() / 1000));
      const signature = createHmac("sha256", hook.secret).update(`${id}.${at}.${body}`).digest("base64");
      const answer = await fetch(hook.url, {
        method: "POST",
        body,
        headers: { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": `v1,${signature}` },
      });
      assert.equal(answer.status, 202);
      return Received.parse(await answer.json());
    }

    /** Everything a build leaves behind, as other rooms write it. */
    async function fill(): Promise<void> {
      const { db } = app.store;
      const nowMs = app.clock.nowMs();
      const { id: projectId } = await db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
      await db
        .updateTable("builds")
        .set({ state: "waiting", startedAtMs: nowMs })
        .where("id", "=", buildId)
        .execute();
      await db
        .insertInto("stages")
        .values({
          buildId,
          path: "Test",
          no: 1,
          name: "Test",
          parent: null,
          kind: "stage",
          state: "succeeded",
          reasonText: null,
          startedAtMs: nowMs,
          endedAtMs: nowMs,
        })
        .execute();
      await db
        .insertInto("steps")
        .values({
          buildId,
          stepNo: 1,
          stagePath: "Test",
          effectId: "0:1",
          name: "sh",
          label: "npm test",
          state: "succeeded",
          exitCode: 0,
          reasonCode: null,
          reasonText: null,
          failingLine: null,
          line: 9,
          startedAtMs: nowMs,
          endedAtMs: nowMs,
        })
        .execute();
      await db
        .insertInto("testResults")
        .values({
          buildId,
          stepNo: 1,
          stagePath: "Test",
          suite: "cart",
          className: null,
          name: "total",
          state: "error",
          durationMs: 12,
          message: "90 is not 81",
          detail: null,
        })
        .execute();
      await db
        .insertInto("artifacts")
        .values({
          buildId,
          kind: "image",
          name: "shop/web",
          tag: "4f2c1aa",
          digest: "sha256:1",
          sizeBytes: 12,
          path: null,
          stepNo: 1,
          createdAtMs: nowMs,
        })
        .execute();
      const values = {
        projectId,
        environment: "staging",
        kind: "deploy" as const,
        rollbackOf: null,
        buildId,
        effectId: "0:2",
        ref: "refs/heads/main",
        sha: "a".repeat(40),
        message: null,
        images: JSON.stringify({ web: "shop/web@sha256:1" }),
        plan: new Uint8Array([1]),
        planHash: "h",
        gateId: null,
        approvedBy: "ada",
        approvedAtMs: nowMs,
        createdBy: "li",
        reasonCode: null,
        reasonFault: null,
        reasonText: null,
        waitCode: null,
        waitFacts: null,
        waitSinceMs: null,
        limitMs: 1000,
        dueAtMs: null,
        createdAtMs: nowMs,
      };
      const live = await db
        .insertInto("deployments")
        .values({ ...values, release: 1, fence: 1, state: "succeeded", startedAtMs: nowMs, endedAtMs: nowMs })
        .returning("id")
        .executeTakeFirstOrThrow();
      const pending = await db
        .insertInto("deployments")
        .values({
          ...values,
          effectId: "0:3",
          release: null,
          fence: null,
          state: "pending",
          waitCode: "gate",
          startedAtMs: null,
          endedAtMs: null,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      await db
        .insertInto("deploymentTargets")
        .values({
          deploymentId: live.id,
          target: "swarm",
          wave: 0,
          try: 1,
          state: "succeeded",
          marker: null,
          plan: new Uint8Array([1]),
          before: null,
          receipt: null,
          rollbackReceipt: null,
          fence: 1,
          progress: JSON.stringify({ done: 1, total: 1, text: "1 of 1" }),
          reasonCode: null,
          reasonText: null,
          deadlineAtMs: null,
          soakUntilMs: null,
          startedAtMs: nowMs,
          endedAtMs: nowMs,
          updatedAtMs: nowMs,
        })
        .execute();
      await db
        .insertInto("deploymentLines")
        .values({
          deploymentId: live.id,
          targetId: null,
          kind: "approved",
          text: "approved by ada",
          body: null,
          atMs: nowMs,
        })
        .execute();
      await db
        .insertInto("live")
        .values({
          environment: "staging",
          target: "swarm",
          service: "web",
          projectId,
          image: "shop/web@sha256:1",
          digest: "sha256:1",
          sha: null,
          release: 1,
          deploymentId: live.id,
          sinceMs: nowMs,
          observedAtMs: nowMs,
          drift: null,
        })
        .execute();
      await db
        .insertInto("gates")
        .values({
          kind: "deploy",
          projectId,
          buildId,
          effectId: "0:2",
          deploymentId: pending.id,
          environment: "staging",
          state: "open",
          message: "Deploy shop to staging?",
          okLabel: null,
          form: null,
          submitters: null,
          planHash: "h",
          dueAtMs: nowMs + 1000,
          openedAtMs: nowMs,
          decidedBy: null,
          decidedAtMs: null,
          reason: null,
          value: null,
        })
        .execute();
      await db
        .insertInto("notifications")
        .values({
          subject: `b${buildId}`,
          event: "failed",
          channel: "mail",
          recipient: "li@example.test",
          projectId,
          buildId,
          effectId: null,
          body: "{}",
          state: "dead",
          nextAtMs: null,
          messageId: null,
          threadKey: null,
          answer: "550 no such user",
          createdAtMs: nowMs,
          sentAtMs: null,
        })
        .execute();
      await db
        .insertInto("runners")
        .values({
          name: "build-1",
          keyHash: "x",
          labels: '["docker"]',
          places: 4,
          state: "online",
          boot: null,
          versions: "{}",
          workspaces: "[]",
          problem: null,
          joinedAtMs: nowMs,
          lastSeenAtMs: nowMs,
          goneAtMs: null,
        })
        .execute();
    }

    async function get<Name extends EndpointName>(name: Name, path: string): Promise<unknown> {
      const answer = await ada.call("GET", path);
      assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
      return api[name].answer.parse(await answer.json());
    }

    const PATHS: readonly (readonly [EndpointName, string])[] = [
      ["home", "/home"],
      ["processes", "/processes"],
      ["projects", "/projects"],
      ["project", "/projects/shop"],
      ["projectBuilds", "/projects/shop/builds?ref=main&state=waiting,running"],
      ["projectBuild", "/projects/shop/builds/1"],
      ["builds", "/builds?project=shop&author=li"],
      ["build", "/builds/1"],
      ["tests", "/builds/1/tests"],
      ["explain", "/builds/1/why"],
      ["gates", "/gates?state=open"],
      ["gate", "/gates/1"],
      ["environments", "/environments?project=shop"],
      ["environment", "/environments/staging"],
      ["deployments", "/deployments?environment=staging"],
      ["deployment", "/deployments/1"],
      ["deliveries", "/deliveries?state=built"],
      ["delivery", "/deliveries/1"],
      ["users", "/users"],
      ["tokens", "/tokens"],
      ["audit", "/audit"],
      ["runners", "/runners"],
      ["notifications", "/notifications?state=dead"],
      ["settings", "/settings"],
      ["checklist", "/checklist"],
      ["secrets", "/secrets"],
      ["projectSecrets", "/projects/shop/secrets"],
    ];
    for (const [name, path] of PATHS) {
      it(`${path} is as the contract says`, async () => void (await get(name, path)));
    }

    it("a build tells its stages, what waits, what it made and where it lives", async () => {
      const build = api.build.answer.parse(await get("build", "/builds/1"));
      assert.deepEqual(
        build.stages.map((stage) => [stage.name, stage.steps.length]),
        [["Test", 1]],
      );
      assert.deepEqual(build.tests, { passed: 0, failed: 1, skipped: 0, durationMs: 12 });
      assert.equal(build.waits[0]?.gate, 1);
      assert.deepEqual(build.liveIn, ["staging"]);
      assert.equal(build.artifacts[0]?.name, "shop/web:4f2c1aa");
      assert.equal(build.title, "Apply discount once");
    });

    it("an environment tells what is live and what waits", async () => {
      const staging = api.environment.answer.parse(await get("environment", "/environments/staging"));
      assert.equal(staging.live[0]?.release, 1);
      assert.equal(staging.waiting, 1);
      assert.equal(staging.queue[0]?.cause, "gate");
      assert.equal(staging.history.length, 2);
    });

    it("lists go on by their cursor", async () => {
      const first = api.deployments.answer.parse(await get("deployments", "/deployments?limit=1"));
      const second = api.deployments.answer.parse(
        await get("deployments", `/deployments?limit=1&after=${first.next}`),
      );
      assert.deepEqual([first.items[0]?.id, second.items[0]?.id, second.next], [2, 1, null]);
    });

    it("a log is read by bytes, from its end, around a line and by a search", async () => {
      const path = "/builds/1/steps/1/log";
      const start = LogRange.parse(await (await ada.call("GET", `${path}?from=0&to=100`)).json());
      assert.equal(start.firstLine, 1);
      assert.ok(start.text.startsWith("line 1 of the log\n"));
      const end = LogRange.parse(await (await ada.call("GET", `${path}?from=-100`)).json());
      assert.equal(end.endByte, LOG.byteLength);
      assert.ok(end.text.startsWith(`line ${end.firstLine} of`));
      assert.equal(end.complete, true);
      for (const line of [1, 2, 9_999, 42_000, 50_000]) {
        const around = LogRange.parse(await (await ada.call("GET", `${path}?line=${line}&lines=30`)).json());
        const lines = around.text.trimEnd().split("\n");
        assert.ok(
          lines[line - around.firstLine]?.startsWith(`line ${line} of`),
          `line ${line} in a range from ${around.firstLine}`,
        );
        assert.ok(lines.length <= 30);
      }
      const found = LogSearch.parse(await (await ada.call("GET", `${path}/search?q=needle`)).json());
      assert.deepEqual([found.count, found.items[0]?.line], [1, 42_000]);
      const bytes = await ada.call("GET", path, undefined, { range: "bytes=0-5", accept: "text/plain" });
      assert.deepEqual([bytes.status, await bytes.text()], [206, "line 1"]);
      assert.equal((await ada.call("GET", path, undefined, { range: "bytes=99999999-" })).status, 416);
      const whole = await ada.call("GET", path, undefined, { accept: "text/plain" });
      assert.equal((await whole.arrayBuffer()).byteLength, LOG.byteLength);
      assert.equal((await ada.call("GET", "/builds/1/steps/7/log")).status, 404);
    });

    it("a log that is shorter on disk than it was says how much of its end is gone", async () => {
      const steps = app.store.db.updateTable("steps").where("buildId", "=", 1).where("stepNo", "=", 1);
      const read = async () =>
        LogRange.parse(await (await ada.call("GET", "/builds/1/steps/1/log?from=-100")).json());
      assert.equal((await read()).missingBytes, 0);
      await steps.set({ logBytes: LOG.byteLength + 17 }).execute();
      const { text, missingBytes } = await read();
      assert.deepEqual([missingBytes, text.endsWith("\n")], [17, true]);
      await steps.set({ logBytes: LOG.byteLength }).execute();
    });

    it("the console is text", async () => {
      const answer = await ada.call("GET", "/builds/1/console");
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/u);
      assert.match(await answer.text(), /Start of Pipeline/u);
    });

    it("a replay makes nothing twice, unless a person asks for it", async () => {
      const same = Received.parse(await (await ada.call("POST", "/deliveries/1/replay", {})).json());
      assert.match(same.verdict, /^repeat/u);
      assert.equal(same.builds[0]?.number, 1);
      const again = Received.parse(
        await (await ada.call("POST", "/deliveries/1/replay", { again: true })).json(),
      );
      assert.equal(again.builds[0]?.number, 2);
      const shown = api.delivery.answer.parse(await get("delivery", `/deliveries/${again.deliveryId}`));
      assert.deepEqual([shown.source, shown.replayOf, shown.state], ["replay", 1, "built"]);
    });

    it("an untrusted build is let run at the commit that was looked at, and at no other", async () => {
      const { db } = app.store;
      const received = await deliver("d".repeat(40), "e".repeat(40));
      const id = received.builds[0]?.id ?? assert.fail("no build");
      await db
        .updateTable("builds")
        .set({ trust: "untrusted", waitCode: "approval", waitFacts: "{}", waitSinceMs: 1 })
        .where("id", "=", id)
        .execute();
      assert.equal((await ada.call("POST", `/builds/${id}/approve`, { sha: "f".repeat(40) })).status, 409);
      assert.equal((await ada.call("POST", `/builds/${id}/approve`, { sha: "e".repeat(40) })).status, 200);
      assert.equal((await ada.call("POST", `/builds/${id}/approve`, { sha: "e".repeat(40) })).status, 409);
      const row = await db
        .selectFrom("builds")
        .select(["approvedBy", "trust", "epoch"])
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      assert.deepEqual(row, { approvedBy: "ada", trust: "untrusted", epoch: 2 });
    });

    it("live events begin where the last stream ended, and say which thing changed", async () => {
      const one = await readEvents(app, ada, null);
      await one.next((event) => event.type === "hello");
      const received = await deliver("a".repeat(40), "b".repeat(40));
      const built = await one.next((event) => event.type === "build.changed");
      assert.ok(built.type === "build.changed");
      assert.equal(built.project, "shop");
      assert.equal(built.build, received.builds[0]?.id);
      await one.close();
      await deliver("b".repeat(40), "c".repeat(40));
      const two = await readEvents(app, ada, built.seq);
      const later = await two.next((event) => event.type === "build.changed");
      assert.ok(later.type === "build.changed" && later.seq > built.seq);
      await two.close();
      const lost = await readEvents(app, ada, 1_000_000);
      await lost.next((event) => event.type === "resync");
      await lost.close();
    });
  });

/** Reads a stream as a browser does. */
async function readEvents(app: RunningApp, browser: TestBrowser, lastId: number | null) {
  const stop = new AbortController();
  const answer = await fetch(`${app.url}/api/v1/events`, {
    headers: { cookie: browser.cookie(), ...(lastId === null ? {} : { "last-event-id": String(lastId) }) },
    signal: stop.signal,
  });
  assert.equal(answer.status, 200);
  const seen: LiveEvent[] = [];
  const reading = (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(z.instanceof(Uint8Array).parse(chunk), { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = /^data: (.*)$/mu.exec(text.slice(0, end))?.[1];
        if (data !== undefined) seen.push(LiveEventSchema.parse(JSON.parse(data)));
        text = text.slice(end + 2);
      }
    }
  })().catch(() => {});
  return {
    next: async (wanted: (event: LiveEvent) => boolean) =>
      await until("the event came", () => seen.find(wanted)),
    close: async () => {
      stop.abort();
      await reading;
    },
  };
}
