import assert from "node:assert/strict";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { temporaryFolder } from "../support/services/folder.ts";
import { runToEnd, startChild } from "../support/services/process.ts";
import { until } from "../support/services/until.ts";
import { createStops } from "../support/stops.ts";

describe("what a killed engine left on a bridge", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  /** A network with a `docker0` that holds the link of a container of which only the network is left. */
  async function leftNetwork() {
    const holder = await startChild("unshare", ["--net", "sh", "-c", "echo up; exec sleep infinity"]);
    stops.add(() => holder.stop("SIGKILL"));
    await until("there is a network", () => holder.output().includes("up"));
    const inside = async (...command: string[]) =>
      await runToEnd("nsenter", [`--net=/proc/${holder.pid}/ns/net`, "--", ...command]);
    await inside("ip", "link", "add", "docker0", "type", "bridge");
    await inside("ip", "link", "add", "vethdead", "type", "veth", "peer", "name", "inside");
    await inside("ip", "link", "set", "vethdead", "master", "docker0");
    await inside("ip", "link", "add", "vethother", "type", "veth", "peer", "name", "elsewhere");
    return { holder, inside, links: async () => await inside("ip", "-br", "link") };
  }

  it("is taken away, and nothing else", async () => {
    const { inside, links } = await leftNetwork();
    const said = await inside("bash", "scripts/drop-dead-links");
    assert.match(said, /took vethdead off docker0/u);
    const left = await links();
    assert.doesNotMatch(left, /vethdead/u);
    assert.match(left, /vethother/u);
    assert.match(left, /docker0/u);
    assert.equal(await inside("bash", "scripts/drop-dead-links"), "");
  });

  it("is let be while a container lives on there without its engine", async () => {
    const { holder, inside, links } = await leftNetwork();
    const folder = await temporaryFolder("shim");
    stops.add(() => folder.remove());
    const name = join(folder.path, "containerd-shim-runc-v2");
    await symlink("/bin/sleep", name);
    const shim = await startChild("nsenter", [`--net=/proc/${holder.pid}/ns/net`, "--", name, "infinity"]);
    stops.add(() => shim.stop("SIGKILL"));
    await until(
      "the shim runs",
      async () => (await readFile(`/proc/${shim.pid}/comm`, "utf8")) === "containerd-shim\n",
    );
    assert.equal(await inside("bash", "scripts/drop-dead-links"), "");
    assert.match(await links(), /vethdead/u);
  });
});
