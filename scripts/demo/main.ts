/** `npm run demo`: see the file `run` beside this one. */
import { rm } from "node:fs/promises";

import { dockerForTests } from "../../test/support/services/docker.ts";
import { gateOpened } from "./builds.ts";
import { checkFacts } from "./check.ts";
import { cleanUp, tidyEngine } from "./clean.ts";
import { FOLDER, PROJECT, Refused } from "./settings.ts";
import { startWorld } from "./world.ts";
import type { World } from "./world.ts";

const EX_CONFIG = 78;
const startedAtMs = Date.now();

function say(line: string): void {
  const at = `${Math.round((Date.now() - startedAtMs) / 1000)} s`.padStart(5);
  console.log(`${at}  ${line}`);
}

/** Everything unattended, then away with it. Gives the exit code. */
async function check(): Promise<number> {
  const world = await startWorld(say).catch(async (error: unknown) => {
    if (!(error instanceof Refused)) await tidyEngine(dockerForTests());
    throw error;
  });
  let failures = 1;
  try {
    const result = await Promise.race([checkFacts(world, (line) => console.log(line)), signalled()]);
    failures = result ?? 1;
    if (failures > 0) {
      console.log("--- console of the last build");
      console.log(await lastConsole(world));
      console.log("--- the end of what the server printed");
      console.log(world.server.output().slice(-6000));
    }
  } finally {
    await world.stop();
    await tidyEngine(world.docker);
    if (failures === 0) await rm(FOLDER, { recursive: true, force: true });
    else console.log("the demo's files were left in .local/demo; npm run demo -- --clean removes them");
  }
  console.log(failures === 0 ? "demo: every fact holds" : `demo: ${failures} facts do not hold`);
  return failures === 0 ? 0 : 1;
}

async function lastConsole({ api }: World): Promise<string> {
  try {
    const build = (await api.build(PROJECT, 2)) ?? (await api.build(PROJECT, 1));
    return build === undefined ? "there is none" : (await api.console(build.id)).slice(-6000);
  } catch (error) {
    return `it cannot be had: ${String(error)}`;
  }
}

/** The demo for a person: up to the gate, and there until Ctrl-C. */
async function show(): Promise<number> {
  const ended = signalled();
  const world = await startWorld(say);
  try {
    world.places.onBreak(async () => void (await world.sample.pushBroken()));
    await world.sample.pushFirst();
    say("the sample repository is pushed; its webhook has started build 1: test, image, push");
    const gate = await Promise.race([gateOpened(world.api, 1), ended]);
    if (gate !== undefined) {
      console.log(await invitation(world, gate.url));
      await ended;
    }
  } finally {
    console.log("\nstopping");
    await world.stop();
    await tidyEngine(world.docker);
  }
  console.log(
    "stopped. npm run demo -- --clean removes what is left: files, base images and the engine, if it is ours.",
  );
  return 0;
}

async function invitation({ api, owner, ports }: World, gate: string): Promise<string> {
  return `
  The image is pushed, and the gate is open. Sign in once by this link (it works one time):
    ${await api.signInLink(owner)}
  then look at the plan and press Deploy:
    ${gate}

  the sample, before and after   http://localhost:${ports.sample}/
  mails, and a button that pushes a commit with a failing test   http://localhost:${ports.mails}/
  chat messages   http://localhost:${ports.chat}/

  Ctrl-C ends the demo.`;
}

function signalled(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(undefined));
  });
}

async function main(args: readonly string[]): Promise<number> {
  const [arg] = args;
  if (arg === undefined) return await show();
  if (arg === "--check") return await check();
  if (arg === "--clean") {
    await cleanUp(say);
    return 0;
  }
  throw new Refused("usage: npm run demo [-- --check | --clean]");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Refused) {
    console.error(`demo: ${error.message}`);
    process.exitCode = EX_CONFIG;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
