import { PlainObject } from "../engine/objects/plain-object.ts";
import type { Meter } from "../interpreter/meter.ts";
import { exception } from "../interpreter/thrown.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { FILE_OR_TEXT, requiredText } from "./file-or-text.ts";
import { step } from "./step.ts";

/** Where an archive has its manifest. */
const ENTRY = "META-INF/MANIFEST.MF";

/** The manifest of a Java archive. */
export const readManifest = step({
  name: "readManifest",
  doc: "Reads a Java manifest from a file of the workspace or from a text: main is the map of its attributes, entries the maps of its sections.",
  parameters: FILE_OR_TEXT,
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const file = call.args.text("file");
    if (/\.[jwe]ar$/i.test(file))
      return call.refuse(
        `cannot look into ${file}: give it as text: unzip(zipFile: '${file}', glob: '${ENTRY}', read: true)['${ENTRY}']`,
      );
    const text = yield* requiredText(call);
    const { main, entries } = parseManifest(text, call.run.evaluator.meter, (message) =>
      exception("java.io.IOException", message, call.site),
    );
    return new PlainObject("org.jenkinsci.plugins.pipeline.utility.steps.conf.mf.SimpleManifest", [
      ["main", frozen(main.values())],
      ["entries", frozen([...entries].map(([name, section]) => [name, frozen(section.values())]))],
    ]);
  },
});

function frozen(fields: Iterable<readonly [string, Value]>): MapValue {
  const map = MapValue.of([...fields]);
  map.isImmutable = true;
  return map;
}

/** Names and values by the name in small letters, because a name is the same in whatever case. */
type Section = Map<string, readonly [string, string]>;

type Manifest = { readonly main: Section; readonly entries: Map<string, Section> };

/** What an attribute costs beside its text, in bytes. */
const ATTRIBUTE_BYTES = 200;

/**
 * Reads a manifest as java.util.jar.Manifest does, but takes lines of any length, and a last one without its end.
 * https://docs.oracle.com/en/java/javase/17/docs/specs/jar/jar.html#jar-manifest
 */
function parseManifest(text: string, meter: Meter, failure: (message: string) => Error): Manifest {
  meter.tick(text.length >> 2);
  const main: Section = new Map();
  const entries = new Map<string, Section>();
  let section: Section | null = main;
  for (const { name, value, line } of headers(text, failure)) {
    meter.allocate(ATTRIBUTE_BYTES + value.length);
    if (name === null) section = null;
    else if (section !== null) put(section, name, value);
    else if (name.toLowerCase() === "name") {
      section = entries.get(value) ?? new Map<string, readonly [string, string]>();
      entries.set(value, section);
    } else throw failure(`invalid manifest format (line ${line})`);
  }
  return { main, entries };
}

/** A header with its continuation lines joined; for an empty line the name is null. */
type Header = { readonly name: string | null; readonly value: string; readonly line: number };

function* headers(text: string, failure: (message: string) => Error): Generator<Header> {
  let parts: string[] = [];
  let line = 0;
  for (const row of text.replace(/(\r\n|\r|\n)$/, "").split(/\r\n|\r|\n/)) {
    line += 1;
    if (row.startsWith(" ")) {
      if (parts.length === 0) throw failure(`misplaced continuation line (line ${line})`);
      parts.push(row.slice(1));
      continue;
    }
    if (parts.length > 0) yield header(parts.join(""), line - 1, failure);
    parts = row === "" ? [] : [row];
    if (row === "") yield { name: null, value: "", line };
  }
  if (parts.length > 0) yield header(parts.join(""), line, failure);
}

function header(row: string, line: number, failure: (message: string) => Error): Header {
  const at = row.indexOf(":");
  if (at === -1 || row[at + 1] !== " ") throw failure(`invalid header field (line ${line})`);
  const name = row.slice(0, at);
  if (!/^[\w-]{1,70}$/.test(name)) throw failure(`invalid header field name: ${name} (line ${line})`);
  return { name, value: row.slice(at + 2), line };
}

/** The last value holds, under the name that came first. */
function put(section: Section, name: string, value: string): void {
  const key = name.toLowerCase();
  const [known] = section.get(key) ?? [name];
  section.set(key, [known, value]);
}
