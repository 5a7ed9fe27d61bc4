import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { startChild } from "../support/services/process.ts";

const CAMPAIGN = fileURLToPath(new URL("../../scripts/campaign.ts", import.meta.url));
const MINUTES = 5;
const SEED = 20_261;
/**
 * All but the drawn fault points of the server and full disks, which have tests of their own: of both the campaign still
 * finds something (docs/reliability.md).
 */
const FAULTS = "kill,freeze,drain,flush,line,shut,clock,point of the runner";
/** Its last round comes to rest however busy the machine is, or says what did not. */
const DEADLINE_MS = 20 * 60_000;

describe("a campaign of five minutes", function () {
  this.timeout(DEADLINE_MS);

  it(`finds nothing lost and nothing done twice (seed ${SEED})`, async () => {
    let said = "";
    const child = await startChild(
      process.execPath,
      [CAMPAIGN, "--seed", String(SEED), "--minutes", String(MINUTES), "--only-faults", FAULTS],
      { deathSignal: "TERM", onOutput: (chunk) => (said += chunk.toString()) },
    );
    const { code } = await child.exited;
    const story = said.slice(said.lastIndexOf("--- violated"));
    assert.equal(code, 0, story.slice(-20_000));
    assert.match(said, /^campaign: 0 violations$/mu);
    console.log(said.slice(said.indexOf("builds by kind and end")).replaceAll(/^/gmu, "      "));
  });
});
