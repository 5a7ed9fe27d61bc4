import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterEach, describe, it } from "mocha";
import { createDingTalkChannel } from "../../../server/notifications/channels/dingtalk/channel.ts";
import { createSlackChannel } from "../../../server/notifications/channels/slack/channel.ts";
import type { Channel } from "../../../server/notifications/channel.ts";
import { cutToBytes, excerptOf, type Message } from "../../../server/notifications/message.ts";

const message: Message = {
  event: "failed",
  title: "shop #7 failed: Test (main)",
  facts: [{ label: "Commit", value: "abc <!channel> @all [x](y)", href: null }],
  excerpt: "AssertionError: 1 & 2\n```",
  links: [{ label: "Open the failing line", url: "http://localhost:3000/p/shop/b/7/s/3#L12" }],
  body: null,
  project: "shop",
  branch: "main",
};

let server: Server | null = null;

/** A robot's address that answers as it is told; gives the address and what it heard. */
async function robot(status: number, body: string, headers: Record<string, string> = {}) {
  const heard: { url: string; body: unknown }[] = [];
  const made = createServer((request, response) => {
    void text(request).then((said) => {
      heard.push({ url: request.url ?? "", body: JSON.parse(said) });
      response.writeHead(status, headers).end(body);
    });
  });
  server = made;
  made.listen(0, "127.0.0.1");
  await once(made, "listening");
  const address = made.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/robot?access_token=hidden`, heard };
}

async function send(channel: Channel) {
  return await channel.send(
    { message, recipient: "", messageId: "m", threadKey: null },
    new AbortController().signal,
  );
}

describe("messages to chats", () => {
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
    server = null;
  });

  it("to Slack have arrived only with the word ok, and mention nobody", async () => {
    const { url, heard } = await robot(200, "ok");
    assert.equal((await send(createSlackChannel(async () => url))).kind, "sent");
    const said = JSON.stringify(heard[0]?.body);
    assert.ok(said.includes("abc &lt;!channel&gt;"));
    assert.ok(!said.includes("<!channel>"));
    assert.ok(said.includes("/p/shop/b/7/s/3#L12"));
  });

  it("to Slack are broken by a wrong address and tried again when it is busy", async () => {
    const gone = await robot(404, "no_service");
    const broken = await send(createSlackChannel(async () => gone.url));
    assert.deepEqual({ ...broken }, { kind: "broken", answer: "404 no_service" });
    server?.close();
    const busy = await robot(429, "slow down", { "retry-after": "7" });
    const later = await send(createSlackChannel(async () => busy.url));
    assert.deepEqual({ ...later }, { kind: "retry", answer: "429 slow down", afterMs: 7000 });
  });

  it("to DingTalk are signed, and a 200 with an error in it is a failure", async () => {
    const { url, heard } = await robot(200, `{"errcode":310000,"errmsg":"keywords not in content"}`);
    const channel = createDingTalkChannel(
      async () => ({ url, signingSecret: "SEC1", keyword: "build" }),
      () => 1700000000000,
    );
    const result = await send(channel);
    assert.equal(result.kind, "broken");
    assert.match(result.answer, /keywords not in content/);
    const asked = new URL(heard[0]?.url ?? "", "http://x");
    const sign = createHmac("sha256", "SEC1").update("1700000000000\nSEC1").digest("base64");
    assert.equal(asked.searchParams.get("sign"), sign);
    assert.ok(JSON.stringify(heard[0]?.body).includes("build"));
  });

  for (const [body, kind] of [
    [`{"errcode":0,"errmsg":"ok"}`, "sent"],
    [`{"errcode":130101,"errmsg":"too fast"}`, "retry"],
    [`{"status":1111,"wait":5}`, "retry"],
    ["<html>", "retry"],
  ] as const)
    it(`to DingTalk answered by ${body} are ${kind}`, async () => {
      const { url } = await robot(200, body);
      const channel = createDingTalkChannel(
        async () => ({ url, signingSecret: null, keyword: null }),
        () => 0,
      );
      assert.equal((await send(channel)).kind, kind);
    });

  it("that nobody takes are tried again, and their address stays unsaid", async () => {
    const channel = createSlackChannel(async () => "http://127.0.0.1:1/services/hidden");
    const result = await send(channel);
    assert.equal(result.kind, "retry");
    assert.ok(!result.answer.includes("hidden"));
  });
});

describe("words of a log in a message", () => {
  it("have no escapes, no progress bars, and bounded lines", () => {
    const log = "\u001B[31mred\u001B[0m\n10%\r50%\r100% done\n\n" + "x".repeat(500);
    assert.deepEqual(excerptOf(log).split("\n"), ["red", "100% done", `${"x".repeat(199)}…`]);
  });

  it("are cut between characters", () => {
    const cut = cutToBytes("构建失败".repeat(100), 50);
    assert.ok(Buffer.byteLength(cut) <= 50);
    assert.ok(!cut.includes("\uFFFD"));
  });
});
