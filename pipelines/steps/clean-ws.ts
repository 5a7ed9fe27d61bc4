import { MapValue } from "../interpreter/values.ts";
import { worst } from "../engine/build-state.ts";
import { fieldOf, isList, textIn } from "../engine/convert.ts";
import { globMatches } from "../engine/glob.ts";
import { pathIn } from "../engine/paths.ts";
import type { Flow } from "../interpreter/flow.ts";
import { place } from "./files.ts";
import { execRequest } from "./shell.ts";
import { optional } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** Cleans the workspace. */
export const cleanWs = step({
  name: "cleanWs",
  doc: "Deletes the workspace's content, or what the patterns name.",
  parameters: [
    optional("deleteDirs", "boolean", "Apply patterns to folders too.", false),
    optional("patterns", "list", "Maps with pattern and type: INCLUDE or EXCLUDE."),
    optional("cleanWhenSuccess", "boolean", "Also after SUCCESS.", true),
    optional("cleanWhenUnstable", "boolean", "Also after UNSTABLE.", true),
    optional("cleanWhenFailure", "boolean", "Also after FAILURE.", true),
    optional("cleanWhenNotBuilt", "boolean", "Also after NOT_BUILT.", true),
    optional("cleanWhenAborted", "boolean", "Also after ABORTED.", true),
    optional("notFailBuild", "boolean", "Go on when it fails.", false),
    optional("disableDeferredWipeout", "boolean", "Has no effect here."),
    optional("skipWhenFailed", "boolean", "Not when the build failed.", false),
    optional("externalDelete", "string", "Has no effect here."),
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    if (!isWanted(call)) {
      call.print("Skipped based on build state");
      return null;
    }
    call.print("[WS-CLEANUP] Deleting project workspace...");
    const { workspace } = call.session().opened;
    if (call.args.list("patterns").length > 0) yield* deleteMatching(call, workspace);
    else yield* call.effect({ ...place(call), op: "delete", dir: workspace, includes: null, excludes: null });
    call.print("[WS-CLEANUP] done");
    return null;
  },
});

function isWanted(call: StepCall): boolean {
  const result = worst(call.run.build.result);
  if (result === "FAILURE" && call.args.flag("skipWhenFailed")) return false;
  switch (result) {
    case "SUCCESS":
      return call.args.flag("cleanWhenSuccess");
    case "UNSTABLE":
      return call.args.flag("cleanWhenUnstable");
    case "FAILURE":
      return call.args.flag("cleanWhenFailure");
    case "NOT_BUILT":
      return call.args.flag("cleanWhenNotBuilt");
    case "ABORTED":
      return call.args.flag("cleanWhenAborted");
  }
}

const FILES_AT_ONCE = 500;

/** Deletes the files that the patterns name, and with deleteDirs the folders that they name with all that is in them. */
function* deleteMatching(call: StepCall, workspace: string): Flow<void> {
  const withFolders = call.args.flag("deleteDirs");
  const [includes, excludes] = [patterns(call, "INCLUDE"), patterns(call, "EXCLUDE")];
  const wanted = includes.length === 0 ? ["**"] : includes;
  const found = yield* call.effect({
    ...place(call),
    op: "find",
    dir: workspace,
    includes: [...wanted, ...(withFolders ? wanted.map((one) => `${one}/**`) : [])].join(","),
    excludes: excludes.join(","),
  });
  const files = isList(found) ? found.map((file) => textIn(fieldOf(file, "path"))) : [];
  const matches = (path: string, of: readonly string[]) =>
    of.some((pattern) => globMatches(pattern, path, { ignoreCase: false }));
  const named = (path: string) => matches(path, wanted) && !matches(path, excludes);
  const gone = withFolders ? files.map((path) => foldersOf(path).find(named) ?? path) : files;
  const paths = [...new Set(gone)].map((path) => pathIn(workspace, path));
  for (let at = 0; at < paths.length; at += FILES_AT_ONCE) {
    const command = { argv: ["rm", "-rf", "--", ...paths.slice(at, at + FILES_AT_ONCE)] };
    yield* call.effect(execRequest(call.run, call, command, { capture: false, encoding: null, label: null }));
  }
}

/** The folders around a file, outermost first. */
function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

function patterns(call: StepCall, type: string): string[] {
  const texts: string[] = [];
  for (const pattern of call.args.list("patterns")) {
    if (!(pattern instanceof MapValue)) continue;
    const given = call.run.textOf(pattern.get("type") ?? "INCLUDE").toUpperCase();
    if (given !== type) continue;
    const text = call.run.textOf(pattern.get("pattern") ?? "");
    texts.push(...text.split(/[,\s]+/).filter((one) => one !== ""));
  }
  return texts;
}
