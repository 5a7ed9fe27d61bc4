import { fieldOf, textIn } from "../engine/convert.ts";
import { pathOf } from "./files.ts";
import { execRequest } from "./shell.ts";
import { required } from "./signature.ts";
import { step, type Step } from "./step.ts";

/** The tools for digests are in every image that has a shell worth the name. */
function digest(name: "md5" | "sha1" | "sha256"): Step {
  return step({
    name,
    doc: `Gives the ${name.toUpperCase()} digest of a file, in hex; the image's own ${name}sum reckons it.`,
    parameters: [required("file", "string", "The file, relative to the current directory.")],
    positional: "file",
    block: "none",
    needsAgent: true,
    kind: "exec",
    policy: "reattach",
    *behave(call) {
      call.label(call.args.text("file"));
      const command = { argv: [`${name}sum`, pathOf(call, "file")] };
      const ended = yield* call.effect(
        execRequest(call.run, call, command, { capture: true, encoding: null, label: null }),
      );
      if (fieldOf(ended, "exit") !== 0) return call.fail(`${call.args.text("file")} cannot be read`);
      return textIn(fieldOf(ended, "out")).split(/\s/)[0] ?? "";
    },
  });
}

/** Digest of a file. */
export const md5 = digest("md5");
/** Digest of a file. */
export const sha1 = digest("sha1");
/** Digest of a file. */
export const sha256 = digest("sha256");
