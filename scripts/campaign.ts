/** `npm run campaign`: builds under faults, and whether anything was lost. See docs/reliability.md. */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USAGE, isWanted, readOptions } from "./campaign/arguments.ts";
import type { CampaignOptions } from "./campaign/arguments.ts";
import { runCampaign } from "./campaign/campaign.ts";
import { allFaults } from "./campaign/faults.ts";
import { LONG_CASES, runLongCase } from "./campaign/long.ts";
import { createRandom } from "./campaign/random.ts";
import { report } from "./campaign/report.ts";
import { SHAPES } from "./campaign/shapes.ts";
import { startTimeline } from "./campaign/timeline.ts";
import { startWorld } from "./campaign/world.ts";

const MOST_SEED = 1_000_000;
const SHOWN_LINES = 400;

const options = readOptions(process.argv.slice(2), () => randomInt(MOST_SEED));
if (options === "help" || options === undefined) {
  console.log(USAGE);
  process.exitCode = options === "help" ? 0 : 2;
} else {
  const wrong = await longCases(options);
  // What was not settled would go on asking a server that is gone.
  process.exit(wrong + ((await hasFaults(options)) ? await campaign(options) : 0) === 0 ? 0 : 1);
}

/** With `--long`: one after the other, before the campaign, which would slow them down. Gives how many are violated. */
async function longCases({ isLong, onlyFaults }: CampaignOptions): Promise<number> {
  const violations: string[] = [];
  for (const one of isLong ? LONG_CASES : [])
    if (isWanted(one.name, onlyFaults)) violations.push(...(await runLongCase(one, console.log)));
  for (const text of violations) console.log(text);
  return violations.length;
}

/** Whether a campaign is left to run where only some faults are wanted: names may be of long cases alone. */
async function hasFaults({ isLong, onlyFaults }: CampaignOptions): Promise<boolean> {
  return !isLong || (await allFaults("", isLong)).some(({ name }) => isWanted(name, onlyFaults));
}

async function campaign(options: CampaignOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-campaign-"));
  const timeline = startTimeline(join(folder, "timeline.txt"), (line) => console.log(line));
  const random = createRandom(options.seed);
  timeline.say(`seed ${options.seed}, in ${folder}`);
  let violations: readonly string[] = ["it did not come to its end"];
  const world = await startWorld(folder, random, timeline.say);
  try {
    timeline.say("the world is there");
    const stopped = new Promise<never>((_resolve, reject) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const)
        process.once(signal, () => reject(new Error(`ended by ${signal}`)));
      // A mistake in the campaign itself must not leave its world behind.
      process.on("uncaughtException", reject);
    });
    const outcome = await Promise.race([
      runCampaign(world, options, random, {
        shapes: SHAPES.filter(({ name }) => isWanted(name, options.onlyShapes)),
        faults: (await allFaults(folder, options.isLong)).filter(({ name }) =>
          isWanted(name, options.onlyFaults),
        ),
      }),
      stopped,
    ]);
    violations = outcome.violations;
    for (const line of report(outcome)) console.log(line);
  } catch (error) {
    console.log(error);
  } finally {
    await world.stop().catch((error: unknown) => console.log(error));
  }
  if (violations.length === 0 && !options.keep) await rm(folder, { recursive: true, force: true });
  else console.log(`the files of this run are in ${folder}`);
  if (violations.length > 0) {
    console.log(`--- the last of the timeline\n${timeline.last(SHOWN_LINES).join("\n")}\n--- violated`);
    for (const text of violations) console.log(text);
    console.log(`npm run campaign -- --seed ${options.seed}`);
  }
  console.log(`campaign: ${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
}
