import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";

/** Why a file or folder of a server's data folder does not grow without a bound. */
const SERVER: Readonly<Record<string, string>> = {
  backups: "one copy for each new schema of the database, made before an upgrade",
  blobs: "a folder for each build that has files, which goes with it",
  builds: "logs and consoles, which go with their build",
  "claim.txt": "one line, until the server has an owner",
  mirrors:
    "git packs them; commits go a month after their builds, mirrors a month after their project or library",
  redis: "what is done goes from the queues, Redis writes its files anew, and its log has a limit",
  runner: "the runner inside the server: see there",
  "secret.key": "one key",
  "server.lock": "empty",
  "server.name": "one name",
  "sluice.sqlite": "the database: its tables have rules of their own, and free pages are used again",
  "sluice.sqlite-shm": "SQLite's index of the log of changes",
  "sluice.sqlite-wal": "SQLite's log of changes, cut at 64 MiB",
};

/** The same for the data folder of a runner. */
const RUNNER: Readonly<Record<string, string>> = {
  bin: "one folder for each busybox that was installed",
  "images.json":
    "the images that this runner has brought; when the disk fills up they go, and those that went otherwise are forgotten",
  inputs: "the input of steps, until their session is closed",
  mirrors: "git packs them; they go a month after they were used",
  "runner.lock": "empty",
  sessions: "a folder for each session, until it is closed",
  slots: "workspaces go a month after they were used, or when the disk fills up",
};

/** Fails for what a data folder holds that no rule is written for. */
export async function assertRules(of: "server" | "runner", folder: string): Promise<void> {
  const rules = of === "server" ? SERVER : RUNNER;
  for (const name of await readdir(folder))
    assert.ok(
      name in rules,
      `${name} in the data folder of a ${of}: say in test/support/growth.ts what keeps it from growing`,
    );
}
