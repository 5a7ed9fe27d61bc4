import { startLine } from "../../test/support/services/line.ts";
import type { LineEnd } from "../../test/support/services/line.ts";
import type { Link } from "./fault.ts";
import type { Random } from "./random.ts";

/** A link with the address at which one side finds the other. */
export interface OpenLink extends Link {
  /** Port of loopback; 0 where `at` is a unix socket. */
  readonly port: number;
  /** Connections broken so far. */
  broken(): number;
  stop(): Promise<void>;
}

/** Puts a link in front of `to`; what chance decides in it comes from `random`. */
export async function openLink(to: LineEnd, random: Random, at?: LineEnd): Promise<OpenLink> {
  const line = await startLine({
    to,
    random: () => random.next(),
    ...(at === undefined ? {} : { at }),
  });
  return {
    port: line.port,
    slow: (latencyMs, bytesPerSecond = 0) =>
      line.set({ latencyMs, bytesPerSecond: bytesPerSecond === 0 ? null : bytesPerSecond }),
    reset: (share) => line.set({ resetShare: share }),
    cut: () => line.set({ cut: "silent" }),
    heal: () => line.set({}),
    broken: () => line.counts().broken,
    stop: () => line.stop(),
  };
}
