import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Takes a turn in categories of which the server has only so many. */
export const throttle = step({
  name: "throttle",
  doc: "Runs the block when each of the categories has a turn left; sluice.yml says how many each has, over all projects.",
  parameters: [required("categories", "list", "Names of categories.")],
  positional: "categories",
  block: "required",
  needsAgent: false,
  kind: "lock",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const categories = args.texts("categories").map((name) => name.trim());
    if (categories.length === 0 || categories.includes(""))
      return call.refuse("categories takes names, like ['integration']");
    call.label(categories.join(", "));
    try {
      yield* call.effect({ kind: "throttle", categories: [...new Set(categories)] });
      return yield* call.body();
    } finally {
      const effect = call.lastEffect();
      if (effect !== null) run.scheduler.leave({ kind: "lock", id: effect });
    }
  },
});
