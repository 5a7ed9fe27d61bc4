import type { Config } from "./config.ts";
import type { Check } from "./http/contract/system.ts";
import type { Store } from "./store/store.ts";
import { readSafeMode, SAFE_MODE_FIX, SAFE_MODE_TEXT } from "./upkeep/safe-mode.ts";

/** What a new server still lacks, each item looked at, not remembered. */
export async function firstRunChecklist(deps: {
  readonly store: Store;
  readonly config: Config;
}): Promise<Check[]> {
  const { store, config } = deps;
  const has = async (table: "projects" | "deliveries" | "builds" | "runners") =>
    (await store.db.selectFrom(table).select("id").limit(1).executeTakeFirst()) !== undefined;
  const online = await store.db
    .selectFrom("runners")
    .select("id")
    .where("state", "!=", "offline")
    .executeTakeFirst();
  const channels = Object.keys(config.file.channels).length;
  const safe = await readSafeMode(store);
  return [
    ...(safe === null ? [] : [item("safe-mode", false, SAFE_MODE_TEXT, SAFE_MODE_FIX)]),
    item("project", await has("projects"), "a project is set up", "name a forge and a project in sluice.yml"),
    item(
      "runner",
      online !== undefined,
      "a runner is online",
      "sluice serve brings one; another machine joins by sluice runner",
    ),
    item(
      "hook",
      await has("deliveries"),
      "a webhook has come in",
      "make the hook's address on the project's page and enter it at the forge",
    ),
    item("build", await has("builds"), "something was built", "push a commit with a Jenkinsfile"),
    item("channel", channels > 0, "people can be told", "add a channel for mail or chat to sluice.yml"),
  ];
}

function item(name: string, ok: boolean, text: string, fix: string): Check {
  return { name, ok, text, fix: ok ? null : fix };
}
