import { PACK_PARAMETERS, UNPACK_PARAMETERS, pack, unpack } from "./archives.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Files into a tar. */
export const tar = step({
  name: "tar",
  doc: "Packs files of the workspace into a tar file, with gzip unless told otherwise.",
  parameters: [
    required("file", "string", "The tar file to write."),
    ...PACK_PARAMETERS,
    optional("compress", "boolean", "Pack it with gzip.", true),
  ],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    return yield* pack(call, "file", call.args.flag("compress") ? "tgz" : "tar");
  },
});

/** Files out of a tar. */
export const untar = step({
  name: "untar",
  doc: "Unpacks a tar file of the workspace, packed with gzip or not.",
  parameters: [
    required("file", "string", "The tar file."),
    ...UNPACK_PARAMETERS,
    optional("keepPermissions", "boolean", "Executable files stay so anyway.", true),
  ],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    return yield* unpack(call, "file", "tar");
  },
});
