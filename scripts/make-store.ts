/**
 * Writes test/stores/NNNN: a small store of this release's schema, which every later release must open. Run once for each
 * new schema, before the release; what is there already is never written again.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { auditNow } from "../server/audit/append.ts";
import { SERVER_PROCEDURES } from "../server/procedures.ts";
import { createSecrets } from "../server/secrets/secrets.ts";
import { openVault } from "../server/secrets/vault.ts";
import { MIGRATIONS } from "../server/store/migrate.ts";
import { openStore } from "../server/store/store.ts";
import type { Store } from "../server/store/store.ts";
import type { Vault } from "../server/secrets/vault.ts";

/** An invented key: it opens nothing but these files. */
const KEY = "5a".repeat(32);
const MADE_MS = Date.UTC(2026, 10, 20, 2, 12, 4);
const SHA = "1234567890123456789012345678901234567890";
const NOTHING = new Uint8Array();

const version = String(MIGRATIONS.at(-1)?.version ?? 0).padStart(4, "0");
const folder = join(import.meta.dirname, "..", "test", "stores", version);
if (existsSync(folder)) {
  console.error(`test/stores/${version} is there already, and a kept store is never changed`);
  process.exit(1);
}
const scratch = await mkdtemp(join(tmpdir(), "sluice-store-"));
try {
  const keyFile = join(scratch, "secret.key");
  writeFileSync(keyFile, KEY);
  let nowMs = MADE_MS;
  const store = await openStore({
    dataFolder: scratch,
    clock: { nowMs: () => (nowMs += 1) },
    procedures: SERVER_PROCEDURES,
  });
  await fill(store, await openVault({ store, keyFile }));
  await store.close();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "secret.key"), `${KEY}\n`);
  // Small pages: dozens of tables with a row or two would else be mostly air.
  const source = join(scratch, "sluice.sqlite");
  const db = new DatabaseSync(source);
  db.exec("pragma journal_mode = delete; pragma page_size = 1024; vacuum");
  db.prepare("vacuum into ?").run(join(folder, "sluice.sqlite"));
  db.close();
  console.log(`test/stores/${version} is written: commit it`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** A row or two of everything that people would miss. */
async function fill(store: Store, vault: Vault): Promise<void> {
  const { db } = store;
  await db
    .insertInto("users")
    .values({ name: "grace", displayName: "Grace", role: "admin", identities: "[]", createdAtMs: MADE_MS })
    .execute();
  const { id: projectId } = await db
    .insertInto("projects")
    .values({
      key: "shop",
      name: "Shop",
      forge: "here",
      repo: "team/shop",
      settings: "{}",
      hook: "hook-of-shop",
      hookSecret: vault.seal("hush", "hook|shop"),
      nextNumber: 4,
      createdAtMs: MADE_MS,
      updatedAtMs: MADE_MS,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db
    .insertInto("schedules")
    .values({
      projectId,
      ref: "refs/heads/main",
      pattern: "H 4 * * 1-5",
      timeZone: "UTC",
      nextAtMs: MADE_MS * 2,
    })
    .execute();
  await db
    .insertInto("refHeads")
    .values({ projectId, ref: "refs/heads/main", sha: SHA, source: "webhook", seenAtMs: MADE_MS })
    .execute();
  const { id: deliveryId } = await db
    .insertInto("deliveries")
    .values({
      hook: "hook-of-shop",
      projectId,
      source: "webhook",
      dedupeKey: "delivery-1",
      headers: "{}",
      body: new TextEncoder().encode("{}"),
      bodySize: 2,
      state: "processed",
      status: 202,
      verdict: "[]",
      receivedAtMs: MADE_MS,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const ids: number[] = [];
  for (const [at, state] of (["succeeded", "failed", "waiting"] as const).entries()) {
    const over = state !== "waiting";
    const { id } = await db
      .insertInto("builds")
      .values({
        projectId,
        number: at + 1,
        deliveryId: at === 0 ? deliveryId : null,
        trust: "trusted",
        eventKind: "push",
        event: "{}",
        ref: "refs/heads/main",
        sha: SHA,
        title: `Change ${at + 1}`,
        routes: "[]",
        parameters: "{}",
        state,
        reasonCode: state === "failed" ? "exit_nonzero" : null,
        reasonFault: state === "failed" ? "command" : null,
        reasonText: state === "failed" ? "sh gave 1" : null,
        waitCode: null,
        waitFacts: null,
        waitSinceMs: null,
        dataKey: vault.newDataKey(),
        createdAtMs: MADE_MS,
        startedAtMs: MADE_MS,
        endedAtMs: over ? MADE_MS + 1000 : null,
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    ids.push(id);
    await db
      .insertInto("stages")
      .values({ buildId: id, path: "Build", no: 1, name: "Build", kind: "stage", state })
      .execute();
    await db
      .insertInto("steps")
      .values({ buildId: id, stepNo: 1, stagePath: "Build", name: over ? "sh" : "input", state })
      .execute();
  }
  const [built = 0, , waiting = 0] = ids;
  await db
    .insertInto("effects")
    .values({
      buildId: waiting,
      id: "0:1",
      n: 1,
      stepNo: 1,
      kind: "gate",
      name: "input",
      argsHash: "h",
      args: NOTHING,
      handle: `b${waiting}.0_1`,
      state: "begun",
      begunAtMs: MADE_MS,
    })
    .execute();
  await db
    .insertInto("gates")
    .values({
      kind: "input",
      projectId,
      buildId: waiting,
      effectId: "0:1",
      state: "open",
      message: "Go on?",
      dueAtMs: MADE_MS * 2,
      openedAtMs: MADE_MS,
    })
    .execute();
  await db
    .insertInto("artifacts")
    .values({
      buildId: built,
      kind: "image",
      name: "shop/web",
      tag: "1",
      digest: "sha256:1",
      createdAtMs: MADE_MS,
    })
    .execute();
  await deployed(store, projectId, built);
  await db
    .insertInto("notifications")
    .values({
      subject: `b${ids[1] ?? 0}`,
      event: "failed",
      channel: "mail",
      recipient: "grace@example.test",
      projectId,
      buildId: ids[1] ?? 0,
      body: "{}",
      state: "sent",
      createdAtMs: MADE_MS,
      sentAtMs: MADE_MS,
    })
    .execute();
  const secrets = createSecrets({ store, vault });
  await secrets.putSecret(
    { scope: "server", scopeId: "" },
    "token",
    { type: "string", text: "kept well" },
    "grace",
  );
  for (const action of ["build.start", "gate.open"])
    await store.call(auditNow, {
      actorKind: "user",
      actor: "grace",
      address: null,
      action,
      object: `b${waiting}`,
      outcome: "done",
    });
}

async function deployed(store: Store, projectId: number, buildId: number): Promise<void> {
  const { db } = store;
  await db
    .insertInto("environments")
    .values({ name: "staging", definition: "{}", releaseCounter: 1, updatedAtMs: MADE_MS })
    .execute();
  const { id: deploymentId } = await db
    .insertInto("deployments")
    .values({
      projectId,
      environment: "staging",
      kind: "deploy",
      buildId,
      effectId: "0:2",
      images: "{}",
      plan: NOTHING,
      planHash: "h",
      approvedBy: "grace",
      approvedAtMs: MADE_MS,
      release: 1,
      state: "succeeded",
      limitMs: 600_000,
      createdAtMs: MADE_MS,
      startedAtMs: MADE_MS,
      endedAtMs: MADE_MS + 1000,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db
    .insertInto("live")
    .values({
      environment: "staging",
      target: "swarm",
      service: "web",
      projectId,
      image: "shop/web@sha256:1",
      digest: "sha256:1",
      sha: SHA,
      release: 1,
      deploymentId,
      sinceMs: MADE_MS,
    })
    .execute();
  await db.updateTable("environments").set({ liveDeploymentId: deploymentId }).execute();
}
