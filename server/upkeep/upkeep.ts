import { startLoop } from "../forges/loop.ts";
import type { Loop } from "../forges/loop.ts";
import { retain } from "./retain.ts";
import type { RetainDeps } from "./retain.ts";

const EVERY_MS = 600_000;

/** Looks at start and every ten minutes for what may go. */
export function startUpkeep(
  deps: RetainDeps & {
    readonly log: { warn(fields: Readonly<Record<string, unknown>>, text: string): void };
  },
): Loop {
  return startLoop({
    everyMs: EVERY_MS,
    look: async (signal) => void (await retain(deps, signal)),
    onError: (err) => deps.log.warn({ err }, "retention could not go on; it is tried again"),
  });
}
