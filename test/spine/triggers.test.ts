import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { Project } from "../../server/http/contract/projects.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const HOUR = 3_600_000;
const Cause = z.object({ _class: z.string(), shortDescription: z.string() });

describe("a cron trigger on a real server", () => {
  let spine: Spine;
  before(async function () {
    this.timeout(120_000);
    spine = await startSpine({ runner: false });
  });
  after(async function () {
    this.timeout(60_000);
    await spine.stop();
  });

  it("is shown by the project, and starts one build for all times that passed while the server was down", async function () {
    this.timeout(300_000);
    const { server } = spine;
    await spine.push("one", {
      Jenkinsfile: `pipeline {
        agent none
        triggers { cron('H 4 * * *') }
        stages { stage('One') { steps { echo groovy.json.JsonOutput.toJson(currentBuild.getBuildCauses()[0]) } } }
      }`,
    });
    assert.equal((await server.api.buildEnded(PROJECT, 1)).state, "succeeded");
    const project = async () => {
      const answer = await fetch(`${server.url}/api/v1/projects/${PROJECT}`, {
        headers: { authorization: `Bearer ${server.token}` },
      });
      return Project.parse(await answer.json());
    };
    const [schedule] = (await project()).schedules;
    assert.equal(schedule?.spec, "H 4 * * *");
    assert.ok(schedule.nextAtMs > Date.now());

    await server.kill();
    const db = new DatabaseSync(join(server.dataFolder, "sluice.sqlite"));
    db.prepare("update schedules set next_at_ms = ?").run(Date.now() - 50 * HOUR);
    db.close();
    await server.restart();
    const timed = await server.api.buildEnded(PROJECT, 2);
    assert.deepEqual([timed.state, timed.trigger], ["succeeded", "cron"]);
    const [line = ""] = /^\{.*\}$/m.exec(await server.api.console(timed.id)) ?? [];
    assert.deepEqual(Cause.parse(JSON.parse(line)), {
      _class: "hudson.triggers.TimerTrigger$TimerTriggerCause",
      shortDescription: "Started by timer",
    });
    const [later] = (await project()).schedules;
    assert.ok((later?.nextAtMs ?? 0) > Date.now());
  });
});
