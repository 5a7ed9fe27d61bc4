import { fieldOf, isList, textIn } from "../engine/convert.ts";
import { pathIn } from "../engine/paths.ts";
import type { Flow } from "../interpreter/flow.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { pathOf, place } from "./files.ts";
import { optional } from "./signature.ts";
import type { StepCall } from "./step.ts";

/** What `zip` and `tar` take beside the archive's name. */
export const PACK_PARAMETERS = [
  optional("dir", "string", "The folder to pack; the current one when absent.", ""),
  optional("glob", "string", "Ant patterns, separated by commas; all files when absent.", ""),
  optional("exclude", "string", "Patterns of files to leave out.", ""),
  optional("archive", "boolean", "Keep it as an artifact of the build too.", false),
  optional("overwrite", "boolean", "Write over an existing file.", false),
];

/** What `unzip` and `untar` take beside the archive's name. */
export const UNPACK_PARAMETERS = [
  optional("dir", "string", "Where to; the current folder when absent.", ""),
  optional("glob", "string", "Ant patterns of what to take; everything when absent.", ""),
  optional("quiet", "boolean", "Do not name each file in the console.", false),
  optional("test", "boolean", "Only tell whether all of it can be read.", false),
];

/** Packs files into the archive that `argument` names. The runner does it: no tool in the image is needed. */
export function* pack(call: StepCall, argument: string, format: "zip" | "tar" | "tgz"): Flow<null> {
  const { args, run } = call;
  const name = args.text(argument);
  if (name === "") call.refuse(`${argument} can not be empty`);
  call.label(name);
  const path = pathOf(call, argument);
  const isThere = (yield* call.effect({ ...place(call), op: "exists", path })) === true;
  if (isThere && !args.flag("overwrite")) call.fail(`${path} exists: overwrite: true writes over it`);
  const dir = pathIn(run.context.cwd, args.text("dir") || ".");
  const kind = format === "zip" ? "zip" : "tar";
  const chosen = [args.text("glob"), args.text("exclude")];
  const filter = chosen.join("") === "" ? "" : ` filtered by [${chosen[0]}] - [${chosen[1]}]`;
  call.print(`Writing ${kind} file of ${dir}${filter} to ${path}`);
  const packed = yield* call.effect({
    ...place(call),
    op: "pack",
    path,
    dir,
    includes: args.text("glob"),
    excludes: args.text("exclude"),
    format,
  });
  call.print(`${kind === "zip" ? "Zipped" : "Tarred"} ${isList(packed) ? packed.length : 0} entries.`);
  if (!args.flag("archive")) return null;
  call.print(`Archiving ${path}`);
  yield* call.effect({
    kind: "blob",
    session: call.session().id,
    dir: run.context.cwd,
    op: "archive",
    includes: name,
    excludes: "",
    defaultExcludes: false,
    allowEmpty: false,
    caseSensitive: true,
    fingerprint: false,
  });
  return null;
}

/** Takes out of the archive that `argument` names what is wanted; `read` gives texts by name and writes nothing. */
export function* unpack(call: StepCall, argument: string, format: "zip" | "tar", read = false): Flow<Value> {
  const { args, run } = call;
  call.label(args.text(argument));
  const path = pathOf(call, argument);
  const isTest = args.flag("test");
  const purpose = isTest ? "test" : read ? "read" : "write";
  const glob = args.text("glob");
  call.print(
    isTest ? `Testing ${path}` : `${read ? "Reading" : "Extracting"} from ${path}${glob && ` - ${glob}`}`,
  );
  const dir = pathIn(run.context.cwd, args.text("dir") || ".");
  const found = yield* call.effect({
    ...place(call),
    op: "unpack",
    path,
    dir,
    includes: glob,
    format,
    purpose,
  });
  if (isTest) return found === true;
  const files = isList(found) ? found : [];
  const names = files.map((file) => textIn(fieldOf(file, "path")));
  if (!args.flag("quiet"))
    for (const name of names.slice(0, MOST_NAMED))
      call.print(read ? `Reading: ${name}` : `Extracting: ${name} -> ${pathIn(dir, name)}`);
  if (names.length > MOST_NAMED && !args.flag("quiet")) call.print(`… and ${names.length - MOST_NAMED} more`);
  call.print(`${read ? "Read" : "Extracted"}: ${names.length} files`);
  if (!read) return null;
  return MapValue.of(files.map((file) => [textIn(fieldOf(file, "path")), textIn(fieldOf(file, "text"))]));
}

/** Files of an archive that the console names one by one. */
const MOST_NAMED = 200;
