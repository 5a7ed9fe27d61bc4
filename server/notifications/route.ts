import type { SluiceFile } from "../config-schema.ts";
import { matchesGlob } from "../projects/glob.ts";
import type { NotifyEvent } from "./message.ts";

/** What is to be told, as far as routes look at it. */
export interface Occasion {
  readonly event: NotifyEvent;
  readonly project: string;
  /** Name of the branch or tag. */
  readonly ref: string | null;
  readonly environment: string | null;
  readonly authorMail: string | null;
}

/** One message to one recipient; robots have none. */
export interface Destination {
  readonly channel: string;
  readonly recipient: string;
}

/** Addresses that forges make up, and those nobody reads. */
const NOBODY = /(@users\.noreply\.|^noreply@|^no-reply@|\[bot\]|@localhost\.?$|\[redacted\])/iu;
const ADDRESS = /^[^\s@<>]+@[^\s@<>]+$/u;

/**
 * Who hears of an occasion. Without any route, failures and open gates go by mail to the author, if there is a channel
 * for mail: a team that has set up mail expects that much.
 */
export function destinationsFor(
  file: Pick<SluiceFile, "notify" | "channels">,
  occasion: Occasion,
): Destination[] {
  const rules = file.notify.length === 0 ? defaultRules(file) : file.notify;
  const found = new Map<string, Destination>();
  for (const rule of rules) {
    if (!rule.on.some((event) => event === occasion.event)) continue;
    if (!matchesGlob(rule.project, occasion.project)) continue;
    if (rule.ref !== undefined && (occasion.ref === null || !matchesGlob(rule.ref, occasion.ref))) continue;
    if (
      rule.environment !== undefined &&
      (occasion.environment === null || !matchesGlob(rule.environment, occasion.environment))
    )
      continue;
    for (const to of rule.to)
      for (const destination of destinationsOf(file, to, occasion))
        found.set(`${destination.channel} ${destination.recipient}`, destination);
  }
  return [...found.values()];
}

function defaultRules(file: Pick<SluiceFile, "channels">): SluiceFile["notify"] {
  const mail = Object.entries(file.channels).find(([, channel]) => channel.type === "email");
  if (mail === undefined) return [];
  return [
    {
      project: "*",
      on: ["failed", "still_failing", "fixed", "gate_open", "deploy_failed", "rolled_back"],
      to: [`${mail[0]}:author`],
    },
  ];
}

function destinationsOf(file: Pick<SluiceFile, "channels">, to: string, occasion: Occasion): Destination[] {
  const [name = "", ...rest] = to.split(":");
  const wanted = rest.join(":");
  const channel = file.channels[name];
  if (channel === undefined) return [];
  if (channel.type !== "email") return [{ channel: name, recipient: "" }];
  const addresses = wanted === "author" ? [occasion.authorMail ?? ""] : wanted === "" ? channel.to : [wanted];
  const usable = addresses.map((address) => address.trim()).filter((address) => isReachable(address));
  // A failure that nobody could be told of goes to the channel's own list.
  const reached = usable.length === 0 ? channel.to : usable;
  return reached.map((recipient) => ({ channel: name, recipient: normal(recipient) }));
}

/** Whether an address is one that somebody reads. */
export function isReachable(address: string): boolean {
  // The demo and tests use addresses at localhost; only those that forges invent are dropped.
  return ADDRESS.test(address) && (!NOBODY.test(address) || /^[a-z][a-z0-9.-]*@localhost$/iu.test(address));
}

function normal(address: string): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, at)}@${address.slice(at + 1).toLowerCase()}`;
}
