import type { Stored } from "../ports.ts";
import { readCron } from "./cron.ts";

/** A trigger as a file has named it, evaluated. */
export type Trigger = { readonly name: string; readonly args: Stored };

/** The argument of each trigger that holds a cron text. */
const CRON_ARGUMENTS: ReadonlyMap<string, string> = new Map([
  ["cron", "spec"],
  ["pollSCM", "scmpoll_spec"],
  ["parameterizedCron", "parameterizedSpecification"],
]);

/** The name of a trigger's cron argument; undefined for triggers that have none. */
export function cronArgument(trigger: string): string | undefined {
  return CRON_ARGUMENTS.get(trigger);
}

/** The cron text of a trigger; null where it has none. */
export function cronText(trigger: Trigger): string | null {
  const name = cronArgument(trigger.name);
  return name === undefined ? null : argument(trigger.args, name);
}

/** The projects after whose builds a trigger fires, and the least good result that counts. */
export function upstreamOf(trigger: Trigger): { projects: string[]; threshold: string } | null {
  if (trigger.name !== "upstream") return null;
  const projects = argument(trigger.args, "upstreamProjects") ?? "";
  const threshold = typeof trigger.args === "string" ? null : argument(trigger.args, "threshold");
  return {
    projects: projects.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()])),
    threshold: threshold?.split(".").at(-1) ?? "SUCCESS",
  };
}

/** What is wrong with the cron text of one of these triggers; null: nothing. */
export function wrongTrigger(triggers: readonly Trigger[]): string | null {
  for (const trigger of triggers) {
    const text = cronText(trigger);
    if (text === null) continue;
    const reading = readCron(text, () => 0);
    if (!reading.ok) return `${trigger.name}: ${reading.message}`;
  }
  return null;
}

/** A named argument, or the only one, which needs no name. */
function argument(args: Stored, name: string): string | null {
  if (typeof args === "string") return args;
  if (typeof args !== "object" || args === null || Array.isArray(args)) return null;
  for (const [key, value] of entriesOf(args))
    if ((key === name || key === "value") && typeof value === "string") return value;
  return null;
}

/** The entries of a map, in either of its stored forms. */
function entriesOf(args: object): (readonly [unknown, unknown])[] {
  if (!("$" in args)) return Object.entries(args);
  if (args.$ === "description" && "v" in args && typeof args.v === "object" && args.v !== null)
    return entriesOf(args.v);
  if (args.$ !== "map" || !("v" in args) || !Array.isArray(args.v)) return [];
  return args.v.flatMap((pair: unknown) => (Array.isArray(pair) ? [[pair[0], pair[1]] as const] : []));
}
