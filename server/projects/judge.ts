import type { TriggerEvent } from "../forges/trigger-event.ts";
import { matchesGlob } from "./glob.ts";
import type { EventRoute, FrozenRoutes } from "./route.ts";
import { parseTagGrammar, readTag } from "./tag-grammar.ts";

/** One rule that was tried, and what it said, in words. */
export interface VerdictLine {
  readonly rule: string;
  readonly ok: boolean;
  readonly text: string;
}

/** Whether an event builds, the lines that say why, and what is frozen into the build. */
export type Judgement =
  | { readonly build: true; readonly lines: readonly VerdictLine[]; readonly frozen: FrozenRoutes }
  | { readonly build: false; readonly lines: readonly VerdictLine[]; readonly because: string };

/** The part of a project that judges events. */
export interface ProjectRules {
  readonly routes: readonly EventRoute[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Judges an event by the project's routes: top to bottom, the first match wins, no match is ignored. */
export function judgeEvent(event: TriggerEvent, rules: ProjectRules): Judgement {
  if (event.deleted) {
    const because = `${subject(event)} was deleted`;
    return { build: false, lines: [{ rule: "event", ok: false, text: because }], because };
  }
  if (event.skipCi !== null) {
    const because = `the commit's message says ${event.skipCi}`;
    return { build: false, lines: [{ rule: "skip", ok: false, text: because }], because };
  }
  const frozen = { routes: [...rules.routes], tags: { ...rules.tags } };
  if (rules.routes.length === 0) {
    const tag = readByAny(event, rules.tags);
    const lines = [
      {
        rule: "routes",
        ok: true,
        text: "no routes are written: every branch, tag and change request builds",
      },
    ];
    return { build: true, lines, frozen: { ...frozen, deploy: null, ...tag } };
  }
  const lines: VerdictLine[] = [];
  for (const [index, route] of rules.routes.entries()) {
    const tried = tryRoute(event, route, rules.tags);
    const rule = `route ${index + 1}`;
    lines.push({ rule, ok: tried.matches, text: tried.text });
    if (!tried.matches) continue;
    if (!route.build)
      return { build: false, lines, because: `${rule} matches ${subject(event)} and says build: false` };
    return {
      build: true,
      lines,
      frozen: { ...frozen, deploy: route.deploy, grammar: tried.grammar, fields: { ...tried.fields } },
    };
  }
  return { build: false, lines, because: closest(event, lines, rules.routes) };
}

interface Tried {
  readonly matches: boolean;
  readonly text: string;
  readonly grammar: string | null;
  readonly fields: Readonly<Record<string, string>>;
}

function tryRoute(event: TriggerEvent, route: EventRoute, tags: Readonly<Record<string, string>>): Tried {
  const none = { grammar: null, fields: {} };
  if (route.on !== WRITTEN[event.kind])
    return { matches: false, text: `is for ${PLURAL[route.on]}, this is ${subject(event)}`, ...none };
  const name = event.kind === "change" ? (event.change?.baseRef ?? "") : event.name;
  if (route.grammar !== undefined) return byGrammar(event.name, route.grammar, tags);
  if (route.match === undefined)
    return { matches: true, text: `${subject(event)}: any ${route.on}`, ...none };
  const matches = matchesGlob(route.match, name);
  const into = event.kind === "change" ? "target branch" : route.on;
  return {
    matches,
    text: `${into} \`${name}\` ${matches ? "matches" : "does not match"} \`${route.match}\``,
    ...none,
  };
}

function byGrammar(tag: string, name: string, tags: Readonly<Record<string, string>>): Tried {
  const none = { matches: false, grammar: null, fields: {} };
  const source = tags[name];
  if (source === undefined) return { ...none, text: `the grammar ${name} is not written` };
  const parsed = parseTagGrammar(source);
  if (!parsed.ok) return { ...none, text: `the grammar ${name} is wrong: ${parsed.message}` };
  const reading = readTag(parsed.grammar, tag);
  switch (reading.kind) {
    case "match":
      return {
        matches: true,
        text: `tag \`${tag}\` matches \`${source}\``,
        grammar: name,
        fields: reading.fields,
      };
    case "rejected":
      return { ...none, text: `tag \`${tag}\` does not match \`${source}\`: ${reading.message}` };
    case "other":
      return { ...none, text: `tag \`${tag}\` does not match \`${source}\`` };
    default:
      return reading satisfies never;
  }
}

function readByAny(
  event: TriggerEvent,
  tags: Readonly<Record<string, string>>,
): { grammar: string | null; fields: Record<string, string> } {
  if (event.kind === "tag") {
    for (const name of Object.keys(tags)) {
      const tried = byGrammar(event.name, name, tags);
      if (tried.matches) return { grammar: name, fields: { ...tried.fields } };
    }
  }
  return { grammar: null, fields: {} };
}

/** What a person wants to read first: the rule that was meant for this kind of event, if there is exactly one. */
function closest(event: TriggerEvent, lines: readonly VerdictLine[], routes: readonly EventRoute[]): string {
  const meant = lines.filter((_, index) => routes[index]?.on === WRITTEN[event.kind]);
  const rejected = meant.find((line) => line.text.includes(": "));
  const only = rejected ?? (meant.length === 1 ? meant[0] : undefined);
  return only?.text ?? `no route matches ${subject(event)}`;
}

function subject(event: TriggerEvent): string {
  return event.kind === "change"
    ? `change request ${event.name}`
    : `${WRITTEN[event.kind]} \`${event.name}\``;
}

const WRITTEN = { push: "branch", tag: "tag", change: "change" } as const;
const PLURAL = { branch: "branches", tag: "tags", change: "change requests", image: "image pushes" } as const;
