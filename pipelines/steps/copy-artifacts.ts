import { posix } from "node:path";
import type { BuildSelector, Result, Stored } from "../ports.ts";
import { fieldOf, isList, textIn } from "../engine/convert.ts";
import { pathIn } from "../engine/paths.ts";
import type { Value } from "../interpreter/values.ts";
import { describedBy } from "./described.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** Brings archived files of another build into the workspace. */
export const copyArtifacts = step({
  name: "copyArtifacts",
  doc: "Brings archived files of a build of this or another project into the current directory.",
  parameters: [
    required("projectName", "string", "Key of the project, or project/branch."),
    optional("filter", "string", "Ant patterns of the files; all when absent.", ""),
    optional("excludes", "string", "Patterns of files to leave out.", ""),
    optional("target", "string", "Folder they go to.", ""),
    optional(
      "selector",
      "any",
      "lastSuccessful(stable: …), lastCompleted(), lastWithArtifacts(), specific('7'), upstream(), latestSavedBuild() or permalink('…'); the last stable build when absent.",
    ),
    optional("parameters", "string", "Parameters that the build must have had: A=1,B=2.", ""),
    optional("flatten", "boolean", "Without their folders.", false),
    optional("optional", "boolean", "Do not fail when nothing is found.", false),
    optional("appendSrcNumberToTarget", "boolean", "Into a folder called after the build's number.", false),
    optional("fingerprintArtifacts", "boolean", "Has no effect here: artifacts have digests anyway."),
    optional("resultVariableSuffix", "string", "Has no effect here."),
  ],
  positional: "projectName",
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const job = args.text("projectName");
    const session = call.session().id;
    call.label(job);
    const found = yield* call.effect({
      kind: "read",
      op: "artifacts",
      job,
      selector: selectorOf(call, args.value("selector")),
      parameters: parametersOf(call),
      includes: args.text("filter"),
      excludes: args.text("excludes"),
    });
    const build = fieldOf(found, "build");
    if (build === null) return nothing(call, `Unable to find a build for artifact copy from: ${job}`);
    const listed = fieldOf(found, "files");
    const files = (isList(listed) ? listed : []).map((file) => {
      const path = textIn(fieldOf(file, "path"));
      return {
        path: args.flag("flatten") ? posix.basename(path) : path,
        blob: textIn(fieldOf(file, "blob")),
      };
    });
    if (files.length === 0)
      return nothing(call, `Failed to copy artifacts from ${job} with filter: ${args.text("filter")}`);
    const number = numberIn(fieldOf(build, "number"));
    const target = args.flag("appendSrcNumberToTarget")
      ? `${args.text("target")}/${number}`
      : args.text("target");
    yield* call.effect({
      kind: "blob",
      session,
      dir: pathIn(run.context.cwd, target.replace(/^\/+/, "")),
      op: "fetch",
      build: numberIn(fieldOf(build, "id")),
      files,
    });
    const count = `${files.length} artifact${files.length === 1 ? "" : "s"}`;
    call.print(`Copied ${count} from "${textIn(fieldOf(build, "project"))}" build number ${number}`);
    return null;
  },
});

function numberIn(stored: Stored): number {
  return typeof stored === "number" ? stored : 0;
}

function nothing(call: StepCall, words: string): null {
  if (!call.args.flag("optional")) return call.fail(words);
  call.print(words);
  return null;
}

function parametersOf(call: StepCall): Record<string, string> {
  const pairs = call.args
    .text("parameters")
    .split(",")
    .filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) return call.refuse(`parameters takes pairs like A=1,B=2, not "${pair}"`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

const ENDED: readonly Result[] = ["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"];
const GOOD: readonly Result[] = ["SUCCESS", "UNSTABLE"];

function latest(results: readonly Result[], needs: "nothing" | "files" | "keep" = "nothing"): BuildSelector {
  return { kind: "latest", results, needs };
}

const PERMALINKS: Readonly<Record<string, readonly Result[]>> = {
  lastBuild: ENDED,
  lastCompletedBuild: ENDED,
  lastStableBuild: ["SUCCESS"],
  lastSuccessfulBuild: GOOD,
  lastUnstableBuild: ["UNSTABLE"],
  lastFailedBuild: ["FAILURE"],
  lastUnsuccessfulBuild: ["UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"],
};

/** Selectors as Jenkins' plugin names them, by symbol or class. */
function selectorOf(call: StepCall, value: Value): BuildSelector {
  if (value === null) return latest(["SUCCESS"]);
  const { symbol, fields } =
    describedBy(call, value) ??
    call.refuse("selector takes a call such as lastSuccessful() or specific('7')");
  const text = (...names: readonly string[]): string => {
    for (const name of names) {
      const given = fields.get(name) ?? null;
      if (given !== null) return call.run.textOf(given).trim();
    }
    return "";
  };
  switch (symbol) {
    case "lastSuccessful":
    case "StatusBuildSelector":
      return latest(text("stable", "value") === "true" ? ["SUCCESS"] : GOOD);
    case "lastCompleted":
    case "LastCompletedBuildSelector":
      return latest(ENDED);
    case "lastWithArtifacts":
    case "LastBuildWithArtifactSelector":
      return latest(ENDED, "files");
    case "latestSavedBuild":
    case "SavedBuildSelector":
      return latest(ENDED, "keep");
    case "specific":
    case "SpecificBuildSelector": {
      const number = text("buildNumber", "value").replace(/^#/, "");
      if (!/^\d{1,9}$/.test(number))
        return call.refuse(`specific takes the number of a build, not "${number}"`);
      return { kind: "number", number: Number(number) };
    }
    case "upstream":
    case "TriggeredBuildSelector":
      return { kind: "upstream", orLatest: text("fallbackToLastSuccessful", "fallback") === "true" };
    case "permalink":
    case "PermalinkBuildSelector": {
      const results = PERMALINKS[text("id", "value")];
      return results === undefined
        ? call.refuse(`there is no permalink "${text("id", "value")}"`)
        : latest(results);
    }
    default:
      return call.refuse(
        `the selector "${symbol}" is not available; there are lastSuccessful, lastCompleted, lastWithArtifacts, specific, upstream, latestSavedBuild and permalink`,
      );
  }
}
