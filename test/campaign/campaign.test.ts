import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { startChild } from "../support/services/process.ts";

const CAMPAIGN = fileURLToPath(new URL("../../scripts/campaign.ts", import.meta.url));
const MINUTES = 5;
const SEED = 20_261;
/** Its last round comes to rest however busy the machine is, or says what did not. */
const DEADLINE_MS = 20 * 60_000;

describe("a campaign of five minutes", function () {
  this.timeout(DEADLINE_MS);

  it(`finds nothing lost and nothing done twice (seed ${SEED})`, async () => {
    const { code, said } = await campaign(SEED);
    console.log(said.slice(Math.max(0, said.indexOf("builds by kind and end"))).replaceAll(/^/gmu, "      "));
    if (code === 0 && /^campaign: 0 violations$/mu.test(said)) return;
    assert.fail(said.slice(Math.max(0, said.lastIndexOf("--- violated"))).slice(-20_000));
  });
});

async function campaign(seed: number): Promise<{ code: number | null; said: string }> {
  let said = "";
  const child = await startChild(
    process.execPath,
    [CAMPAIGN, "--seed", String(seed), "--minutes", String(MINUTES)],
    { deathSignal: "TERM", onOutput: (chunk) => (said += chunk.toString()) },
  );
  const { code } = await child.exited;
  return { code, said };
}
