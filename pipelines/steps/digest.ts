import { textIn } from "../engine/convert.ts";
import { pathOf, place } from "./files.ts";
import { required } from "./signature.ts";
import { step, type Step } from "./step.ts";

function digest(name: "md5" | "sha1" | "sha256"): Step {
  return step({
    name,
    doc: `Gives the ${name.toUpperCase()} digest of a file, in hex.`,
    parameters: [required("file", "string", "The file, relative to the current directory.")],
    positional: "file",
    block: "none",
    needsAgent: true,
    kind: "file",
    policy: "repeat",
    *behave(call) {
      return textIn(
        yield* call.effect({ ...place(call), op: "digest", path: pathOf(call, "file"), algorithm: name }),
      );
    },
  });
}

/** Digest of a file. */
export const md5 = digest("md5");
/** Digest of a file. */
export const sha1 = digest("sha1");
/** Digest of a file. */
export const sha256 = digest("sha256");
