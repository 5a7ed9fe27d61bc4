import { PACK_PARAMETERS, UNPACK_PARAMETERS, pack, unpack } from "./archives.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Files into a zip. */
export const zip = step({
  name: "zip",
  doc: "Packs files of the workspace into a zip file. The image needs no zip for it.",
  parameters: [required("zipFile", "string", "The zip file to write."), ...PACK_PARAMETERS],
  positional: "zipFile",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    return yield* pack(call, "zipFile", "zip");
  },
});

/** Files out of a zip. */
export const unzip = step({
  name: "unzip",
  doc: "Unpacks a zip file of the workspace, or gives the texts in it as a map by name.",
  parameters: [
    required("zipFile", "string", "The zip file."),
    ...UNPACK_PARAMETERS,
    optional("read", "boolean", "Give the texts, up to 16 MiB together, and write nothing.", false),
  ],
  positional: "zipFile",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    return yield* unpack(call, "zipFile", "zip", call.args.flag("read"));
  },
});
