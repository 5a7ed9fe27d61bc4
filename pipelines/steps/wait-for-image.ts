import { toValue } from "../engine/convert.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Waits until a registry has an image. */
export const waitForImage = step({
  name: "waitForImage",
  doc: "Waits until an image with this tag was pushed to a registry that Sluice hears of; gives it with its digest.",
  parameters: [
    required("image", "string", "Repository, as in the project's images."),
    required("tag", "string", "The tag."),
    optional("timeout", "int", "Minutes.", 60),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "signal",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    call.label(`${args.text("image")}:${args.text("tag")}`);
    const found = yield* call.effect({
      kind: "signal",
      op: "image",
      image: args.text("image"),
      tag: args.text("tag"),
      timeoutMs: args.int("timeout") * 60_000,
    });
    return toValue(found);
  },
});
