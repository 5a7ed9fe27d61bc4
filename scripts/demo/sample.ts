import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { cloneForTests } from "../../test/support/services/git.ts";
import type { GitServer, WorkingCopy } from "../../test/support/services/git.ts";
import { PROJECT, ROOT } from "./settings.ts";
import type { Ports } from "./settings.ts";

const SAMPLE = join(ROOT, "examples/shop");

/** The sample's repository on the demo's git server, and a clone to push from. */
export interface Sample {
  /** Pushes the sample as it is in examples/shop; gives the commit. */
  pushFirst(): Promise<string>;
  /** Pushes a change that one of its tests refuses; gives the commit. */
  pushBroken(): Promise<string>;
  /** Pushes the change taken back. */
  pushMended(): Promise<string>;
  remove(): Promise<void>;
}

/** The line that breaks the cart: the discount is taken off twice. Its test expects 90 and gets 81. */
const BREAK = [
  "Math.round(sum * (1 - discount))",
  "Math.round(sum * (1 - discount) * (1 - discount))",
] as const;

/** Makes the repository, announced to Sluice by `hook`. */
export async function makeSample(
  git: GitServer,
  hook: { readonly url: string; readonly secret: string },
  ports: Ports,
): Promise<Sample> {
  const url = await git.createRepository(PROJECT);
  await git.setHook(PROJECT, hook);
  const copy = await cloneForTests(url);
  const push = async (message: string, files: Record<string, string>): Promise<string> => {
    const commit = await copy.commit(message, files);
    await copy.push("HEAD:main");
    return commit;
  };
  return {
    pushFirst: async () => await push("Sell things", await sampleFiles(ports)),
    pushBroken: async () => await push("Apply discounts more generously", await changedCart(copy, true)),
    pushMended: async () => await push("Apply the discount once", await changedCart(copy, false)),
    remove: () => copy.remove(),
  };
}

async function sampleFiles(ports: Ports): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await readdir(SAMPLE)) {
    const text = await readFile(join(SAMPLE, name), "utf8");
    // The registry may have had to move.
    files[name] = text.replaceAll("localhost:5051", `localhost:${ports.registry}`);
  }
  return files;
}

async function changedCart(copy: WorkingCopy, broken: boolean): Promise<Record<string, string>> {
  const text = await readFile(join(copy.folder, "cart.js"), "utf8");
  const [right, wrong] = BREAK;
  const changed = broken ? text.replace(right, wrong) : text.replace(wrong, right);
  // The button may be pressed twice; git refuses a commit without a change.
  return { "cart.js": changed === text ? `${text}\n` : changed };
}
