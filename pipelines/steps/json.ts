import type { Stored } from "../ports.ts";
import { exception } from "../interpreter/thrown.ts";
import { fieldOf, isList, textIn, toStored, toValue } from "../engine/convert.ts";
import { pathOf, readText, writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** JSON from a file or a text. */
export const readJSON = step({
  name: "readJSON",
  doc: "Reads JSON from a file of the workspace or from a text.",
  parameters: [
    optional("file", "string", "The file."),
    optional("text", "string", "Or the text."),
    optional("returnPojo", "boolean", "Values are plain lists and maps anyway.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const text = call.args.has("text")
      ? call.args.text("text")
      : yield* readText(call, pathOf(call, "file"), null);
    call.run.evaluator.meter.tick(text.length >> 2);
    try {
      return toValue(jsonOf(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw exception("net.sf.json.JSONException", `Invalid JSON String: ${error.message}`, call.site);
    }
  },
});

/** JSON into a file or a text. */
export const writeJSON = step({
  name: "writeJSON",
  doc: "Writes a value as JSON into a file of the workspace, or gives its text.",
  parameters: [
    required("json", "any", "The value."),
    optional("file", "string", "The file."),
    optional("pretty", "int", "Blanks to indent by; 0: one line.", 0),
    optional("returnText", "boolean", "Give the text and write nothing.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args } = call;
    const text = JSON.stringify(plain(atRest(call)), null, args.int("pretty"));
    call.run.evaluator.meter.text(text.length);
    if (args.flag("returnText")) return text;
    yield* writeText(call, pathOf(call, "file"), text, { encoding: null, append: false });
    return null;
  },
});

function atRest(call: StepCall): Stored {
  return toStored(
    call.args.value("json"),
    (value) => call.run.textOf(value),
    (what) => call.refuse(`cannot write ${what} as JSON`),
  );
}

function jsonOf(text: string): Stored {
  const value: Stored = JSON.parse(text);
  return value;
}

/** A value at rest as ordinary JSON: maps become objects, numbers numbers. */
export function plain(stored: Stored): Stored {
  if (stored === null || typeof stored !== "object") return stored;
  if (isList(stored)) return stored.map(plain);
  const inner = stored["v"] ?? null;
  switch (textIn(stored["$"])) {
    case "":
      return Object.fromEntries(Object.entries(stored).map(([key, value]) => [key, plain(value)]));
    case "map": {
      const fields: Record<string, Stored> = {};
      for (const pair of isList(inner) ? inner : [])
        if (isList(pair)) fields[keyText(pair[0] ?? null)] = plain(pair[1] ?? null);
      return fields;
    }
    case "set":
      return isList(inner) ? inner.map(plain) : [];
    case "long":
    case "big":
    case "dbl":
    case "dec":
      return Number(textIn(inner));
    default:
      return textIn(fieldOf(stored, "v")) || textIn(fieldOf(stored, "id"));
  }
}

function keyText(key: Stored): string {
  return typeof key === "string" ? key : JSON.stringify(plain(key));
}
