import type { Expression, MethodCall } from "../syntax/ast.ts";
import { shownValue } from "./call-arguments.ts";
import { checkIdentifier } from "./environment.ts";
import type { Axis, Exclude, ExcludeAxis, Matrix, Stage } from "./pipeline.ts";
import { argumentCount, blockOf, callOf, expectLiteral, refuse, refuseRepeats } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { list, readStageParts, STAGE_PARTS } from "./stage-parts.ts";
import { readSections } from "./sections.ts";

const OWN: ReadonlySet<string> = new Set(["axes", "excludes", "stages", ...STAGE_PARTS]);

// Matrix = "matrix" "{" { Axes | Excludes | Stages | StagePart } "}"
/** Reads `matrix`; `readStages` reads the stages in it. */
export function readMatrix(
  r: Reading,
  section: MethodCall,
  readStages: (section: MethodCall) => readonly Stage[],
): Matrix | undefined {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(
      r,
      "block-expected",
      "Expected a block for matrix",
      span,
      "write matrix { axes { … } stages { … } }",
    );
    return undefined;
  }
  const sections = readSections(r, block, "section");
  for (const { name, call } of sections.all) if (!OWN.has(name)) refuseSection(r, call, name);
  for (const name of ["axes", "stages"]) if (!sections.byName.has(name)) refuseMissing(r, name, span);
  return {
    ...readStageParts(r, sections),
    axes: list(sections.byName.get("axes"), (call) => readAxes(r, call)),
    excludes: list(sections.byName.get("excludes"), (call) => readExcludes(r, call)),
    stages: list(sections.byName.get("stages"), readStages),
    span,
  };
}

function refuseSection(r: Reading, call: MethodCall, name: string): void {
  if (name !== "error") refuse(r, "section-undefined", `Undefined section "${name}"`, call.method.span);
}

function refuseMissing(r: Reading, name: string, span: Expression["span"]): void {
  refuse(r, "section-missing", `Missing required section "${name}"`, span, `add ${name}`);
}

// Axes = "axes" "{" { Axis } "}"
function readAxes(r: Reading, section: MethodCall): Axis[] {
  const axes = readEach(r, section, "axes", (call) => readAxis(r, call));
  if (axes?.length === 0)
    refuse(
      r,
      "axes-empty",
      "No axis directives specified",
      section.method.span,
      "add axis { name 'OS'; values 'linux', 'windows' }",
    );
  refuseAxisTwice(r, axes ?? []);
  return axes ?? [];
}

function refuseAxisTwice(r: Reading, axes: readonly Axis[]): void {
  refuseRepeats(
    r,
    axes,
    (axis) => (axis.name === "" ? undefined : axis.name),
    (name) => ({ code: "duplicate-axis", message: `Duplicate axis name: "${name}"` }),
  );
}

/** Reads the blocks inside a block; undefined when there is none. */
function readEach<T>(
  r: Reading,
  section: MethodCall,
  name: string,
  read: (call: MethodCall) => T | undefined,
): T[] | undefined {
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", `Expected a block for ${name}`, section.method.span, `write ${name} { … }`);
    return undefined;
  }
  const found: T[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    const inner = name === "excludes" ? "exclude" : "axis";
    if (call === undefined || blockOf(call) === undefined)
      refuse(r, "block-expected", `Expected a block for ${inner}`, statement.span, `write ${inner} { … }`);
    else {
      const value = read(call);
      if (value !== undefined) found.push(value);
    }
  }
  return found;
}

// Axis = "axis" "{" "name" String ( "values" | "notValues" ) Literal { "," Literal } "}"
function readAxis(r: Reading, section: MethodCall): Axis | undefined {
  const block = blockOf(section);
  if (block === undefined) return undefined;
  const { byName, all } = readSections(r, block, "section");
  for (const { name, call } of all) if (name !== "name" && name !== "values") refuseSection(r, call, name);
  const nameCall = byName.get("name");
  const name = nameCall === undefined ? undefined : readAxisName(r, nameCall);
  const values = readAxisValues(r, byName.get("values"));
  if (name === undefined) refuseMissing(r, "name", section.method.span);
  if (values.length === 0) refuseMissing(r, "values", section.method.span);
  return {
    name: name?.name ?? "",
    values: values.map((value) => value.text),
    span: name?.span ?? section.method.span,
  };
}

function readAxisName(
  r: Reading,
  call: MethodCall,
): { readonly name: string; readonly span: Expression["span"] } {
  const [value] = call.arguments.positional;
  const count = argumentCount(call);
  if (count === 0) refuse(r, "field-empty", 'No argument for field "name"', call.method.span);
  if (count > 1) refuse(r, "field-count", 'Too many arguments for field "name"', call.method.span);
  if (value === undefined) return { name: "", span: call.method.span };
  const name = expectLiteral(r, value);
  checkIdentifier(r, name, value.span);
  return { name, span: value.span };
}

type AxisValue = { readonly text: string; readonly span: Expression["span"] };

function readAxisValues(r: Reading, call: MethodCall | undefined): AxisValue[] {
  if (call === undefined) return [];
  const values = call.arguments.positional.map((value) => axisValueOf(r, value));
  refuseRepeats(
    r,
    values,
    (value) => value.text,
    (text) => ({ code: "duplicate-axis-value", message: `Duplicate axis value: "${text}"` }),
  );
  return values;
}

function axisValueOf(r: Reading, value: Expression): AxisValue {
  const { span } = value;
  if (value.kind === "StringLiteral") return { text: value.value, span };
  if (value.kind === "IntegerLiteral" || value.kind === "BooleanLiteral")
    return { text: String(value.value), span };
  if (value.kind === "DecimalLiteral") return { text: value.text, span };
  const shown = shownValue(r, value);
  refuse(
    r,
    "literal-expected",
    `Expected string literal but got ${shown}`,
    span,
    "the values of an axis are known before the build starts: write them out",
  );
  return { text: shown, span };
}

// Excludes = "excludes" "{" { "exclude" "{" { Axis } "}" } "}"
function readExcludes(r: Reading, section: MethodCall): Exclude[] {
  const excludes = readEach(r, section, "excludes", (call) => readExclude(r, call));
  if (excludes?.length === 0)
    refuse(
      r,
      "excludes-empty",
      "No exclude directives specified",
      section.method.span,
      "leave the section out or fill it",
    );
  return excludes ?? [];
}

function readExclude(r: Reading, section: MethodCall): Exclude {
  const axes = readEach(r, section, "exclude", (call) => readExcludeAxis(r, call)) ?? [];
  if (axes.length === 0)
    refuse(
      r,
      "axes-empty",
      "No axis directives specified",
      section.method.span,
      "name the axes whose values are left out",
    );
  refuseAxisTwice(r, axes);
  return { axes, span: section.method.span };
}

function readExcludeAxis(r: Reading, section: MethodCall): ExcludeAxis | undefined {
  const block = blockOf(section);
  if (block === undefined) return undefined;
  const { byName, all } = readSections(r, block, "section");
  for (const { name, call } of all)
    if (!["name", "values", "notValues"].includes(name)) refuseSection(r, call, name);
  const notValues = byName.get("notValues");
  if (notValues !== undefined && byName.has("values")) {
    refuse(
      r,
      "exclude-both",
      'Exclude axis must contain either "values" or "notValues"',
      notValues.method.span,
    );
  }
  const nameCall = byName.get("name");
  const name = nameCall === undefined ? undefined : readAxisName(r, nameCall);
  const values = readAxisValues(r, notValues ?? byName.get("values"));
  if (name === undefined) refuseMissing(r, "name", section.method.span);
  if (values.length === 0) refuseMissing(r, "values", section.method.span);
  return {
    name: name?.name ?? "",
    values: values.map((value) => value.text),
    isInverse: notValues !== undefined,
    span: name?.span ?? section.method.span,
  };
}
