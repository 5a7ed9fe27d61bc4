import type { FailureCode, Failure, Fault } from "./protocol.ts";

/** Something that a person must be told of: thrown on the way to a command's outcome. Anything else thrown is our own bug. */
export class RunnerFailure extends Error {
  readonly code: FailureCode;
  readonly fault: Fault;

  constructor(code: FailureCode, fault: Fault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "RunnerFailure";
    this.code = code;
    this.fault = fault;
  }
}

/** What a command answers for whatever was thrown. A bug of ours keeps its message: the runner's own log has the stack. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof RunnerFailure) {
    return { code: thrown.code, message: thrown.message, fault: thrown.fault };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: codeOf(thrown) === "ENOSPC" ? "no_space" : "internal", message, fault: "sluice" };
}

/** The system's code (`ENOENT`, `ENXIO` …) of an error, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
