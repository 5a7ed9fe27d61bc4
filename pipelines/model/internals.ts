import type { MethodCall, Node, Program } from "../syntax/ast.ts";
import { walk } from "../syntax/children.ts";
import { dottedName } from "../syntax/paths.ts";
import { warn } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Classes of Jenkins that a script may name here: those it catches, throws or compares with. */
const ALLOWED: readonly string[] = [
  "hudson.AbortException",
  "hudson.model.Result",
  "org.jenkinsci.plugins.workflow.steps.FlowInterruptedException",
];

/** What a script cannot have without Jenkins or without leaving the build, and the way out. */
const REFUSED: readonly { readonly pattern: RegExp; readonly hint: string }[] = [
  {
    pattern: /^(jenkins|hudson|org\.jenkinsci|com\.cloudbees)\./,
    hint: "Jenkins' own classes are not here; use currentBuild, env, params and the steps",
  },
  {
    pattern: /^Jenkins\.(instance|get|getInstance|activeInstance)\b/,
    hint: "there is no Jenkins object; the server's API answers questions about other builds",
  },
  {
    pattern: /^(Thread|Runtime|ProcessBuilder|ClassLoader|GroovyShell|Eval)\b(\.|$)/,
    hint: "run it as a command in the agent, by sh",
  },
  {
    pattern: /^System\.(exit|getenv|getProperty|setProperty)$/,
    hint: "variables of the agent are in env, inside a node",
  },
  { pattern: /^java\.(io|nio)\.[A-Z]*[a-z]*File/, hint: "use readFile, writeFile and fileExists" },
];

const NEW_REFUSED: ReadonlyMap<string, string> = new Map([
  ["File", "use readFile, writeFile and fileExists"],
  ["Thread", "use parallel"],
  ["ProcessBuilder", "run it by sh"],
  ["GroovyShell", "use load, or a shared library"],
]);

/** Warns of Jenkins' own objects and of what leaves the build: the statement would fail when it is reached. */
export function warnOfInternals(r: Reading, program: Program): void {
  walk(program, (node) => {
    const found = internalsIn(node);
    if (found === undefined) return true;
    warn(r, "not-permitted", `Scripts not permitted to use ${found.what}`, node.span, found.hint);
    return false;
  });
}

type Found = { readonly what: string; readonly hint: string };

function internalsIn(node: Node): Found | undefined {
  if (node.kind === "Import") return refusedName(node.name);
  if (node.kind === "New") return refusedNew(node.type.name);
  if (node.kind === "MethodCall") return refusedCall(node);
  if (node.kind !== "Property") return undefined;
  if (node.name.kind === "StringLiteral" && node.name.value === "rawBuild") {
    return {
      what: "rawBuild",
      hint: "use currentBuild: its result, number, causes and changeSets are there",
    };
  }
  const name = dottedName(node);
  return name === undefined ? undefined : refusedName(name);
}

function refusedName(name: string): Found | undefined {
  const isAllowed = ALLOWED.some(
    (allowed) => `${name}.`.startsWith(`${allowed}.`) || allowed.startsWith(`${name}.`),
  );
  if (isAllowed) return undefined;
  const rule = REFUSED.find(({ pattern }) => pattern.test(name));
  return rule === undefined ? undefined : { what: name, hint: rule.hint };
}

function refusedCall(call: MethodCall): Found | undefined {
  const receiver = call.receiver === undefined ? undefined : dottedName(call.receiver);
  if (receiver === undefined || call.method.kind !== "StringLiteral") return undefined;
  return refusedName(`${receiver}.${call.method.value}`);
}

function refusedNew(name: string): Found | undefined {
  const hint = NEW_REFUSED.get(name);
  return hint === undefined ? refusedName(name) : { what: `new ${name}`, hint };
}
