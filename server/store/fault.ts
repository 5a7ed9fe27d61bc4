import { StoreError } from "./errors.ts";

/**
 * Points at which a test may kill the process or lose an answer. Inert without `SLUICE_FAULT`.
 * Every procedure has a point of its name around its commit; other rooms may name more.
 */
export interface Faults {
  /** To be called just before `point` takes effect. */
  before(point: string): void;
  /** To be called just after `point` has taken effect. @throws {StoreError} `outcome_unknown` where asked for. */
  after(point: string): void;
}

interface Fault {
  point: string;
  moment: "before" | "after" | "after-but-error";
  left: number; // passes until it fires
}

const FORM = /^([A-Za-z][\w.-]*):(before|after|after-but-error)(?::([1-9]\d*))?$/;

/**
 * Reads `SLUICE_FAULT`: `point:before`, `point:after` (SIGKILL to ourselves) or `point:after-but-error` (the caller is
 * told that the outcome is unknown), each with an optional `:n` for the n-th pass; several are parted by commas.
 * @throws {Error} in production, or where the value cannot be read.
 */
export function faultsFrom(env: { [name: string]: string | undefined }): Faults {
  const text = env["SLUICE_FAULT"];
  if (text === undefined || text === "") return { before: () => {}, after: () => {} };
  if (env["NODE_ENV"] === "production") {
    throw new Error("SLUICE_FAULT is for tests and is refused while NODE_ENV is production: unset it");
  }
  const faults = text.split(",").map(parseFault);
  return {
    before: (point) => {
      if (fires(faults, point, "before")) die();
    },
    after: (point) => {
      if (fires(faults, point, "after")) die();
      if (fires(faults, point, "after-but-error")) {
        throw new StoreError("outcome_unknown", `fault at ${point}: committed, but the answer was lost`);
      }
    },
  };
}

function parseFault(text: string): Fault {
  const [, point, moment, passes] = FORM.exec(text) ?? [];
  if (point === undefined || (moment !== "before" && moment !== "after" && moment !== "after-but-error")) {
    throw new Error(`SLUICE_FAULT: "${text}" is not point:before|after|after-but-error[:n]`);
  }
  return { point, moment, left: Number(passes ?? "1") };
}

function fires(faults: readonly Fault[], point: string, moment: Fault["moment"]): boolean {
  for (const fault of faults) {
    if (fault.point !== point || fault.moment !== moment || fault.left === 0) continue;
    fault.left -= 1;
    if (fault.left === 0) return true;
  }
  return false;
}

// Nothing may run after this, not even what other threads have queued: the kernel ends us within the call.
function die(): void {
  process.kill(process.pid, "SIGKILL");
}
