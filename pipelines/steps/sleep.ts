import { optional, required } from "./signature.ts";
import { step } from "./step.ts";
import { duration, inMilliseconds, TIME_UNITS } from "./timeout.ts";

/** A pause. */
export const sleep = step({
  name: "sleep",
  doc: "Waits. It holds the agent it is in.",
  parameters: [
    required("time", "int", "How long."),
    optional("unit", { oneOf: TIME_UNITS }, "Unit of the time.", "SECONDS"),
  ],
  positional: "time",
  block: "none",
  needsAgent: false,
  kind: "timer",
  policy: "reattach",
  *behave(call) {
    const afterMs = inMilliseconds(call.args.int("time"), call.args.text("unit"));
    call.label(duration(afterMs));
    call.print(`Sleeping for ${duration(afterMs)}`);
    yield* call.effect({ kind: "timer", afterMs, activity: false });
    return null;
  },
});
