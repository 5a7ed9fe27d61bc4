import { MapValue, type Value } from "../interpreter/values.ts";
import { pathOf, readText } from "./files.ts";
import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** A Java properties file. */
export const readProperties = step({
  name: "readProperties",
  doc: "Reads a Java properties file of the workspace, or a text, as a map.",
  parameters: [
    optional("file", "string", "The file."),
    optional("text", "string", "Or the text; its values win."),
    optional("defaults", "map", "Values for names that are not there."),
    optional("interpolate", "boolean", "Replace ${name} by other values.", false),
    optional("charset", "string", "Character set."),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args } = call;
    const found = new Map<string, string>();
    const defaults = args.value("defaults");
    if (defaults instanceof MapValue)
      for (const entry of defaults.entries.values())
        found.set(call.run.textOf(entry.entryKey), call.run.textOf(entry.value));
    if (args.has("file")) readLines(yield* readText(call, pathOf(call, "file"), null), found);
    if (args.has("text")) readLines(args.text("text"), found);
    const value = (text: string): Value => (args.flag("interpolate") ? interpolate(text, found, 0) : text);
    return MapValue.of([...found].map(([name, text]) => [name, value(text)]));
  },
});

function readLines(text: string, found: Map<string, string>): void {
  for (const line of text.replace(/\\\r?\n[ \t]*/g, "").split(/\r?\n/)) {
    const match = /^[ \t]*((?:\\.|[^\\\s:=])+)[ \t]*[:=]?[ \t]*(.*)$/.exec(line);
    if (match === null || /^[ \t]*[#!]/.test(line)) continue;
    found.set(unescape(match[1] ?? ""), unescape(match[2] ?? ""));
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f" };

function unescape(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/g,
    (_whole, hex: string | undefined, c: string | undefined) =>
      hex === undefined ? (ESCAPES[c ?? ""] ?? c ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const DEEPEST = 16;

function interpolate(text: string, found: ReadonlyMap<string, string>, depth: number): string {
  if (depth > DEEPEST) return text;
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    const value = found.get(name);
    return value === undefined ? whole : interpolate(value, found, depth + 1);
  });
}
