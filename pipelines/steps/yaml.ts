import { parseAllDocuments, stringify } from "yaml";
import type { Stored } from "../ports.ts";
import { exception } from "../interpreter/thrown.ts";
import { isList, toStored, toValue } from "../engine/convert.ts";
import { pathOf, place, readText, writeText } from "./files.ts";
import { plain } from "./json.ts";
import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** YAML from a file or a text. */
export const readYaml = step({
  name: "readYaml",
  doc: "Reads YAML from a file of the workspace or from a text; several documents give a list.",
  parameters: [optional("file", "string", "The file."), optional("text", "string", "Or the text.")],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const text = call.args.has("text")
      ? call.args.text("text")
      : yield* readText(call, pathOf(call, "file"), null);
    call.run.evaluator.meter.tick(text.length >> 1);
    const documents: Stored[] = [];
    for (const document of parseAllDocuments(text)) {
      const [error] = document.errors;
      if (error !== undefined)
        throw exception("org.yaml.snakeyaml.error.YAMLException", error.message, call.site);
      const value: Stored = JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 })) ?? "null");
      documents.push(value);
    }
    const [only] = documents;
    return toValue(
      documents.length === 1 && only !== undefined ? only : documents.length === 0 ? null : documents,
    );
  },
});

/** YAML into a file or a text. */
export const writeYaml = step({
  name: "writeYaml",
  doc: "Writes a value as YAML into a file of the workspace, or gives its text.",
  parameters: [
    optional("file", "string", "The file."),
    optional("data", "any", "The value."),
    optional("datas", "list", "Several documents."),
    optional("overwrite", "boolean", "Write over an existing file.", false),
    optional("charset", "string", "Character set."),
    optional("returnText", "boolean", "Give the text and write nothing.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args } = call;
    const stored = toStored(
      args.has("datas") ? args.value("datas") : args.value("data"),
      (value) => call.run.textOf(value),
      (what) => call.refuse(`cannot write ${what} as YAML`),
    );
    const documents = args.has("datas") && isList(stored) ? stored : [stored];
    const text = documents.map((document) => stringify(plain(document))).join("---\n");
    call.run.evaluator.meter.text(text.length);
    if (args.flag("returnText")) return text;
    const path = pathOf(call, "file");
    if (!args.flag("overwrite") && (yield* call.effect({ ...place(call), op: "exists", path })) === true)
      return call.fail(
        `Target file ${args.text("file")} already exists and cannot be overwritten: overwrite: true does it`,
      );
    const more = { encoding: args.optionalText("charset"), append: false };
    yield* writeText(call, path, text, more);
    return null;
  },
});
