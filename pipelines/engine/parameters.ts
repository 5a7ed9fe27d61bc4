import { illegalArgument } from "../interpreter/thrown.ts";
import { ListValue, MapValue, type Value } from "../interpreter/values.ts";
import type { ParameterDefinition, Stored } from "../ports.ts";
import type { Run } from "./build.ts";
import { parameterText } from "./build-variables.ts";
import { toStored, toValue } from "./convert.ts";
import { Description } from "./objects/description.ts";

const TYPES: Readonly<Record<string, ParameterDefinition["type"]>> = {
  string: "string",
  stringParam: "string",
  text: "text",
  textParam: "text",
  booleanParam: "boolean",
  choice: "choice",
  choiceParam: "choice",
  password: "password",
  credentials: "credentials",
  run: "run",
  runParam: "run",
  file: "file",
  fileParam: "file",
  StringParameterDefinition: "string",
  TextParameterDefinition: "text",
  BooleanParameterDefinition: "boolean",
  ChoiceParameterDefinition: "choice",
  PasswordParameterDefinition: "password",
};

/** Parameters of plugins, whose forms are their own: here they are asked for as text. */
const OF_PLUGINS: Readonly<Record<string, ParameterDefinition["type"]>> = {
  extendedChoice: "string",
  activeChoice: "string",
  activeChoiceHtml: "string",
  reactiveChoice: "string",
  gitParameter: "string",
  listGitBranches: "string",
  imageTag: "string",
  persistentString: "string",
  validatingString: "string",
  ExtendedChoiceParameterDefinition: "string",
  GitParameterDefinition: "string",
  ValidatingStringParameterDefinition: "string",
  base64File: "file",
  stashedFile: "file",
  separator: "string",
};

/** A parameter from its description: `string(name: 'X', defaultValue: 'y')`. */
export function definitionOf(value: Value, textOf: (value: Value) => string): ParameterDefinition {
  const { symbol, fields } = read(value, textOf);
  const type = TYPES[symbol] ?? OF_PLUGINS[symbol];
  if (type === undefined) throw illegalArgument(`a parameter of type "${symbol}" is not known here`);
  const text = (name: string): string => {
    const given = fields.get(name) ?? null;
    return given === null ? "" : textOf(given);
  };
  const choices = choicesOf(fields.get("choices") ?? null, textOf);
  const given =
    fields.get("defaultValue") ?? (OF_PLUGINS[symbol] === undefined ? fields.get("value") : null) ?? null;
  return {
    type,
    name: text("name"),
    description: text("description"),
    defaultValue: defaultOf(type, given, choices, textOf),
    choices,
    trim: fields.get("trim") === true,
  };
}

function read(value: Value, textOf: (value: Value) => string): { symbol: string; fields: MapValue } {
  if (value instanceof Description) return value;
  if (value instanceof MapValue && value.has("$class")) {
    const name = textOf(value.get("$class") ?? "");
    return { symbol: name.split(".").at(-1) ?? name, fields: value };
  }
  throw illegalArgument("a parameter is a call such as string(name: 'X', defaultValue: 'y')");
}

function choicesOf(value: Value, textOf: (value: Value) => string): string[] {
  if (value === null) return [];
  if (value instanceof ListValue) return value.items.map((item) => textOf(item));
  return textOf(value)
    .split("\n")
    .map((line) => line.trim());
}

function defaultOf(
  type: ParameterDefinition["type"],
  value: Value,
  choices: readonly string[],
  textOf: (value: Value) => string,
): Stored {
  if (type === "boolean")
    return value === true || (value !== null && typeof value !== "boolean" && textOf(value) === "true");
  if (type === "choice") return choices[0] ?? "";
  if (value === null) return "";
  return toStored(value, textOf, () => {
    throw illegalArgument("the default of a parameter is a plain value");
  });
}

/** The typed value of what somebody submitted as text. */
function typed(definition: ParameterDefinition, value: Stored): Stored {
  if (definition.type === "boolean") return value === true || value === "true";
  return typeof value === "string" && definition.trim ? value.trim() : value;
}

/** Puts parameters in force: what was submitted, else the default; each is a variable of the environment too. */
export function applyParameters(run: Run, definitions: readonly ParameterDefinition[]): void {
  const params = new MapValue("java.util.Collections$UnmodifiableMap");
  for (const [name, value] of Object.entries(run.head.parameters)) params.set(name, toValue(value));
  for (const definition of definitions) {
    const submitted = run.head.parameters[definition.name];
    const value = typed(definition, submitted ?? definition.defaultValue);
    if (definition.type !== "run") params.set(definition.name, toValue(value));
    run.setParameterVariable(definition.name, parameterText(value));
  }
  for (const [name, value] of Object.entries(run.head.parameters))
    if (!definitions.some((definition) => definition.name === name))
      run.setParameterVariable(name, parameterText(value));
  params.isImmutable = true;
  run.params = params;
}
