import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { createSeals } from "../../../server/builds/seals.ts";
import { valuesForRunner } from "../../../server/builds/secret-delivery.ts";
import { createSecrets } from "../../../server/secrets/secrets.ts";
import { startWorld, type World } from "./support/world.ts";

const Exec = z.object({
  env: z.record(z.string(), z.string()),
  secrets: z.array(z.object({ ref: z.string(), variable: z.string(), as: z.string(), fileName: z.string() })),
  masks: z.array(z.string()),
});

describe("a login at a registry", function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("reaches what a script itself does with Docker, inside the block and not behind it", async () => {
    const secrets = createSecrets({ store: world.base, vault: world.vault });
    await secrets.putSecret(
      { scope: "server", scopeId: "" },
      "hub",
      { type: "usernamePassword", username: "ann", password: "se:cret" },
      "ann",
    );
    const life = await world.begin();
    life.serve(await world.runner());
    const build = await world.build(
      `node {
        withDockerRegistry([url: 'https://reg-1.example:5000/v2/', credentialsId: 'hub']) { sh 'docker push inside' }
        docker.withRegistry('', 'hub') { sh 'docker push hub' }
        sh 'docker push behind'
      }`,
    );
    assert.equal(await world.ends(build), "succeeded");
    const seal = await createSeals({ store: world.base, vault: world.vault }).of(build);
    const rows = await world.base.db
      .selectFrom("commands")
      .select(["id", "body"])
      .where("type", "=", "exec")
      .orderBy("no")
      .execute();
    const [inside, hub, behind] = rows.map(({ id, body }) =>
      Exec.parse(JSON.parse(seal.open(`command ${id}`, body))),
    );
    assert.ok(inside && hub && behind);
    assert.equal(behind.env["DOCKER_CONFIG"], undefined);
    assert.deepEqual(behind.secrets, []);
    assert.deepEqual(await loginOf(build, inside), { "reg-1.example:5000": "ann:se:cret" });
    assert.deepEqual(await loginOf(build, hub), { "https://index.docker.io/v1/": "ann:se:cret" });
  });

  async function loginOf(build: number, exec: z.infer<typeof Exec>): Promise<Record<string, string>> {
    const [file] = exec.secrets;
    assert.ok(file !== undefined && file.fileName === "config.json" && file.as === "file");
    assert.equal(exec.env["DOCKER_CONFIG"], `/.sluice/s/in/f/${file.ref}`);
    const secrets = createSecrets({ store: world.base, vault: world.vault });
    const refs = [file.ref, ...exec.masks];
    const { values, gone } = await valuesForRunner({ store: world.base, secrets }, build, refs);
    assert.deepEqual(gone, []);
    const text = Buffer.from(values[file.ref]?.base64 ?? "", "base64").toString();
    const { auths } = z
      .object({ auths: z.record(z.string(), z.object({ auth: z.string() })) })
      .parse(JSON.parse(text));
    return Object.fromEntries(
      Object.entries(auths).map(([host, { auth }]) => [host, Buffer.from(auth, "base64").toString()]),
    );
  }
});
