import { isFlow, type Flow } from "../../interpreter/flow.ts";
import { illegalArgument } from "../../interpreter/thrown.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Condition, When } from "../../model/pipeline.ts";
import { fieldOf, isList, textIn } from "../convert.ts";
import { globMatches } from "../glob.ts";
import { readCommits } from "../objects/change-sets.ts";
import { argument, callBlock, siteOf, type World } from "./world.ts";

type Test = Extract<Condition, { kind: "test" }>;

/** Do all conditions hold? Stops at the first that does not. */
export function* isWanted(world: World, when: When): Flow<boolean> {
  for (const condition of when.conditions) if (!(yield* holds(world, condition))) return false;
  return true;
}

function* holds(world: World, condition: Condition): Flow<boolean> {
  switch (condition.kind) {
    case "expression":
      return yield* isTrue(world, yield* callBlock(world, condition.body));
    case "nested":
      return yield* nestedHolds(world, condition);
    case "test":
      return yield* testHolds(world, condition);
  }
}

function* isTrue(world: World, value: Value): Flow<boolean> {
  const truth = world.run.evaluator.isTrue(value);
  return (isFlow(truth) ? yield* truth : truth) === true;
}

function* nestedHolds(world: World, condition: Extract<Condition, { kind: "nested" }>): Flow<boolean> {
  for (const child of condition.children) {
    const held = yield* holds(world, child);
    if (condition.name === "not") return !held;
    if (condition.name === "anyOf" && held) return true;
    if (condition.name === "allOf" && !held) return false;
  }
  return condition.name === "allOf";
}

function* testHolds(world: World, test: Test): Flow<boolean> {
  const { head } = world.run;
  switch (test.name) {
    case "branch":
      return yield* isBranch(world, test);
    case "buildingTag":
      return tagName(world) !== "";
    case "tag":
      return yield* isTag(world, test);
    case "changeRequest":
      return yield* isChangeRequest(world, test);
    case "changelog":
      return yield* inChangelog(world, test);
    case "changeset":
      return yield* inChangeset(world, test);
    case "environment":
      return yield* isEnvironment(world, test);
    case "equals":
      return world.run.evaluator.areEqual(
        (yield* argument(world, test, "expected")) ?? null,
        (yield* argument(world, test, "actual")) ?? null,
      );
    case "triggeredBy":
      return yield* isTriggeredBy(world, test);
    case "isRestartedRun":
      return head.restartFrom !== null;
    default:
      throw illegalArgument(`the when condition "${test.name}" is not known here`);
  }
}

function* text(world: World, test: Test, name: string, sole: string | null = null): Flow<string | null> {
  const value = yield* argument(world, test, name, sole);
  return value === undefined || value === null ? null : world.run.textOf(value);
}

function tagName(world: World): string {
  return world.run.variable("TAG_NAME") ?? "";
}

function* isBranch(world: World, test: Test): Flow<boolean> {
  const pattern = (yield* text(world, test, "pattern", "pattern")) ?? "";
  const branch = world.run.variable("BRANCH_NAME") ?? world.run.variable("GIT_LOCAL_BRANCH") ?? "";
  if (branch === "") return pattern === "";
  return yield* matches(world, branch, pattern, (yield* text(world, test, "comparator")) ?? "GLOB");
}

function* isTag(world: World, test: Test): Flow<boolean> {
  const tag = tagName(world);
  const pattern = yield* text(world, test, "pattern", "pattern");
  if (tag === "") return false;
  if (pattern === null) return true;
  const comparator = (yield* text(world, test, "comparator")) ?? "GLOB";
  const { event } = world.run.head;
  if (comparator.toUpperCase() === "GRAMMAR") return event.kind === "tag" && event.grammars.includes(pattern);
  return yield* matches(world, tag, pattern, comparator);
}

const CHANGE_VARIABLES: Readonly<Record<string, string>> = {
  id: "CHANGE_ID",
  target: "CHANGE_TARGET",
  branch: "CHANGE_BRANCH",
  fork: "CHANGE_FORK",
  url: "CHANGE_URL",
  title: "CHANGE_TITLE",
  author: "CHANGE_AUTHOR",
  authorDisplayName: "CHANGE_AUTHOR_DISPLAY_NAME",
  authorEmail: "CHANGE_AUTHOR_EMAIL",
};

function* isChangeRequest(world: World, test: Test): Flow<boolean> {
  if ((world.run.variable("CHANGE_ID") ?? "") === "") return false;
  const comparator = (yield* text(world, test, "comparator")) ?? "EQUALS";
  for (const [field, variable] of Object.entries(CHANGE_VARIABLES)) {
    const wanted = yield* text(world, test, field);
    if (wanted !== null && !(yield* matches(world, world.run.variable(variable) ?? "", wanted, comparator)))
      return false;
  }
  return true;
}

/** GLOB is Ant's and tells no case, REGEXP must match the whole text, EQUALS is exact; other words mean GLOB. */
function* matches(world: World, given: string, pattern: string, comparator: string): Flow<boolean> {
  switch (comparator.toUpperCase()) {
    case "EQUALS":
      return given === pattern;
    case "REGEXP":
      return yield* fullMatch(world, given, pattern);
    default:
      return globMatches(pattern, given, { ignoreCase: true });
  }
}

function* fullMatch(world: World, given: string, pattern: string): Flow<boolean> {
  const site = siteOf(world, world.pipeline.span);
  return (
    (yield* world.run.evaluator.callMethod(
      given,
      "matches",
      { named: null, positional: [pattern] },
      site,
    )) === true
  );
}

function* inChangelog(world: World, test: Test): Flow<boolean> {
  const pattern = (yield* text(world, test, "pattern", "pattern")) ?? "";
  const commits = yield* readCommits(world.run, siteOf(world, test.span));
  if (commits.length === 0) {
    world.run.print("Warning, empty changelog. Probably because this is the first build.");
    return false;
  }
  for (const commit of commits) {
    if (yield* fullMatch(world, textIn(fieldOf(commit, "title")), pattern)) return true;
    const message = textIn(fieldOf(commit, "message"));
    if (yield* fullMatch(world, message, `(?m)(?s)^[^\\r\\n]*${pattern}[^\\r\\n]*$`)) return true;
  }
  return false;
}

function* inChangeset(world: World, test: Test): Flow<boolean> {
  const pattern = (yield* text(world, test, "pattern", "pattern")) ?? "";
  const comparator = (yield* text(world, test, "comparator")) ?? "GLOB";
  const isExact = (yield* argument(world, test, "caseSensitive")) === true;
  const commits = yield* readCommits(world.run, siteOf(world, test.span));
  if (commits.length === 0) {
    world.run.print("Warning, empty changelog. Probably because this is the first build.");
    return false;
  }
  for (const commit of commits) {
    const files = fieldOf(commit, "files");
    for (const file of isList(files) ? files : []) {
      const path = textIn(fieldOf(file, "path"));
      const isRegexp = comparator.toUpperCase() === "REGEXP";
      const held = isRegexp
        ? yield* fullMatch(world, path, isExact ? pattern : `(?i)${pattern}`)
        : globMatches(pattern, path, { ignoreCase: !isExact });
      if (held) return true;
    }
  }
  return false;
}

function* isEnvironment(world: World, test: Test): Flow<boolean> {
  const name = (yield* text(world, test, "name")) ?? "";
  const wanted = (yield* text(world, test, "value")) ?? "";
  const ignoreCase = (yield* argument(world, test, "ignoreCase")) === true;
  const given = world.run.variable(name) ?? "";
  return ignoreCase ? given.toLowerCase() === wanted.toLowerCase() : given === wanted;
}

function* isTriggeredBy(world: World, test: Test): Flow<boolean> {
  const cause = ((yield* text(world, test, "cause", "cause")) ?? "").toLowerCase();
  const detail = yield* text(world, test, "detail");
  return world.run.head.build.causes.some((candidate) => {
    const name = candidate.class.split(/[.$]/).at(-1) ?? candidate.class;
    if (!name.toLowerCase().startsWith(cause.split(/[.$]/).at(-1) ?? cause)) return false;
    return detail === null || candidate.userId?.toLowerCase() === detail.toLowerCase();
  });
}
