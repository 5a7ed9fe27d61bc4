import { optional } from "./signature.ts";
import { step } from "./step.ts";
import { duration } from "./timeout.ts";

const LONGEST_MS = 15_000;

/** Repeats a block until it says true. */
export const waitUntil = step({
  name: "waitUntil",
  doc: "Runs the block again and again, with pauses that grow to 15 s, until it gives true.",
  parameters: [
    optional("initialRecurrencePeriod", "long", "First pause, in milliseconds.", 250),
    optional("quiet", "boolean", "Do not log each attempt.", false),
  ],
  positional: null,
  block: "required",
  needsAgent: false,
  kind: "timer",
  policy: "reattach",
  *behave(call) {
    let pauseMs = Math.min(Math.max(1, call.args.int("initialRecurrencePeriod")), LONGEST_MS);
    for (;;) {
      const value = yield* call.body();
      if (typeof value !== "boolean")
        return call.refuse(`body must return a Boolean, and gave ${call.run.textOf(value)}`);
      if (value) return null;
      if (!call.args.flag("quiet")) call.run.print(`Will try again after ${duration(pauseMs)}`);
      yield* call.effect({ kind: "timer", afterMs: pauseMs, activity: false });
      pauseMs = Math.min(Math.round(pauseMs * 1.2), LONGEST_MS);
    }
  },
});
