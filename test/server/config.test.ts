import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { ConfigError, loadConfig, readSluiceFile } from "../../server/config.ts";

const WHOLE = `forges:
  here: { type: git, url: 'http://localhost:3001', insecureHttp: true }
registries:
  here: { host: 'localhost:5051', insecure: true, secret: registry }
channels:
  mail: { type: email, host: localhost, port: 2525, from: 'sluice@localhost' }
  chat: { type: slack, url: { secret: chat-url } }
targets:
  swarm: { type: swarm }
environments:
  staging:
    policy: gate
    approve: { role: deployer, needed: 1, pusher: true, expires: 30d }
    refs: [{ on: branch, match: main }]
    waves: [[swarm]]
    services: { web: shop_web }
    soak: 5s
    limit: 10m
    onFailure: rollback
projects:
  shop:
    forge: here
    repo: shop
    registry: here
    images: [shop/web]
    routes: [{ on: branch, match: main, build: true, deploy: [staging] }]
notify:
  - { project: '*', on: [failed, fixed, gate_open], to: ['mail:author', chat] }
`;

describe("sluice.yml", () => {
  it("is read whole, lengths of time as milliseconds", () => {
    const loaded = readSluiceFile(WHOLE, "sluice.yml");
    assert.deepEqual(loaded.problems, []);
    const staging = loaded.file.environments["staging"];
    assert.equal(staging?.soak, 5000);
    assert.equal(staging?.limit, 600_000);
    assert.equal(staging?.approve.expires, 30 * 86_400_000);
    assert.equal(loaded.file.projects["shop"]?.jenkinsfile, "Jenkinsfile");
  });

  it("bars whoever pushed from approving unless it says otherwise", () => {
    const loaded = readSluiceFile(WHOLE.replace(", pusher: true", ""), "sluice.yml");
    assert.equal(loaded.file.environments["staging"]?.approve.pusher, false);
  });

  for (const [what, from, to, where, text] of [
    ["a word outside its list", "policy: gate", "policy: maybe", "sluice.yml:12", /policy.*auto/u],
    ["a key nobody knows", "soak: 5s", "soka: 5s", "sluice.yml:17", /"soka" is not known here/u],
    [
      "a length of time without its unit",
      "limit: 10m",
      "limit: ten",
      "sluice.yml:18",
      /write a number with ms, s, m, h or d/u,
    ],
    [
      "a forge that is not written",
      "forge: here",
      "forge: there",
      "sluice.yml:22",
      /there is no forge "there"; written are here/u,
    ],
    [
      "an environment that is not written",
      "deploy: [staging]",
      "deploy: [prod]",
      "sluice.yml:26",
      /no environment "prod"/u,
    ],
    ["a target that is not written", "[[swarm]]", "[[other]]", "sluice.yml:15", /no target "other"/u],
    ["a channel that is not written", "chat]", "chatt]", "sluice.yml:28", /no channel "chatt"/u],
    ["text that is no YAML", "projects:", "projects: [", "sluice.yml:", /./u],
  ] as const) {
    it(`names file, line and key of ${what}`, () => {
      const { problems } = readSluiceFile(WHOLE.replace(from, to), "sluice.yml");
      assert.ok(problems.length > 0);
      assert.ok(
        problems.some((problem) => problem.where.startsWith(where) && text.test(problem.text)),
        JSON.stringify(problems),
      );
    });
  }

  it("tells every mistake at once", () => {
    const text = WHOLE.replace("policy: gate", "policy: maybe").replace("limit: 10m", "limit: ten");
    assert.equal(readSluiceFile(text, "sluice.yml").problems.length, 2);
  });

  it("refuses an alias bomb quickly", () => {
    const text = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, at) => {
      const name = String.fromCodePoint(98 + at);
      const last = String.fromCodePoint(97 + at);
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${last}`).join(",")}]`;
    }).join("\n")}\n`;
    assert.ok(readSluiceFile(text, "sluice.yml").problems.length > 0);
  });
});

describe("the environment", () => {
  it("has a default for everything", () => {
    const config = loadConfig({}, "/srv");
    assert.equal(config.dataFolder, resolve("/srv/data"));
    assert.equal(config.keyFile, resolve("/srv/data/secret.key"));
    assert.equal(config.publicUrl, "http://localhost:3000");
    assert.equal(config.host, "127.0.0.1");
  });

  it("listens on every address once people come by https or plain http is allowed", () => {
    assert.equal(loadConfig({ SLUICE_PUBLIC_URL: "https://ci.example.com/" }, "/srv").host, "0.0.0.0");
    assert.equal(loadConfig({ SLUICE_ALLOW_HTTP: "1" }, "/srv").host, "0.0.0.0");
  });

  it("names each variable that cannot be used", () => {
    assert.throws(
      () => loadConfig({ SLUICE_PORT: "http", DATABASE_URL: "mysql://x" }, "/srv"),
      (error) =>
        error instanceof ConfigError &&
        error.problems
          .map((one) => one.where)
          .toSorted()
          .join() === "DATABASE_URL,SLUICE_PORT",
    );
  });

  it("refuses to serve people over plain http unasked", () => {
    assert.throws(() => loadConfig({ SLUICE_PUBLIC_URL: "http://ci.example.com" }, "/srv"), ConfigError);
    assert.equal(
      loadConfig({ SLUICE_PUBLIC_URL: "http://ci.example.com", SLUICE_ALLOW_HTTP: "1" }, "/srv").publicUrl,
      "http://ci.example.com",
    );
  });

  it("reads the file it names and says when it cannot", () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-config-"));
    try {
      writeFileSync(join(folder, "sluice.yml"), WHOLE);
      assert.ok(loadConfig({ SLUICE_CONFIG: "sluice.yml" }, folder).file.projects["shop"]);
      assert.throws(
        () => loadConfig({ SLUICE_CONFIG: "other.yml" }, folder),
        /SLUICE_CONFIG: .*other\.yml cannot be read/u,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
