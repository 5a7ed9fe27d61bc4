/**
 * Writes what the catalogue says of its steps: docs/steps.md for people, docs/language.json for editors, and
 * pipelines/steps/signatures.ts for the linter, which starts without the steps themselves. `npm run docs:steps`
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { STEPS } from "../pipelines/steps/catalogue.ts";
import type { Parameter, ParameterType, Signature } from "../pipelines/steps/signature.ts";
import { languageData } from "./language-data.ts";

const PAGE = join(import.meta.dirname, "../docs/steps.md");

const LANGUAGE = join(import.meta.dirname, "../docs/language.json");

const SIGNATURES = join(import.meta.dirname, "../pipelines/steps/signatures.ts");

const HEAD = `# Steps

Written by \`npm run docs:steps\` from the catalogue in \`pipelines/steps\`. \`sluice lint FILE\` checks a Jenkinsfile against it, and says
what to use instead of a step of a Jenkins plugin that is not here.
`;

/** The page for these steps. */
function reference(steps: readonly Signature[]): string {
  const sorted = steps.toSorted((one, other) => one.name.localeCompare(other.name, "en"));
  return [HEAD, ...sorted.map(section)].join("\n");
}

function section(step: Signature): string {
  const also = step.aliases === undefined ? "" : ` Also called ${step.aliases.map(code).join(", ")}.`;
  const lines = [`## ${step.name}`, "", `${step.doc}${also}`, "", notes(step), ""];
  if (step.parameters.length === 0) return lines.join("\n");
  const rows = step.parameters.map((parameter) => row(parameter, parameter.name === step.positional));
  return [...lines, "| argument | type | default | |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

function notes({ needsAgent, block, isOption }: Signature): string {
  const said = [needsAgent ? "Inside an agent." : "Needs no agent."];
  if (block === "required") said.push("Takes a block.");
  if (block === "optional") said.push("May take a block.");
  if (isOption === true) said.push("May stand in `options`.");
  return said.join(" ");
}

function row(parameter: Parameter, isPositional: boolean): string {
  const { name, type, required, doc } = parameter;
  const standIn = required ? "required" : code(JSON.stringify(parameter.default ?? null));
  const cells = [code(name), words(type), !required && parameter.default === undefined ? "" : standIn];
  return `| ${cells.join(" | ")} | ${isPositional ? "Needs no name. " : ""}${doc.replaceAll("|", "\\|")} |`;
}

function words(type: ParameterType): string {
  return typeof type === "string" ? type : type.oneOf.map(code).join(" ");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** The module of the signatures: the catalogue without what its steps do. */
function signatures(steps: readonly Signature[]): string {
  const plain = JSON.stringify(steps, null, 2);
  return `// Written by \`npm run docs:steps\` from the catalogue.
import type { Signature } from "./signature.ts";

/** What every step takes, without what it does: all that a check of a file needs, read much quicker than the steps. */
export const SIGNATURES: readonly Signature[] = ${plain};
`;
}

writeFileSync(PAGE, reference(STEPS));
writeFileSync(LANGUAGE, `${JSON.stringify(languageData(), null, 2)}\n`);
writeFileSync(SIGNATURES, signatures(STEPS));
// The page keeps its tables as they are written here; the module is formatted as all code is.
const formatted = spawnSync(join(import.meta.dirname, "../node_modules/.bin/oxfmt"), [SIGNATURES]);
if (formatted.status !== 0) throw new Error("the signatures could not be formatted");
