import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";

import { describe, it } from "mocha";

import { isStandardSigned } from "../../server/forges/signature.ts";
import { cloneForTests, startGitServer } from "../support/services/git.ts";
import { until } from "../support/services/until.ts";

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Stands where Sluice is, and keeps what it was told. */
async function listener(): Promise<{ url: string; heard: Heard[]; stop(): void }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      heard.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(202).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address !== "string");
  return { url: `http://127.0.0.1:${address.port}/webhooks/1`, heard, stop: () => void server.close() };
}

async function pushTo(url: string): Promise<string> {
  const copy = await cloneForTests(url);
  try {
    const commit = await copy.commit("first", { "a.txt": "1\n" });
    await copy.tag('v"1');
    await copy.push("main", "--tags");
    return commit;
  } finally {
    await copy.remove();
  }
}

describe("the hook for plain git servers", function () {
  this.timeout(60_000);

  for (const secret of ["a plain word", `whsec_${Buffer.alloc(32, 7).toString("base64")}`]) {
    it(`is signed so that Sluice believes it, with a secret like ${secret.slice(0, 7)}…`, async () => {
      const sluice = await listener();
      const git = await startGitServer();
      try {
        const url = await git.createRepository("team/shop");
        await git.setHook("team/shop", { url: sluice.url, secret });
        const commit = await pushTo(url);
        await until("both refs were announced", () => sluice.heard.length === 2);
        for (const { headers, body } of sluice.heard) {
          const texts = Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, String(value)]),
          );
          assert.ok(isStandardSigned(texts, body, [secret], Date.now()));
          assert.ok(!isStandardSigned(texts, body, ["another"], Date.now()));
        }
        const pushes: unknown[] = sluice.heard.map(({ body }): unknown => JSON.parse(body.toString()));
        const before = "0".repeat(40);
        assert.deepEqual(pushes[0], {
          ref: "refs/heads/main",
          before,
          after: commit,
          repository: "team/shop",
        });
        assert.match(JSON.stringify(pushes[1]), /"ref":"refs\/tags\/v\\"1"/u);
        const ids = new Set(sluice.heard.map(({ headers }) => headers["webhook-id"]));
        assert.equal(ids.size, 2, "each delivery has an id of its own");
      } finally {
        await git.stop();
        sluice.stop();
      }
    });
  }

  it("lets people push while Sluice is away", async () => {
    const git = await startGitServer();
    try {
      const url = await git.createRepository("shop");
      const sluice = await listener();
      sluice.stop();
      await git.setHook("shop", { url: sluice.url, secret: "s" });
      assert.match(await pushTo(url), /^[0-9a-f]{40}$/u);
    } finally {
      await git.stop();
    }
  });
});
