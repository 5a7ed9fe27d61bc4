import { randomInt } from "node:crypto";
import { networkInterfaces } from "node:os";
import { runToEnd, startChild } from "./process.ts";
import type { Child } from "./process.ts";

/** A network of its own on this machine, joined to it by one link that can be cut. Needs root. */
export interface Namespace {
  /** This machine, as seen from inside. Only what listens on all addresses is reached there. */
  readonly hostAddress: string;
  /** The inside, as seen from this machine. */
  readonly address: string;
  /** A process that lives in it, for `nsenter`. */
  readonly pid: number;
  /** What to start so that a program runs inside: a program and its arguments. */
  inside(program: string, args: readonly string[]): { readonly program: string; readonly args: string[] };
  /** Loses every packet in both directions from now on. Nobody is told: connections fall silent, as with a pulled cable. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Takes it away; whatever still runs inside has no network any more. */
  stop(): Promise<void>;
}

/** Where packets go that nobody is to get. */
const NOWHERE = "02:00:00:00:00:99";

/**
 * Makes a namespace whose life is tied to ours: when the process that holds it ends, the kernel takes the link away too.
 * The cut is made by a wrong address of the neighbour, so it needs no filter rules, which the engine counts as its own.
 */
export async function startNamespace(): Promise<Namespace> {
  const holder = await startChild("unshare", ["--net", "sh", "-c", "echo up; exec sleep infinity"]);
  const inside = (program: string, args: readonly string[]) => ({
    program: "nsenter",
    args: [`--net=/proc/${holder.pid}/ns/net`, "--", program, ...args],
  });
  const ip = async (...args: string[]) => void (await runToEnd("ip", args));
  const ipInside = async (...args: string[]): Promise<void> => {
    const { program, args: words } = inside("ip", args);
    await runToEnd(program, words);
  };
  const { name, hostAddress, address } = freeLink();
  try {
    await isUp(holder);
    await ip("link", "add", name, "type", "veth", "peer", "name", "up0", "netns", String(holder.pid));
    await ip("address", "add", `${hostAddress}/30`, "dev", name);
    await ip("link", "set", name, "up");
    await ipInside("link", "set", "lo", "up");
    await ipInside("address", "add", `${address}/30`, "dev", "up0");
    await ipInside("link", "set", "up0", "up");
  } catch (error) {
    await holder.stop("SIGKILL");
    throw error;
  }
  return {
    hostAddress,
    address,
    pid: holder.pid,
    inside,
    cut: async () => {
      await ip("neighbour", "replace", address, "lladdr", NOWHERE, "dev", name, "nud", "permanent");
      await ipInside(
        "neighbour",
        "replace",
        hostAddress,
        "lladdr",
        NOWHERE,
        "dev",
        "up0",
        "nud",
        "permanent",
      );
    },
    mend: async () => {
      await ip("neighbour", "del", address, "dev", name);
      await ipInside("neighbour", "del", hostAddress, "dev", "up0");
    },
    stop: async () => {
      // Whoever still runs inside would keep the link.
      await ip("link", "del", name);
      await holder.stop("SIGKILL");
    },
  };
}

async function isUp(holder: Child): Promise<void> {
  while (!holder.output().includes("up")) {
    if (holder.exit() !== undefined) throw new Error(`no network namespace: ${holder.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A link's name and four addresses that nobody has here. */
function freeLink(): { name: string; hostAddress: string; address: string } {
  const taken = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address));
  for (;;) {
    const net = `10.231.${randomInt(256)}`;
    const first = randomInt(64) * 4;
    const hostAddress = `${net}.${first + 1}`;
    if (taken.includes(hostAddress)) continue;
    return { name: `slt${randomInt(0xffffffff).toString(16)}`, hostAddress, address: `${net}.${first + 2}` };
  }
}
