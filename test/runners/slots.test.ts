import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Slots } from "../../runners/workspace/slots.ts";
import { temporaryFolder } from "../support/services/folder.ts";

describe("workspace slots", () => {
  let folder: { path: string; remove(): Promise<void> };
  before(async () => {
    folder = await temporaryFolder("slots");
  });
  after(async () => await folder.remove());

  it("give each of many sessions that begin at once a workspace of its own", async () => {
    const slots = new Slots(folder.path);
    const wish = { project: "shop", trust: "trusted", workspace: null, ref: "refs/heads/main" };
    const first = await slots.take(wish);
    const taken = await Promise.all(Array.from({ length: 8 }, async () => await slots.take(wish)));
    const names = [first, ...taken].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, names.join(", "));
  });
});
