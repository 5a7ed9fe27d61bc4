import { LimitError } from "../interpreter/limits.ts";
import { ThrownValue } from "../interpreter/thrown.ts";
import type { BuildEnd, Result, StoredError } from "../ports.ts";
import { worst } from "./build-state.ts";
import type { Run } from "./build.ts";
import { storedErrorOf } from "./convert.ts";
import { ABORT } from "./stored-errors.ts";

/** How the build ends: its result, and whose fault it is when it is not good. */
export function endOf(run: Run, error: unknown): BuildEnd {
  const stored = storedErrorOf(error);
  const own: Result | null = error === null ? null : (stored?.result ?? "FAILURE");
  const result = worst(run.build.result, own);
  const span = error instanceof ThrownValue ? (error.site?.span ?? null) : null;
  if (result === "SUCCESS") return { result, reason: null, span: null };
  if (error === null)
    return {
      result,
      reason: { code: "result", fault: "command", text: `the build was marked ${result}` },
      span,
    };
  return { result, reason: reasonOf(error, stored), span };
}

function reasonOf(error: unknown, stored: StoredError | undefined): NonNullable<BuildEnd["reason"]> {
  if (error instanceof LimitError) return { code: "limit", fault: "file", text: error.message };
  if (stored === undefined)
    return {
      code: "internal",
      fault: "sluice",
      text: error instanceof Error ? error.message : "unknown error",
    };
  const text = stored.causes[0]?.text ?? stored.message;
  if (stored.code !== undefined)
    return {
      code: stored.code,
      fault: stored.fault ?? "command",
      text: stored.message === "" ? text : stored.message,
    };
  if (stored.result !== undefined) return interrupted(stored, text);
  if (stored.exit !== undefined) return { code: "exit", fault: "command", text: stored.message };
  if (stored.class === ABORT)
    return { code: "error", fault: stored.fault ?? "command", text: stored.message };
  return { code: "script", fault: "file", text: `${stored.class}: ${stored.message}` };
}

function interrupted(stored: StoredError, text: string): NonNullable<BuildEnd["reason"]> {
  const kind = stored.causes[0]?.kind;
  if (kind === "ExceededTimeout") return { code: "timeout", fault: "command", text };
  if (kind === "DownstreamFailure") return { code: "downstream", fault: "command", text };
  if (stored.result === "NOT_BUILT") return { code: "superseded", fault: stored.fault ?? "person", text };
  return { code: "aborted", fault: stored.fault ?? "person", text };
}
