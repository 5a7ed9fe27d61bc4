import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, it } from "mocha";
import { readSluiceFile } from "../../../server/config.ts";
import { createBlobs } from "../../../server/runners/blobs.ts";
import { retain } from "../../../server/upkeep/retain.ts";
import { ANN, startWorld } from "../builds/support/world.ts";
import { assertRules } from "../../support/growth.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";

const DAY_MS = 86_400_000;

/** Why a table that no rule prunes does not grow by itself. */
const BOUNDED: Readonly<Record<string, string>> = {
  api_tokens: "people make them; expired ones go after 30 days",
  audit: "what people and the server decided, kept for ever by promise: a line for each",
  channel_states: "one row for each address of a channel in sluice.yml",
  caches: "one row for each name that a file gives a cache; this version keeps none",
  claims: "one at a time until the server has an owner",
  environments: "sluice.yml names them",
  instance: "one row",
  live: "one row for each service of a target",
  members: "people give them",
  projects: "sluice.yml names them",
  ref_heads: "one row for each branch and tag of a repository, which go with them",
  runner_tokens: "people make them; expired ones go after 30 days",
  runners: "machines that were joined; those sent away go with their last build",
  schedules: "one row for each trigger of a default branch's file",
  schema_migrations: "one row for each migration",
  secret_versions: "the current ones and those that an unfinished build has bound",
  secrets: "people make them",
  settings: "one row for each part of sluice.yml; those of a ref go with the ref and its builds",
  sign_in_failures: "forgotten after a day",
  upstream_triggers: "one row for each trigger of a default branch's file",
  users: "people make them",
};

/** Tables of which retention leaves nothing when all that is in them is old. */
const PRUNED: Readonly<Record<string, string>> = {
  builds: "retention, the journal and all else of a build with it",
  deliveries: "retention",
  deployments: "retention, but for what is live and the last ten releases",
  deployment_lines: "with their deployment",
  deployment_targets: "with their deployment",
  events: "retention",
  forge_statuses: "retention, or with their build",
  gates: "with their build or deployment",
  milestones: "with the last build and the head of their ref",
  leases: "those of builds with them; the rest are a handful of names",
  notifications: "retention",
  outbox: "a day after they were sent",
  ref_moves: "retention",
  sign_in_links: "30 days after they expired",
  sign_ins: "30 days after they expired",
};

interface Table {
  readonly name: string;
  /** The table with which its rows go. */
  readonly goesWith: readonly string[];
}

function tablesOf(folder: string): Table[] {
  const db = new DatabaseSync(join(folder, "sluice.sqlite"), { readOnly: true });
  const names = db
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
    .all()
    .map((row) => String(row["name"]));
  const tables = names.map((name) => ({
    name,
    goesWith: db
      .prepare(`select "table" from pragma_foreign_key_list(?) where on_delete = 'CASCADE'`)
      .all(name)
      .map((row) => String(row["table"])),
  }));
  db.close();
  return tables;
}

function countsOf(folder: string, tables: readonly Table[]): Map<string, number> {
  const db = new DatabaseSync(join(folder, "sluice.sqlite"), { readOnly: true });
  const counts = new Map(
    tables.map(({ name }) => [
      name,
      Number(db.prepare(`select count(*) as n from ${name}`).get()?.["n"] ?? 0),
    ]),
  );
  db.close();
  return counts;
}

const RICH = `
properties([disableConcurrentBuilds(), buildDiscarder(logRotator(numToKeepStr: '50'))])
milestone 1
stage('Test') { node('') { sh 'one'; sh 'two' } }
stage('Ask') { timeout(60) { input 'Go on?' } }
sleep 1
milestone 2
`;

describe("nothing grows without a bound", function () {
  this.timeout(180_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("in the database: every table has a rule, and none has two", async () => {
    const world = await startWorld();
    stops.add(() => world.stop());
    const tables = tablesOf(world.folder);
    const isPruned = (name: string): boolean => {
      if (name in PRUNED) return true;
      const table = tables.find((one) => one.name === name);
      return table?.goesWith.some((other) => other !== name && isPruned(other)) ?? false;
    };
    for (const { name } of tables)
      assert.ok(
        name in BOUNDED || isPruned(name),
        `${name}: say in this test which rule prunes it, or why it does not grow`,
      );
    const known = new Set(tables.map(({ name }) => name));
    for (const name of [...Object.keys(BOUNDED), ...Object.keys(PRUNED)]) {
      assert.ok(known.has(name), `there is no table ${name} any more`);
      assert.ok(!(name in BOUNDED && name in PRUNED), `${name} stands in both lists`);
    }
  });

  it("of many builds that ran, nothing is left when their time is over: no row, no file", async () => {
    const world = await startWorld();
    stops.add(() => world.stop());
    const before = countsOf(world.folder, tablesOf(world.folder));
    const runner = await world.runner({ places: 2 });
    const life = await world.begin();
    life.serve(runner);
    const builds: number[] = [];
    for (let at = 0; at < 12; at += 1) builds.push(await world.build(RICH, at % 2 === 0 ? "shop" : "mill"));
    builds.push(await world.build("this is no pipeline {", "mint"));
    await until("all have ended", async () => {
      const gates = await world.base.db
        .selectFrom("gates")
        .select("id")
        .where("state", "=", "open")
        .execute();
      for (const { id } of gates) await life.gates.decide(id, { decision: "approve" }, ANN);
      const open = await world.base.db
        .selectFrom("builds")
        .select("id")
        .where("endedAtMs", "is", null)
        .execute();
      return open.length === 0;
    });
    await until("nothing waits to be told", async () => {
      const waiting = await world.base.db
        .selectFrom("outbox")
        .select("id")
        .where("dispatchedAtMs", "is", null)
        .execute();
      return waiting.length === 0;
    });
    await life.crash();
    assert.ok((await readdir(join(world.folder, "builds"))).length > 0);
    await assertRules("server", world.folder);
    world.clock.pass(400 * DAY_MS);
    const { file } = readSluiceFile("", "sluice.yml");
    const gone = await retain(
      {
        store: world.base,
        files: world.files,
        blobs: createBlobs(world.folder),
        retention: file.retention,
        log: { info: () => {} },
      },
      new AbortController().signal,
    );
    assert.equal(gone.builds, builds.length);
    // The runner is there, projects are, and a few leases have names that never change.
    const grown = [...countsOf(world.folder, tablesOf(world.folder))].filter(
      ([name, count]) => count > (before.get(name) ?? 0) && name !== "runners" && name !== "leases",
    );
    assert.deepEqual(grown, []);
    const leases = await world.base.db.selectFrom("leases").select("name").execute();
    assert.deepEqual(
      leases.filter(({ name }) => name.startsWith("build:")),
      [],
    );
    for (const folder of ["builds", "blobs"])
      assert.deepEqual(await readdir(join(world.folder, folder)).catch(() => []), [], folder);
  });
});
