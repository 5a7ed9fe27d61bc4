import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { claimFile } from "../../../server/auth/claim.ts";
import { auditNow } from "../../../server/audit/append.ts";
import { verifyAudit } from "../../../server/audit/chain.ts";
import { api } from "../../../server/http/contract.ts";
import { Problem } from "../../../server/http/contract/common.ts";
import { CreatedToken, Me, SignInLink, User } from "../../../server/http/contract/people.ts";
import { Hook } from "../../../server/http/contract/projects.ts";
import { createBrowser, startApp } from "../../support/server/world.ts";
import type { RunningApp, TestBrowser } from "../../support/server/world.ts";

const FILE = `forges:
  here: { type: git, url: 'http://localhost:3001', insecureHttp: true }
targets: { swarm: { type: swarm } }
environments: { staging: { waves: [[swarm]] } }
projects:
  shop: { forge: here, repo: shop, routes: [{ on: branch, match: main, build: true, deploy: [staging] }] }
`;
const PASSWORD = "correct horse battery";

describe("the web side before anybody owns it", () => {
  let app: RunningApp;
  before(async () => void (app = await startApp(FILE)));
  after(async () => await app.close());

  it("says that it is not set up, to everything but set-up and health", async () => {
    const answer = await fetch(`${app.url}/api/v1/projects`);
    assert.equal(answer.status, 503);
    assert.equal(Problem.parse(await answer.json()).code, "not_set_up");
    assert.equal((await fetch(`${app.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${app.url}/readyz`)).status, 200);
    assert.deepEqual(await (await fetch(`${app.url}/api/v1/setup`)).json(), {
      claimed: false,
      version: "0.0.0-test",
    });
  });

  it("gives itself to the first of two who hold the link, and refuses any other", async () => {
    assert.ok(existsSync(claimFile(app.folder)));
    const body = { claim: app.claim, login: "ada", name: "Ada", password: PASSWORD };
    assert.equal(
      (await createBrowser(app.url).call("POST", "/claim", { ...body, claim: "guess" })).status,
      403,
    );
    const answers = await Promise.all([
      createBrowser(app.url).call("POST", "/claim", body),
      createBrowser(app.url).call("POST", "/claim", { ...body, login: "eve" }),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer.status).toSorted((a, b) => a - b),
      [200, 403],
    );
    assert.ok(!existsSync(claimFile(app.folder)));
  });
});

describe("the web side", () => {
  let app: RunningApp;
  let ada: TestBrowser;

  before(async () => {
    app = await startApp(FILE);
    ada = createBrowser(app.url);
    const answer = await ada.call("POST", "/claim", {
      claim: app.claim,
      login: "ada",
      name: "Ada",
      password: PASSWORD,
    });
    assert.equal(answer.status, 200, await answer.clone().text());
  });
  after(async () => {
    await app.close();
    assert.deepEqual(app.errors, []);
  });

  async function add(login: string, role: string): Promise<{ user: User; browser: TestBrowser }> {
    const user = User.parse(
      await (await ada.call("POST", "/users", { login, name: login, role, password: PASSWORD })).json(),
    );
    const browser = createBrowser(app.url);
    assert.equal((await browser.call("POST", "/sign-in", { login, password: PASSWORD })).status, 200);
    return { user, browser };
  }

  async function code(answer: Response): Promise<string> {
    return Problem.parse(await answer.json()).code;
  }

  it("keeps the sign-in in a cookie that scripts and other sites do not get", async () => {
    const browser = createBrowser(app.url);
    const answer = await browser.call("POST", "/sign-in", { login: "ada", password: PASSWORD });
    const [cookie] = answer.headers.getSetCookie();
    assert.match(cookie ?? "", /^sluice=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax/u);
    assert.equal(Me.parse(await (await browser.call("GET", "/me")).json()).login, "ada");
    assert.equal((await browser.call("POST", "/sign-out")).status, 200);
    assert.equal(
      (await fetch(`${app.url}/api/v1/me`, { headers: { cookie: cookie?.split(";")[0] ?? "" } })).status,
      401,
    );
  });

  it("says the same of a wrong name and a wrong password", async () => {
    const wrong = await createBrowser(app.url).call("POST", "/sign-in", {
      login: "ada",
      password: "not it, surely",
    });
    const unknown = await createBrowser(app.url).call("POST", "/sign-in", {
      login: "nobody",
      password: "not it, surely",
    });
    assert.deepEqual([wrong.status, unknown.status], [401, 401]);
    const texts = [Problem.parse(await wrong.json()).detail, Problem.parse(await unknown.json()).detail];
    assert.equal(texts[0], texts[1]);
  });

  it("refuses a change that does not come from its own page", async () => {
    const body = { name: "x", scopes: ["read"] };
    assert.equal((await ada.call("POST", "/tokens", body, { origin: "https://evil.example" })).status, 403);
    assert.equal((await ada.call("POST", "/tokens", body, { "x-sluice-csrf": "guess" })).status, 403);
    const bare = await fetch(`${app.url}/api/v1/tokens`, {
      method: "POST",
      headers: { cookie: ada.cookie(), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.equal(await code(bare), "cross_site");
    assert.equal(
      (await ada.call("GET", "/events", undefined, { origin: "https://evil.example" })).status,
      403,
    );
  });

  it("takes an API token for what its scopes and its owner's role allow, until it is revoked", async () => {
    const made = CreatedToken.parse(
      await (await ada.call("POST", "/tokens", { name: "ci", scopes: ["build"] })).json(),
    );
    const by = (method: string, path: string, body?: unknown) =>
      fetch(`${app.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${made.value}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    assert.equal((await by("GET", "/projects")).status, 200);
    assert.equal((await by("POST", "/projects/shop/builds", {})).status, 409);
    assert.equal((await by("POST", "/tokens", { name: "more", scopes: ["admin"] })).status, 403);
    const rows = await app.store.db.selectFrom("apiTokens").select("tokenHash").execute();
    assert.ok(rows.every((row) => !made.value.includes(row.tokenHash)));
    assert.equal((await ada.call("DELETE", `/tokens/${made.id}`)).status, 200);
    assert.equal((await by("GET", "/projects")).status, 401);
  });

  it("lets each role do what its calls say, and nothing else", async () => {
    const roles = ["viewer", "developer", "maintainer", "deployer"] as const;
    const order: readonly string[] = ["viewer", "developer", "maintainer", "deployer", "admin"];
    for (const role of roles) {
      const { browser } = await add(`a-${role}`, role);
      for (const endpoint of Object.values(api)) {
        const { role: needed } = endpoint.policy;
        if (needed === "anyone" || endpoint.path === "/sign-out" || endpoint.kind === "stream") continue;
        const path = endpoint.path.replace(":key", "nothing").replaceAll(/:[a-z]+/gu, "999999");
        const answer = await browser.call(
          endpoint.method.toUpperCase(),
          path,
          endpoint.method === "get" ? undefined : {},
        );
        const isForbidden = answer.status === 403 && (await code(answer.clone())) === "forbidden";
        assert.equal(
          isForbidden,
          order.indexOf(role) < order.indexOf(needed),
          `${role} ${endpoint.method} ${path}: ${answer.status}`,
        );
      }
    }
  });

  it("asks everybody for a sign-in, but where anyone may call", async () => {
    for (const endpoint of Object.values(api)) {
      if (endpoint.policy.role === "anyone") continue;
      const path = endpoint.path.replaceAll(/:[a-z]+/gu, "1");
      const answer = await fetch(`${app.url}/api/v1${path}`, { method: endpoint.method.toUpperCase() });
      assert.equal(answer.status, 401, `${endpoint.method} ${path}`);
    }
  });

  it("never loses its last administrator, though two demote each other at once", async () => {
    const { user, browser } = await add("grace", "admin");
    const me = Me.parse(await (await ada.call("GET", "/me")).json());
    const answers = await Promise.all([
      ada.call("PATCH", `/users/${user.id}`, { role: "viewer" }),
      browser.call("PATCH", `/users/${me.id}`, { disabled: true }),
    ]);
    const admins = await app.store.db
      .selectFrom("users")
      .select("id")
      .where("role", "=", "admin")
      .where("disabledAtMs", "is", null)
      .execute();
    assert.equal(admins.length, 1);
    assert.ok(answers.some((answer) => answer.status === 200));
    const [survivor] = admins;
    if (survivor?.id !== me.id) {
      assert.equal((await browser.call("PATCH", `/users/${me.id}`, { disabled: false })).status, 200);
      assert.equal((await createBrowserSignedIn("ada")).status, 200);
    } else {
      assert.equal(await code(await ada.call("PATCH", `/users/${me.id}`, { role: "viewer" })), "last_admin");
    }
  });

  async function createBrowserSignedIn(login: string): Promise<Response> {
    ada = createBrowser(app.url);
    return await ada.call("POST", "/sign-in", { login, password: PASSWORD });
  }

  it("signs in by a link once", async () => {
    const { user } = await add("lin", "viewer");
    const link = SignInLink.parse(await (await ada.call("POST", `/users/${user.id}/sign-in-link`)).json());
    const token = link.url.split("#link=")[1];
    assert.equal((await createBrowser(app.url).call("POST", "/sign-in/link", { link: token })).status, 200);
    assert.equal((await createBrowser(app.url).call("POST", "/sign-in/link", { link: token })).status, 403);
  });

  it("makes a guesser wait, but not the owner of another name", async () => {
    app.clock.pass(60_000);
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await createBrowser(app.url).call("POST", "/sign-in", { login: "lin", password: "wrong-password" });
    }
    const locked = await createBrowser(app.url).call("POST", "/sign-in", {
      login: "lin",
      password: PASSWORD,
    });
    assert.equal(locked.status, 429);
    assert.ok(Number(locked.headers.get("retry-after")) > 0);
    app.clock.pass(60_000);
    assert.equal(
      (await createBrowser(app.url).call("POST", "/sign-in", { login: "lin", password: PASSWORD })).status,
      200,
    );
  });

  it("answers errors as problem documents with the request's id", async () => {
    const answer = await ada.call("GET", "/builds/4711");
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/u);
    const problem = Problem.parse(await answer.json());
    assert.equal(problem.requestId, answer.headers.get("x-request-id"));
    const wrong = Problem.parse(
      await (await ada.call("POST", "/users", { login: "X Y", surprise: 1 })).json(),
    );
    assert.ok((wrong.errors ?? []).some((error) => error.path === "body.login"));
    assert.equal((await ada.call("GET", "/projects?limit=0")).status, 400);
    assert.equal((await ada.call("POST", "/users", undefined, { "content-type": "text/plain" })).status, 400);
  });

  it("knows one way only to write an address", async () => {
    for (const path of [
      "//projects",
      "/projects;x=1",
      "/projects/%2e%2e/users",
      "/Projects",
      "/projects/",
      "/projects%2fshop",
    ]) {
      const status = await new Promise<number>((resolve, reject) => {
        const url = new URL(app.url);
        httpRequest(
          { host: url.hostname, port: url.port, path: `/api/v1${path}`, headers: { cookie: ada.cookie() } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        )
          .on("error", reject)
          .end();
      });
      assert.equal(status, 404, path);
    }
  });

  it("keeps secrets to itself", async () => {
    const put = await ada.call("PUT", "/projects/shop/secrets/registry", {
      type: "usernamePassword",
      username: "demo",
      password: "hush-hush-1",
    });
    assert.equal(put.status, 200, await put.clone().text());
    const list = await (await ada.call("GET", "/projects/shop/secrets")).text();
    assert.match(list, /registry/u);
    assert.doesNotMatch(list, /hush|demo/u);
    assert.equal((await ada.call("PUT", "/secrets/short", { type: "string", text: "abc" })).status, 400);
    assert.equal((await ada.call("DELETE", "/projects/shop/secrets/registry")).status, 200);
    assert.equal((await ada.call("DELETE", "/projects/shop/secrets/registry")).status, 404);
  });

  it("shows a hook's secret once, and takes deliveries with it", async () => {
    const hook = Hook.parse(await (await ada.call("POST", "/projects/shop/hook")).json());
    assert.match(hook.url, /\/webhooks\/[\w-]{22}$/u);
    const refused = await fetch(hook.url, { method: "POST", body: "{}" });
    assert.equal(refused.status, 401);
    const deliveries = z
      .object({ items: z.array(z.object({ status: z.int(), verdict: z.string() })) })
      .parse(await (await ada.call("GET", "/deliveries")).json());
    assert.equal(deliveries.items[0]?.status, 401);
    assert.match(deliveries.items[0]?.verdict ?? "", /no signature/u);
  });

  it("serves an OpenAPI document that names every call", async () => {
    const document = z
      .object({
        openapi: z.literal("3.1.0"),
        paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))),
      })
      .parse(await (await fetch(`${app.url}/api/v1/openapi.json`)).json());
    const named = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((operation) => operation.operationId),
    );
    assert.deepEqual(named.toSorted(), Object.keys(api).toSorted());
  });

  it("tells a stranger nothing by metrics, and a token everything", async () => {
    assert.equal((await fetch(`${app.url}/metrics`)).status, 401);
    const text = await (await fetch(`${app.url}/metrics`, { headers: { cookie: ada.cookie() } })).text();
    assert.match(text, /^sluice_http_requests_total\{room="api",status="2xx"\} \d+$/mu);
  });

  it("sends every answer with the headers that keep a page in its place", async () => {
    const { headers } = await fetch(`${app.url}/anything`);
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/u);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("x-powered-by"), null);
  });

  it("chains what was done, and finds a row that was changed", async () => {
    assert.equal((await verifyAudit(app.store)).ok, true);
    await app.store.call(auditNow, {
      actorKind: "system",
      actor: "test",
      address: null,
      action: "x",
      object: "y",
      outcome: "done",
    });
    const checked = await verifyAudit(app.store);
    assert.ok(checked.ok && checked.rows > 5);
    await assert.rejects(
      async () =>
        await app.store.db
          .updateTable("audit")
          .set({ actor: "somebody else" })
          .where("seq", "=", 2)
          .execute(),
    );
  });
});
