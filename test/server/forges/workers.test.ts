import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { readSluiceFile } from "../../../server/config.ts";
import type { ForgeConfig, SluiceFile } from "../../../server/config-schema.ts";
import { createForges } from "../../../server/forges/forges.ts";
import type { Forges } from "../../../server/forges/forges.ts";
import { startSettling } from "../../../server/forges/settle.ts";
import { sendStatuses } from "../../../server/forges/statuses.ts";
import type { TriggerEvent } from "../../../server/forges/trigger-event.ts";
import { applyFile } from "../../../server/projects/apply.ts";
import { createSecrets } from "../../../server/secrets/secrets.ts";
import { createHookProjects } from "../../../server/webhooks/hook-projects.ts";
import { recordReading } from "../../../server/webhooks/receive.ts";
import type { ReceiveDeps } from "../../../server/webhooks/receive.ts";
import { startSweep, SWEEP_MS, sweepAll } from "../../../server/webhooks/sweep.ts";
import type { FakeForge } from "../../support/fakes/forge-server.ts";
import { KNOWN_SHA, startFakeGitea } from "../../support/fakes/gitea.ts";
import { openServer } from "../../support/server/open.ts";
import type { OpenedServer } from "../../support/server/open.ts";
import { startRepository } from "../../support/server/repository.ts";
import { until } from "../../support/services/until.ts";

const quiet = { warn: () => {} };

/** How long ten minutes of the clock take in real time: none, unless it is asked for. */
const OUTAGE_MS = Number(process.env["SLUICE_TEST_OUTAGE_S"] ?? "0") * 1000;
const LOOKS = 120;

describe("the workers beside the forges", function () {
  this.timeout(60_000 + OUTAGE_MS);
  let opened: OpenedServer;
  let repository: Awaited<ReturnType<typeof startRepository>>;
  let gitea: FakeForge;
  let forges: Forges;
  let config: Readonly<Record<string, ForgeConfig>>;
  let receive: ReceiveDeps;
  let applied: SluiceFile;
  const { signal } = new AbortController();

  before(async () => {
    opened = await openServer();
    repository = await startRepository();
    gitea = await startFakeGitea();
    const { store, vault, clock } = opened;
    const loaded = readSluiceFile(
      `forges:
  plain: { type: git, url: '${repository.server.url}', insecureHttp: true, secret: git-login }
  tea: { type: gitea, url: '${gitea.url}', insecureHttp: true, secret: tea-token }
projects:
  shop: { forge: plain, repo: shop }
  web: { forge: tea, repo: acme/web }
`,
      "sluice.yml",
    );
    assert.deepEqual(loaded.problems, []);
    await applyFile({ store, vault }, loaded.file);
    const secrets = createSecrets({ store, vault });
    const server = { scope: "server" as const, scopeId: "" };
    await secrets.putSecret(
      server,
      "git-login",
      { type: "usernamePassword", ...repository.credentials },
      null,
    );
    await secrets.putSecret(server, "tea-token", { type: "string", text: gitea.token }, null);
    applied = loaded.file;
    config = loaded.file.forges;
    forges = createForges({ forges: config, secrets, folder: join(opened.folder, "mirrors") });
    receive = {
      store,
      clock,
      projects: createHookProjects({ store, vault, forges: config }),
      newDataKey: () => vault.newDataKey(),
    };
  });
  after(async () => {
    await gitea.stop();
    await repository.stop();
    await opened.close();
  });

  async function sweep(): Promise<void> {
    await sweepAll({ ...receive, forges, log: quiet }, signal);
  }

  async function buildsOf(key: string) {
    return await opened.store.db
      .selectFrom("builds")
      .innerJoin("projects", "projects.id", "builds.projectId")
      .select([
        "builds.id",
        "builds.ref",
        "builds.sha",
        "builds.trust",
        "builds.state",
        "builds.waitCode",
        "builds.waitFacts",
        "builds.title",
      ])
      .where("projects.key", "=", key)
      .orderBy("builds.id")
      .execute();
  }

  async function projectOf(key: string) {
    const row = await opened.store.db
      .selectFrom("projects")
      .select("hook")
      .where("key", "=", key)
      .executeTakeFirstOrThrow();
    return (await receive.projects.find(row.hook)) ?? assert.fail("no project");
  }

  it("the sweep only records at its first look, then builds what moved, once", async () => {
    await repository.commit("a", "1", "One");
    await repository.git("push", "--quiet", "origin", "main");
    await sweep();
    assert.deepEqual(await buildsOf("shop"), []);
    const two = await repository.commit("a", "2", "Two");
    const three = await repository.commit("a", "3", "Three");
    await repository.git("tag", "--annotate", "v1", "--message", "one", two);
    await repository.git("push", "--quiet", "origin", "main", "v1");
    await sweep();
    await sweep();
    const builds = await buildsOf("shop");
    assert.deepEqual(
      builds.map((build) => [build.ref, build.sha]),
      [
        ["refs/heads/main", three],
        ["refs/tags/v1", two],
      ],
    );
    await repository.git("push", "--quiet", "--delete", "origin", "v1");
    await sweep();
    const heads = await opened.store.db.selectFrom("refHeads").select("ref").execute();
    assert.ok(heads.every((head) => head.ref !== "refs/tags/v1"));
    assert.equal((await buildsOf("shop")).length, 2);
  });

  it("the sweep builds the first push to a repository that was empty when it was looked at", async () => {
    const { store, vault } = opened;
    const url = await repository.server.createRepository("fresh");
    const project = {
      forge: "plain",
      repo: "fresh",
      jenkinsfile: "Jenkinsfile",
      concurrency: 10,
      images: [],
      tags: {},
      routes: [],
    };
    await applyFile({ store, vault }, { ...applied, projects: { ...applied.projects, fresh: project } });
    await sweep();
    await repository.git("push", "--quiet", url, "main");
    await sweep();
    assert.deepEqual(
      (await buildsOf("fresh")).map((build) => build.ref),
      ["refs/heads/main"],
    );
  });

  it("a tag whose commit is unknown is asked for before its build starts", async () => {
    const sha = await repository.git("rev-parse", "HEAD");
    await repository.git("tag", "--annotate", "v2", "--message", "two");
    await repository.git("push", "--quiet", "origin", "v2");
    const object = await repository.git("rev-parse", "v2");
    await record("shop", {
      ...push("git", "shop"),
      kind: "tag",
      ref: "refs/tags/v2",
      name: "v2",
      after: object,
      commit: null,
      title: "",
    });
    await settledOf("shop");
    const last = (await buildsOf("shop")).at(-1);
    assert.deepEqual([last?.sha, last?.waitCode, last?.trust, last?.title], [sha, null, "trusted", "Three"]);
  });

  it("F62: kill point 1: three pushes that no webhook told of, because no server was there, are built after its next start", async () => {
    const before = (await buildsOf("shop")).length;
    const pushed: string[] = [];
    for (const branch of ["main", "one", "two"]) {
      const sha = await repository.commit(`of-${branch}`, "1", `To ${branch}`);
      await repository.git("push", "--quiet", "origin", `HEAD:${branch}`);
      pushed.push(`refs/heads/${branch} ${sha}`);
    }
    opened.clock.pass(3_600_000);
    // As a start begins it: the first look is at once, the next one five minutes later finds nothing new.
    const started = startSweep({ ...receive, forges, log: quiet });
    try {
      await until("all three are builds", async () => (await buildsOf("shop")).length === before + 3);
    } finally {
      await started.stop();
    }
    opened.clock.pass(SWEEP_MS);
    await sweep();
    const builds = (await buildsOf("shop")).slice(before);
    assert.deepEqual(builds.map((build) => `${build.ref} ${build.sha}`).toSorted(), pushed.toSorted());
  });

  it("a change request waits until the forge has said who may write, and an untrusted one for a person", async () => {
    gitea.breakDown(503, 1);
    await record("web", change("rev", 1));
    await record("web", change("guest", 2));
    await settledOf("web");
    const [good, bad] = await buildsOf("web");
    assert.deepEqual([good?.trust, good?.waitCode], ["trusted", null]);
    assert.deepEqual([bad?.trust, bad?.waitCode, bad?.state], ["untrusted", "approval", "queued"]);
  });

  it("statuses follow the builds, the newest alone, and are tried again while the forge is away", async () => {
    const deps = {
      store: opened.store,
      forges,
      config,
      publicUrl: "https://ci.example.test",
      clock: opened.clock,
      log: quiet,
    };
    const [good] = await buildsOf("web");
    assert.ok(good);
    await sendStatuses(deps, signal);
    assert.deepEqual(
      gitea.statuses.map((status) => [status.context, status.state]),
      [["ci/sluice/pr", "pending"]],
    );
    await opened.store.db.updateTable("builds").set({ state: "running" }).where("id", "=", good.id).execute();
    gitea.breakDown(500, 1);
    await sendStatuses(deps, signal);
    assert.equal(gitea.statuses.length, 1);
    await opened.store.db
      .updateTable("builds")
      .set({
        state: "failed",
        reasonCode: "exit_nonzero",
        reasonFault: "command",
        reasonText: "sh: exit 1",
        endedAtMs: opened.clock.nowMs(),
      })
      .where("id", "=", good.id)
      .execute();
    opened.clock.pass(3_600_000);
    await sendStatuses(deps, signal);
    await sendStatuses(deps, signal);
    assert.deepEqual(
      gitea.statuses.map((status) => status.state),
      ["pending", "failure"],
    );
    assert.equal(gitea.statuses.at(-1)?.url, "https://ci.example.test/p/web/b/1");
    const rows = await opened.store.db
      .selectFrom("forgeStatuses")
      .select("state")
      .where("buildId", "=", good.id)
      .execute();
    assert.ok(rows.every((row) => row.state === "sent"));
  });

  it("F66: a forge whose statuses fail for ten minutes has the final one in the end, and no older one after it", async () => {
    const deps = {
      store: opened.store,
      forges,
      config,
      publicUrl: "https://ci.example.test",
      clock: opened.clock,
      log: quiet,
    };
    const [, build] = await buildsOf("web");
    assert.ok(build);
    await sendStatuses(deps, signal);
    const from = gitea.statuses.length;
    const becomes = async (set: { state: "running" | "succeeded"; endedAtMs: number | null }) =>
      await opened.store.db.updateTable("builds").set(set).where("id", "=", build.id).execute();
    const refused = gitea.requests.length;
    gitea.breakDown(500, Number.MAX_SAFE_INTEGER);
    for (let look = 0; look < LOOKS; look += 1) {
      if (look === 0) await becomes({ state: "running", endedAtMs: null });
      if (look === LOOKS / 2) await becomes({ state: "succeeded", endedAtMs: opened.clock.nowMs() });
      await sendStatuses(deps, signal);
      if (OUTAGE_MS > 0) await pause(OUTAGE_MS / LOOKS);
      opened.clock.pass(600_000 / LOOKS);
    }
    assert.equal(gitea.statuses.length, from);
    assert.ok(
      gitea.requests.length - refused < 20,
      "a forge that is away is left alone for longer and longer",
    );
    gitea.breakDown(500, 0);
    for (let minute = 0; minute < 30; minute += 1) {
      await sendStatuses(deps, signal);
      opened.clock.pass(60_000);
    }
    assert.deepEqual(
      gitea.statuses.slice(from).map(({ context, state }) => [context, state]),
      [["ci/sluice/pr", "success"]],
    );
  });

  function push(forge: "git" | "gitea", repo: string): TriggerEvent {
    return {
      kind: "push",
      forge,
      repoId: null,
      repo,
      ref: "refs/heads/main",
      name: "main",
      before: null,
      after: KNOWN_SHA,
      commit: KNOWN_SHA,
      deleted: false,
      skipCi: null,
      title: "t",
      author: { name: "", mail: null },
      actor: { login: "", id: null },
      change: null,
    };
  }

  function change(author: string, number: number): TriggerEvent {
    return {
      ...push("gitea", "acme/web"),
      kind: "change",
      ref: `refs/pull/${number}/head`,
      name: String(number),
      actor: { login: author, id: null },
      change: {
        number,
        action: "opened",
        title: "t",
        headSha: KNOWN_SHA,
        headRef: "x",
        headRepoId: "1",
        baseRef: "main",
        fork: false,
        author,
        authorId: null,
        draft: false,
      },
    };
  }

  async function record(key: string, event: TriggerEvent): Promise<void> {
    const origin = {
      source: "webhook" as const,
      dedupeKey: null,
      request: null,
      address: null,
      replayOf: null,
      again: false,
    };
    const recorded = await recordReading(receive, await projectOf(key), { kind: "event", event }, origin);
    assert.match(recorded?.verdict ?? "", /^build #/u);
  }

  async function settledOf(key: string): Promise<void> {
    const loop = startSettling({ store: opened.store, forges, clock: opened.clock, log: quiet });
    try {
      await until("every build is settled", async () => {
        // What waits for a second try is due at once.
        opened.clock.pass(600_000);
        loop.wake();
        return (await buildsOf(key)).every((build) => build.waitCode !== "forge");
      });
    } finally {
      await loop.stop();
    }
  }
});
