import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, it } from "mocha";

import { startChatCatcher } from "../../scripts/demo/chat-catcher.ts";
import { chatPage, mailsPage } from "../../scripts/demo/pages.ts";
import { makeSample } from "../../scripts/demo/sample.ts";
import { sluiceYml } from "../../scripts/demo/settings.ts";
import type { Ports } from "../../scripts/demo/settings.ts";
import { readSluiceFile } from "../../server/config.ts";
import { cloneForTests, startGitServer } from "../support/services/git.ts";

const PORTS: Ports = {
  page: 3000,
  git: 3001,
  registry: 5051,
  smtp: 2525,
  mails: 8025,
  chat: 8026,
  sample: 8081,
};
const DOCS = join(import.meta.dirname, "../../docs/configuration.md");

describe("the demo", function () {
  this.timeout(60_000);

  it("writes a sluice.yml that the server takes, whatever ports it moved to", () => {
    const moved = { ...PORTS, git: 4001, registry: 4002, smtp: 4003 };
    for (const ports of [PORTS, moved]) {
      const { file, problems } = readSluiceFile(sluiceYml(ports), "sluice.yml");
      assert.deepEqual(problems, []);
      assert.equal(file.registries["here"]?.host, `localhost:${ports.registry}`);
    }
  });

  it("is the example of the docs", () => {
    assert.ok(readFileSync(DOCS, "utf8").includes(sluiceYml(PORTS)));
  });

  it("pushes a sample whose tests pass, breaks it, and mends it", async () => {
    const git = await startGitServer();
    try {
      const hook = { url: "http://127.0.0.1:1/", secret: "nobody listens" };
      const sample = await makeSample(git, hook, { ...PORTS, registry: 4002 });
      const results: (number | null)[] = [];
      for (const push of ["pushFirst", "pushBroken", "pushBroken", "pushMended"] as const) {
        const commit = await sample[push]();
        const copy = await cloneForTests(`${git.url}/shop.git`);
        const run = spawnSync(process.execPath, ["--test"], { cwd: copy.folder, encoding: "utf8" });
        results.push(run.status);
        assert.match(await readFile(join(copy.folder, "Jenkinsfile"), "utf8"), /localhost:4002/u);
        assert.match(commit, /^[0-9a-f]{40}$/u);
        if (run.status !== 0) assert.match(run.stdout, /81 !== 90/u);
        await copy.remove();
      }
      assert.deepEqual(results, [0, 1, 1, 0]);
      await sample.remove();
    } finally {
      await git.stop();
    }
  });

  it("shows caught messages as text, never as markup", async () => {
    const chat = await startChatCatcher(0, chatPage);
    try {
      const answer = await fetch(chat.hookUrl, {
        method: "POST",
        body: JSON.stringify({ text: "<b>bold</b>" }),
      });
      assert.equal(await answer.text(), "ok");
      assert.equal(chat.messages.length, 1);
      const page = await (await fetch(new URL("/", chat.hookUrl))).text();
      assert.ok(!page.includes("<b>"));
      assert.ok(page.includes("&#60;b&#62;bold"));
    } finally {
      await chat.stop();
    }
  });

  it("links addresses in mails", () => {
    const parsed = {
      headers: [],
      headerLines: [],
      attachments: [],
      subject: "✗ shop",
      text: "see http://localhost:3000/p/shop/b/2.",
    };
    const page = mailsPage([{ from: "a", to: ["b"], raw: "", parsed }]);
    assert.ok(page.includes('<a href="http://localhost:3000/p/shop/b/2">'));
  });
});
