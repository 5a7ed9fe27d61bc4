import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** Variables for a block. */
export const withEnv = step({
  name: "withEnv",
  doc: "Sets environment variables for the block. `PATH+X=/dir` puts a directory in front of PATH, `X=` takes X away.",
  parameters: [optional("overrides", "list", "Texts of the form NAME=value.")],
  positional: "overrides",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const values = new Map<string, string>();
    for (const text of call.args.texts("overrides")) {
      const at = text.indexOf("=");
      if (at < 1) call.refuse(`"${text}" is not of the form NAME=value`);
      const name = text.slice(0, at);
      values.set(
        name,
        expand(text.slice(at + 1), (other) => call.run.environment().get(other)?.value),
      );
    }
    const layer = { parent: call.run.context.layers, values, isSecret: false };
    return yield* call.body({ layers: layer });
  },
});

/** `$X` and `${X}` of known variables are replaced, as Jenkins does; others stay. */
function expand(text: string, read: (name: string) => string | undefined): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      return read(braced ?? bare ?? "") ?? whole;
    },
  );
}
