import type { MethodCall } from "../syntax/ast.ts";
import { readAgent } from "./agent.ts";
import { readEnvironment } from "./environment.ts";
import { readLibraries } from "./libraries.ts";
import { nearest } from "./nearest.ts";
import type { Pipeline } from "./pipeline.ts";
import { readPost } from "./post.ts";
import { blockOf, refuse } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { readSections } from "./sections.ts";
import { readOptions, readParameters, readTriggers } from "./settings.ts";
import { list, optional } from "./stage-parts.ts";
import { readStages } from "./stages.ts";
import { refuseTooManyStages } from "./too-many-stages.ts";
import { readTools } from "./tools.ts";

/** The sections of a pipeline. */
export const PIPELINE_SECTIONS: ReadonlySet<string> = new Set([
  "agent",
  "stages",
  "environment",
  "tools",
  "options",
  "parameters",
  "triggers",
  "libraries",
  "post",
]);

const REMOVED: ReadonlyMap<string, string> = new Map([
  ["properties", "The ‘properties’ section has been renamed as of version 0.8. Use ‘options’ instead."],
  ["wrappers", "The 'wrappers' section has been removed as of version 0.8. Use 'options' instead."],
  [
    "jobProperties",
    "The ‘jobProperties’ section has been renamed as of version 0.7. Use ‘properties’ instead.",
  ],
  [
    "notifications",
    "The ‘notifications’ section has been removed as of version 0.6. Use ‘post’ for all post-build actions.",
  ],
  [
    "postBuild",
    "The ‘postBuild’ section has been renamed as of version 0.6. Use ‘post’ for all post-build actions.",
  ],
]);

// Pipeline = "pipeline" "{" { Section } "}"
/** Reads a `pipeline { … }`; undefined when it is so broken that there is nothing to run. */
export function readPipeline(r: Reading, call: MethodCall): Pipeline | undefined {
  const { span } = call.method;
  const block = blockOf(call);
  if (block === undefined) {
    refuse(r, "block-expected", 'Expected a block with the "pipeline" step', span, "write pipeline { … }");
    return undefined;
  }
  const { byName, all } = readSections(r, block, "section");
  for (const { name, call: section } of all) checkSectionName(r, name, section);
  for (const name of ["stages", "agent"]) if (!byName.has(name)) refuseMissing(r, name, call);
  const agent = optional(byName.get("agent"), (section) => readAgent(r, section));
  const stages = list(byName.get("stages"), (section) => readStages(r, section, false));
  refuseTooManyStages(r, stages, span);
  return {
    agent: agent ?? { type: "none", fields: [], span },
    stages,
    environment: list(byName.get("environment"), (section) => readEnvironment(r, section)),
    tools: list(byName.get("tools"), (section) => readTools(r, section)),
    options: list(byName.get("options"), (section) => readOptions(r, section, false)),
    parameters: list(byName.get("parameters"), (section) => readParameters(r, section)),
    triggers: list(byName.get("triggers"), (section) => readTriggers(r, section)),
    libraries: list(byName.get("libraries"), (section) => readLibraries(r, section)),
    post: list(byName.get("post"), (section) => readPost(r, section)),
    span,
  };
}

function refuseMissing(r: Reading, name: string, call: MethodCall): void {
  const hint = name === "agent" ? "add agent any" : "add stages { stage('…') { steps { … } } }";
  refuse(r, "section-missing", `Missing required section "${name}"`, call.method.span, hint);
}

function checkSectionName(r: Reading, name: string, call: MethodCall): void {
  if (PIPELINE_SECTIONS.has(name) || name === "error") return;
  const removed = REMOVED.get(name);
  if (removed !== undefined) refuse(r, "section-removed", removed, call.method.span);
  else
    refuse(
      r,
      "section-undefined",
      `Undefined section "${name}"`,
      call.method.span,
      `did you mean ${nearest(name, [...PIPELINE_SECTIONS])}?`,
    );
}
