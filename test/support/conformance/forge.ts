import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { ForgeError } from "../../../server/forges/errors.ts";
import type { CommitState, CommitStatus, Forge } from "../../../server/forges/forge.ts";
import type { TriggerEvent } from "../../../server/forges/trigger-event.ts";
import type { FakeForge } from "../fakes/forge-server.ts";
import { KNOWN_SHA } from "../fakes/gitea.ts";

/** How a forge is started for its conformance tests. `person` gives the account of a name there. */
export interface ForgeUnderTest {
  start(): Promise<FakeForge>;
  open(url: string, token: string): Forge;
  person(name: string): { login: string; id: string | null };
}

const STATES: readonly CommitState[] = [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "error",
  "aborted",
  "not_built",
];

/** The promises of `Forge`, as tests. */
export function forgeConformance(name: string, under: ForgeUnderTest): void {
  describe(`${name} as a forge`, () => {
    let fake: FakeForge;
    let forge: Forge;
    const { signal } = new AbortController();
    before(async () => {
      fake = await under.start();
      forge = under.open(fake.url, fake.token);
    });
    after(async () => await fake.stop());

    function status(change: Partial<CommitStatus>): CommitStatus {
      return {
        repo: "acme/web",
        sha: KNOWN_SHA,
        ref: "refs/heads/main",
        context: "ci/sluice/push",
        state: "running",
        description: "#1 is running",
        url: "https://ci.example.test/p/web/b/1",
        ...change,
      };
    }

    function change(author: string, fork: boolean): TriggerEvent {
      const person = under.person(author);
      return {
        kind: "change",
        forge: forge.type,
        repoId: "1",
        repo: "acme/web",
        ref: "refs/pull/3/head",
        name: "3",
        before: null,
        after: KNOWN_SHA,
        commit: KNOWN_SHA,
        deleted: false,
        skipCi: null,
        title: "t",
        author: { name: author, mail: null },
        actor: person,
        change: {
          number: 3,
          action: "opened",
          title: "t",
          headSha: KNOWN_SHA,
          headRef: "x",
          headRepoId: "1",
          baseRef: "main",
          fork,
          author: person.login,
          authorId: person.id,
          draft: false,
        },
      };
    }

    for (const state of STATES) {
      it(`takes the state ${state}, and takes it twice`, async () => {
        await forge.setStatus(status({ state, context: `ci/sluice/${state}` }), signal);
        await forge.setStatus(status({ state, context: `ci/sluice/${state}` }), signal);
        assert.ok(fake.statuses.some((stored) => stored.context === `ci/sluice/${state}`));
      });
    }

    it("cuts a long description instead of failing", async () => {
      await forge.setStatus(status({ context: "ci/sluice/long", description: "字".repeat(400) }), signal);
      assert.match(fake.statuses.at(-1)?.description ?? "", /…$/u);
    });

    it("links to the build", () => assert.equal(fake.statuses[0]?.url, "https://ci.example.test/p/web/b/1"));

    it("trusts who may write, and nobody else", async () => {
      assert.equal(await forge.trust(change("rev", false), signal), "trusted");
      assert.equal(await forge.trust(change("guest", false), signal), "untrusted");
      assert.equal(await forge.trust(change("stranger", false), signal), "untrusted");
    });

    it("trusts no fork, whoever sent it, and asks nothing for that", async () => {
      const asked = fake.requests.length;
      assert.equal(await forge.trust(change("acme", true), signal), "untrusted");
      assert.equal(fake.requests.length, asked);
    });

    it("says by code what went wrong, and never the token", async () => {
      const wrong = under.open(fake.url, "another-token-made-up");
      await failsWith("unauthorised", async () => await wrong.setStatus(status({}), signal));
      await failsWith("unauthorised", async () => void (await wrong.trust(change("rev", false), signal)));
      await assert.rejects(
        async () => await forge.setStatus(status({ sha: "b".repeat(40) }), signal),
        (error) => error instanceof ForgeError && (error.code === "not_found" || error.code === "refused"),
      );
    });

    it("calls a broken forge away, to be tried again by whoever called", async () => {
      const before = fake.requests.length;
      fake.breakDown(503, 1);
      await failsWith(
        "away",
        async () => await forge.setStatus(status({ context: "ci/sluice/later" }), signal),
      );
      assert.equal(fake.requests.length, before + 1);
      await forge.setStatus(status({ context: "ci/sluice/later" }), signal);
    });

    it("is away when nobody listens", async () => {
      const gone = await under.start();
      await gone.stop();
      await failsWith(
        "away",
        async () => await under.open(gone.url, gone.token).setStatus(status({}), signal),
      );
    });

    async function failsWith(code: string, work: () => Promise<void>): Promise<void> {
      await assert.rejects(work, (error) => {
        assert.ok(error instanceof ForgeError, String(error));
        assert.equal(error.code, code, error.message);
        assert.ok(!error.message.includes("token-made-up"));
        return true;
      });
    }
  });
}
