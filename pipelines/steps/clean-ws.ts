import { MapValue } from "../interpreter/values.ts";
import { worst } from "../engine/build-state.ts";
import { place } from "./files.ts";
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
    const patterns = call.args.list("patterns");
    const { workspace } = call.session().opened;
    yield* call.effect({
      ...place(call),
      op: "delete",
      dir: workspace,
      includes: patterns.length === 0 ? null : joined(call, "INCLUDE"),
      excludes: patterns.length === 0 ? null : joined(call, "EXCLUDE"),
    });
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

function joined(call: StepCall, type: string): string {
  const texts: string[] = [];
  for (const pattern of call.args.list("patterns")) {
    if (!(pattern instanceof MapValue)) continue;
    const given = call.run.textOf(pattern.get("type") ?? "INCLUDE").toUpperCase();
    if (given === type) texts.push(call.run.textOf(pattern.get("pattern") ?? ""));
  }
  return texts.join(",");
}
