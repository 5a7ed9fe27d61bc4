import { gitHook } from "./git/hook.ts";
import { giteaHook } from "./gitea/hook.ts";
import { githubHook } from "./github/hook.ts";
import { gitlabHook } from "./gitlab/hook.ts";
import type { ForgeHook } from "./hook.ts";
import type { ForgeType } from "./trigger-event.ts";

const HOOKS: Readonly<Record<ForgeType, ForgeHook>> = {
  github: githubHook,
  gitlab: gitlabHook,
  gitea: giteaHook,
  git: gitHook,
};

/** The reader of deliveries for a kind of forge. */
export function hookOf(type: ForgeType): ForgeHook {
  return HOOKS[type];
}
