import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SluiceFile } from "../../../server/config-schema.ts";
import { eventOf } from "../../../server/notifications/compose.ts";
import { destinationsFor, isReachable } from "../../../server/notifications/route.ts";

const file = SluiceFile.parse({
  channels: {
    mail: { type: "email", host: "localhost", from: "ci@example.com", to: ["ops@example.com"] },
    chat: { type: "slack", url: "https://chat.example.com/x" },
  },
  notify: [
    { project: "shop", on: ["failed", "fixed"], to: ["mail:author", "chat"] },
    { project: "*", ref: "main", on: ["failed"], to: ["mail:lead@Example.COM"] },
    { project: "*", environment: "production", on: ["deployed"], to: ["chat"] },
  ],
});

const occasion = {
  event: "failed" as const,
  project: "shop",
  ref: "main",
  environment: null,
  authorMail: "ann@example.com",
};

describe("who hears what", () => {
  it("is every destination of every rule that fits, each once", () => {
    assert.deepEqual(destinationsFor(file, occasion), [
      { channel: "mail", recipient: "ann@example.com" },
      { channel: "chat", recipient: "" },
      { channel: "mail", recipient: "lead@example.com" },
    ]);
  });

  it("is nobody where no rule fits", () => {
    assert.deepEqual(destinationsFor(file, { ...occasion, event: "succeeded" }), []);
    assert.deepEqual(destinationsFor(file, { ...occasion, event: "deployed", environment: "staging" }), []);
  });

  it("is the channel's own list where the author's address is one that nobody reads", () => {
    const hidden = { ...occasion, ref: "next", authorMail: "12+ann@users.noreply.github.com" };
    assert.deepEqual(destinationsFor(file, hidden)[0], { channel: "mail", recipient: "ops@example.com" });
  });

  it("is the author by mail where no rules are written", () => {
    const plain = { channels: file.channels, notify: [] };
    assert.deepEqual(destinationsFor(plain, occasion), [{ channel: "mail", recipient: "ann@example.com" }]);
  });

  it("never is an address that a forge made up", () => {
    assert.equal(isReachable("ann@example.com"), true);
    for (const address of [
      "noreply@github.com",
      "x@users.noreply.github.com",
      "dependabot[bot]@x.y",
      "root",
      "a b@c.d",
    ])
      assert.equal(isReachable(address), false, address);
  });
});

describe("what happened to a build", () => {
  it("is told against the one before it", () => {
    assert.equal(eventOf("failed", "succeeded"), "failed");
    assert.equal(eventOf("unstable", null), "failed");
    assert.equal(eventOf("failed", "unstable"), "still_failing");
    assert.equal(eventOf("succeeded", "failed"), "fixed");
    assert.equal(eventOf("succeeded", "succeeded"), "succeeded");
    assert.equal(eventOf("aborted", "failed"), "aborted");
    assert.equal(eventOf("not_built", "failed"), null);
  });
});
