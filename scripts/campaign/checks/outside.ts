import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../../../test/support/services/git.ts";
import { runToEnd } from "../../../test/support/services/process.ts";
import { until } from "../../../test/support/services/until.ts";
import type { Person } from "../person.ts";
import type { BuildRun } from "../run-build.ts";
import { CANARY, PROJECTS, ROOT } from "../settings.ts";
import type { CampaignWorld } from "../world.ts";
import { nameOf } from "./builds.ts";

/** What may still be going on when all builds have ended: containers going, messages on their way. */
const AFTER_MS = 150_000;

/** What Sluice itself says of its data. */
export async function checkDoctor(world: CampaignWorld): Promise<string[]> {
  try {
    await runToEnd(process.execPath, [join(ROOT, "bin/sluice.js"), "doctor", "--data", world.serverData], {
      env: { ...process.env, DATABASE_URL: "", SLUICE_DATA: "" },
    });
    return [];
  } catch (error) {
    return [`doctor: ${String(error)}`];
  }
}

/** Every push has exactly one build, by the git server's own list of branches. */
export async function checkPushes(world: CampaignWorld, person: Person): Promise<string[]> {
  const wrong: string[] = [];
  for (const project of PROJECTS) {
    const refs = await git(join(world.git.folder, `${project}.git`), [
      "for-each-ref",
      "--format=%(refname:short) %(objectname)",
      "refs/heads",
    ]);
    for (const line of refs.split("\n").filter((text) => text !== "")) {
      const [branch = "", sha = ""] = line.split(" ");
      const builds = await person.buildsOf(project, branch);
      if (builds.length !== 1 || builds[0]?.sha !== sha)
        wrong.push(
          `${project} ${branch} at ${sha} has ${builds.length} builds: ${builds.map((one) => `#${one.number} of ${one.sha}`).join(", ")}`,
        );
    }
  }
  return wrong;
}

/** Nothing is left in the agents' engines once nothing is under way. */
export async function checkEngine(world: CampaignWorld): Promise<string[]> {
  const filters = { label: [`sluice.instance=${await world.instance()}`] };
  let left: string[] = [];
  try {
    await until(
      "nothing is left in the engine",
      async () => {
        const engines = [world.docker, ...(world.keptEngine === undefined ? [] : [world.keptEngine.docker])];
        const containers = await Promise.all(
          engines.map(async (docker) => await docker.listContainers({ all: true, filters })),
        );
        left = containers.flat().map(({ Names, State }) => `${Names.join(" ")} (${State})`);
        return left.length === 0;
      },
      { deadlineMs: AFTER_MS, everyMs: 500 },
    );
    return [];
  } catch {
    return left.map((name) => `${name} has no owner and is still there`);
  }
}

/** Whoever is to hear of a bad end has heard of it, and what came twice is the same message. */
export async function checkNotices(world: CampaignWorld, runs: readonly BuildRun[]): Promise<string[]> {
  const bad = runs.filter(({ build }) => build?.state === "failed" || build?.state === "aborted");
  const untold = (): string[] =>
    bad.flatMap((run) => [
      // Whose commit it is, is known once it is read.
      ...(run.build?.startedAtMs === null || mailsOf(world, run).length > 0
        ? []
        : [`${nameOf(run)}: nobody has got a mail of its end`]),
      ...(isInChat(world, run) ? [] : [`${nameOf(run)}: the chat has not heard of its end`]),
    ]);
  const wrong: string[] = [];
  await until("everybody has heard", () => untold().length === 0, {
    deadlineMs: AFTER_MS,
    everyMs: 500,
  }).catch(() => void wrong.push(...untold()));
  for (const run of bad) {
    const ids = new Set(mailsOf(world, run).map(({ parsed }) => parsed.messageId));
    if (ids.size > 1) wrong.push(`${nameOf(run)}: ${ids.size} different mails of one end`);
  }
  return wrong;
}

function mailsOf({ mail }: CampaignWorld, run: BuildRun) {
  return mail.mails.filter(({ parsed }) => isOf(run, parsed.subject ?? ""));
}

function isInChat({ chat }: CampaignWorld, run: BuildRun): boolean {
  return chat.messages.some((text) => isOf(run, text));
}

function isOf({ order, build }: BuildRun, text: string): boolean {
  return new RegExp(`\\b${order.project}\\b[^]*#${build?.number}\\b`, "u").test(text);
}

/** The secret that builds used is in no file of the server or the runners, and in nothing that was printed. */
export async function checkSecret(world: CampaignWorld): Promise<string[]> {
  const wrong: string[] = [];
  const needle = Buffer.from(CANARY);
  const look = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await look(path);
      else if (entry.isFile() && (await readFile(path).catch(() => Buffer.alloc(0))).includes(needle))
        wrong.push(`the secret is in ${path}`);
    }
  };
  for (const folder of [world.serverData, ...world.runnerData, join(world.folder, "logs")])
    await look(folder);
  for (const { raw } of world.mail.mails) if (raw.includes(CANARY)) wrong.push("the secret is in a mail");
  for (const text of world.chat.messages) if (text.includes(CANARY)) wrong.push("the secret is in a chat");
  return wrong;
}
