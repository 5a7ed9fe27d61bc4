import { POST_CONDITIONS } from "../pipelines/model/pipeline.ts";
import { PIPELINE_SECTIONS } from "../pipelines/model/read.ts";
import {
  AGENTS,
  CONDITIONS,
  OPTIONS,
  PARAMETERS,
  type Shape,
  STAGE_OPTIONS,
  TOOLS,
  TRIGGERS,
  WRAPPERS,
} from "../pipelines/model/signatures.ts";
import { STAGE_SECTIONS } from "../pipelines/model/stages.ts";
import { STEPS } from "../pipelines/steps/catalogue.ts";
import type { Signature } from "../pipelines/steps/signature.ts";

/** What an editor offers while somebody writes a Jenkinsfile: docs/language.json, one object of names and arguments. */
export function languageData(): unknown {
  return {
    version: 1,
    sections: { pipeline: [...PIPELINE_SECTIONS], stage: [...STAGE_SECTIONS] },
    agents: calls(AGENTS),
    options: calls(OPTIONS).map((call) => ({ ...call, inStage: STAGE_OPTIONS.has(call.name) })),
    wrappers: [...WRAPPERS],
    parameters: calls(PARAMETERS),
    triggers: calls(TRIGGERS),
    conditions: calls(CONDITIONS),
    post: [...POST_CONDITIONS],
    tools: [...TOOLS],
    steps: STEPS.map(step).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

function calls(
  shapes: ReadonlyMap<string, Shape>,
): { readonly name: string; readonly arguments: readonly unknown[]; readonly isOpen: boolean }[] {
  return [...shapes].map(([name, { fields, isOpen }]) => ({
    name,
    arguments: fields.map((field) => ({
      name: field.name,
      type: shortType(field.type),
      required: field.isRequired,
    })),
    isOpen,
  }));
}

/** `string` for `class java.lang.String`: editors know no Java. */
function shortType(type: Shape["fields"][number]["type"]): unknown {
  return typeof type === "string" ? type.replace(/^class java\.lang\./, "").toLowerCase() : type;
}

function step({ name, aliases, doc, parameters, positional, block, needsAgent, isOption }: Signature): {
  readonly name: string;
} & Record<string, unknown> {
  return {
    name,
    aliases: aliases ?? [],
    doc,
    arguments: parameters,
    unnamed: positional,
    block,
    needsAgent,
    isOption: isOption === true,
  };
}
