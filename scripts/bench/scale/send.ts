import { fileURLToPath } from "node:url";

import { z } from "zod";

import { runToEnd } from "../../../test/support/services/process.ts";

const BURST = fileURLToPath(new URL("./burst.ts", import.meta.url));

/** What `burst.ts` prints. */
export const Burst = z.object({
  answers: z.array(z.object({ ref: z.string(), status: z.int(), ms: z.number() })),
  sentMs: z.number(),
});
export type Burst = z.infer<typeof Burst>;

/** Where pushes go, and as what. */
export interface PushTarget {
  readonly url: string;
  readonly secret: string;
  readonly repository: string;
  readonly commit: string;
}

/** Sends `count` pushes at `rate` a second from a process of its own and waits for every answer. */
export async function sendPushes(target: PushTarget, count: number, rate: number): Promise<Burst> {
  const { url, secret, repository, commit } = target;
  const printed = await runToEnd(process.execPath, [
    BURST,
    url,
    secret,
    repository,
    commit,
    String(count),
    String(rate),
  ]);
  return Burst.parse(JSON.parse(printed));
}

/** The figure below which 99 of 100 lie. */
export function p99(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
}
