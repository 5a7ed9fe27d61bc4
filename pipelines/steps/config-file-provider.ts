import type { WantedSecret } from "../ports.ts";
import { bindSecrets } from "../engine/credentials.ts";
import { Description } from "../engine/objects/description.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Files kept on the server: here they are secrets of type file. */
export const configFileProvider = step({
  name: "configFileProvider",
  doc: "Puts files kept as secrets of type file beside the workspace and their paths into variables.",
  parameters: [required("fileList", "list", "configFile(fileId: …, variable: …).")],
  positional: "fileList",
  block: "required",
  needsAgent: true,
  kind: "read",
  policy: "repeat",
  *behave(call) {
    const wanted = call.args.list("fileList").map((value): WantedSecret => {
      if (!(value instanceof Description))
        return call.refuse("each file is configFile(fileId: …, variable: …)");
      const text = (name: string): string => call.run.textOf(value.field(name) ?? "");
      if (text("variable") === "")
        return call.refuse(
          `configFile(fileId: '${text("fileId")}') lacks variable; targetLocation is not available, copy the file by sh`,
        );
      return { secret: text("fileId"), kind: "file", variables: { file: text("variable") } };
    });
    return yield* call.body(yield* bindSecrets(call.run, wanted, call.site));
  },
});
