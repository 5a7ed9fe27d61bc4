import { MapValue, type Value } from "../../interpreter/values.ts";
import { PlainObject } from "./plain-object.ts";

/** A file as findFiles gives it: its text is its path. */
export class FoundFileObject extends PlainObject {
  constructor(found: Value) {
    const fields: [string, Value][] = [];
    let path = "";
    if (found instanceof MapValue)
      for (const entry of found.entries.values()) {
        if (typeof entry.entryKey !== "string") continue;
        fields.push([entry.entryKey, entry.value]);
        if (entry.entryKey === "path" && typeof entry.value === "string") path = entry.value;
      }
    super("org.jenkinsci.plugins.pipeline.utility.steps.fs.FileWrapper", fields, path);
  }
}
