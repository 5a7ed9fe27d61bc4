import { readAgent } from "./agent.ts";
import { readEnvironment } from "./environment.ts";
import { readInput } from "./input.ts";
import type { StageParts } from "./pipeline.ts";
import { readPost } from "./post.ts";
import type { Reading } from "./reading.ts";
import type { Sections } from "./sections.ts";
import { readOptions } from "./settings.ts";
import { readTools } from "./tools.ts";
import { readWhen } from "./when.ts";
import type { MethodCall } from "../syntax/ast.ts";

/** The sections that a stage and a matrix have in common. */
export const STAGE_PARTS: ReadonlySet<string> = new Set([
  "agent",
  "environment",
  "tools",
  "options",
  "input",
  "when",
  "post",
]);

/** Reads what a stage or matrix says besides its work. */
export function readStageParts(r: Reading, { byName }: Sections): StageParts {
  const agent = optional(byName.get("agent"), (call) => readAgent(r, call));
  const input = optional(byName.get("input"), (call) => readInput(r, call));
  const when = optional(byName.get("when"), (call) => readWhen(r, call));
  return {
    ...(agent === undefined ? {} : { agent }),
    environment: list(byName.get("environment"), (call) => readEnvironment(r, call)),
    tools: list(byName.get("tools"), (call) => readTools(r, call)),
    options: list(byName.get("options"), (call) => readOptions(r, call, true)),
    ...(input === undefined ? {} : { input }),
    ...(when === undefined ? {} : { when }),
    post: list(byName.get("post"), (call) => readPost(r, call)),
  };
}

/** What a section says, where it stands. */
export function optional<T>(
  section: MethodCall | undefined,
  read: (section: MethodCall) => T | undefined,
): T | undefined {
  return section === undefined ? undefined : read(section);
}

/** What a section lists, or nothing. */
export function list<T>(
  section: MethodCall | undefined,
  read: (section: MethodCall) => readonly T[],
): readonly T[] {
  return section === undefined ? [] : read(section);
}
