/** Writes docs/steps.md: every step of the catalogue with its arguments, as the linter knows them. `npm run docs:steps` */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { STEPS } from "../pipelines/steps/catalogue.ts";
import type { Parameter, ParameterType, Signature } from "../pipelines/steps/signature.ts";

const PAGE = join(import.meta.dirname, "../docs/steps.md");

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

writeFileSync(PAGE, reference(STEPS));
