import { interruption } from "../engine/stored-errors.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  NANOSECONDS: 1e-6,
  MICROSECONDS: 1e-3,
  MILLISECONDS: 1,
  SECONDS: 1000,
  MINUTES: 60_000,
  HOURS: 3_600_000,
  DAYS: 86_400_000,
};

/** Words for a unit of time, as Java's TimeUnit has them. */
export const TIME_UNITS = [
  "NANOSECONDS",
  "MICROSECONDS",
  "MILLISECONDS",
  "SECONDS",
  "MINUTES",
  "HOURS",
  "DAYS",
] as const;

/** Milliseconds of an amount; an unknown unit counts as minutes, as in Jenkins' default. */
export function inMilliseconds(amount: number, unit: string): number {
  return Math.round(amount * (UNIT_MS[unit.toUpperCase()] ?? 60_000));
}

/** A limit for a block. */
export const timeout = step({
  name: "timeout",
  doc: "Interrupts the block when it takes longer.",
  parameters: [
    required("time", "int", "How long."),
    optional("unit", { oneOf: TIME_UNITS }, "Unit of the time.", "MINUTES"),
    optional("activity", "boolean", "Count from the last output of the block, not from its start.", false),
  ],
  positional: "time",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "timer",
  policy: "reattach",
  *behave(call) {
    const { run, args } = call;
    const afterMs = inMilliseconds(args.int("time"), args.text("unit"));
    const activity = args.flag("activity");
    run.print(
      activity
        ? `Timeout set to expire after ${duration(afterMs)} without activity`
        : `Timeout set to expire in ${duration(afterMs)}`,
    );
    const spec = {
      kind: "timer" as const,
      name: "timeout",
      args: args.stored(),
      request: { kind: "timer" as const, afterMs, activity },
      policy: "reattach" as const,
      stepNo: null,
      site: call.site,
    };
    const error = {
      ...interruption("ABORTED", "Timeout has been exceeded", "ExceededTimeout"),
      code: "timeout",
      fault: "command" as const,
    };
    return yield* run.underTimer(spec, error, function* (timer) {
      try {
        return yield* call.body();
      } catch (thrown) {
        if (timer.fired) run.print("Cancelling nested steps due to timeout");
        throw thrown;
      }
    });
  },
});

/** As Jenkins writes a length of time: the two largest units, `5 min 0 sec`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} ${days === 1 ? "day" : "days"} ${hours} hr`;
  if (hours > 0) return `${hours} hr ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} sec`;
  if (seconds >= 10) return `${seconds} sec`;
  if (seconds >= 1) return `${Math.floor((ms % 60_000) / 100) / 10} sec`.replace(/\.0 sec$/, " sec");
  return `${ms} ms`;
}
