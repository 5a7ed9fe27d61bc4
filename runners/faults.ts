import { writeSync } from "node:fs";

/**
 * Points at which a test may kill the process or lose an answer: around each call to the outside and each commit. Inert
 * without `SLUICE_FAULT`. `Point` is the list of those that a room has, so that none is passed that no list names.
 */
export interface Faults<Point extends string = string> {
  /** To be called just before `point` takes effect. */
  before(point: Point): void;
  /** To be called just after `point` has taken effect. @throws {LostAnswer} where asked for, or the caller's own error. */
  after(point: Point): void;
  /** `call` between both. @throws {LostAnswer} where asked for, after `call` has succeeded. */
  around<T>(point: Point, call: () => Promise<T>): Promise<T>;
}

/** What a caller sees whose call took effect and whose answer was lost: as from a connection that fell silent. */
export class LostAnswer extends Error {
  override readonly name = "LostAnswer";
  readonly code = "ETIMEDOUT";

  constructor(point: string) {
    super(`fault at ${point}: it was done, but the answer was lost`);
  }
}

interface Fault {
  point: string;
  moment: "before" | "after" | "after-but-error";
  left: number; // passes until it fires
}

const CLOCK = "clock=";
const FORM = /^([A-Za-z][\w.-]*):(before|after|after-but-error)(?::([1-9]\d*))?$/;

/** Where nothing is to fail. */
export const NO_FAULTS: Faults = {
  before: () => {},
  after: () => {},
  around: async (_point, call) => await call(),
};

/**
 * Reads `SLUICE_FAULT`: `point:before`, `point:after` (SIGKILL to ourselves) or `point:after-but-error` (the caller is
 * told that the outcome is unknown, by the error of `lost`), each with an optional `:n` for the n-th pass; several are
 * parted by commas.
 * @throws {Error} in production, or where the value cannot be read.
 */
export function faultsFrom(
  env: { readonly [name: string]: string | undefined },
  lost: (point: string) => Error = (point) => new LostAnswer(point),
): Faults {
  const faults = readFaults(env);
  if (faults.length === 0) return NO_FAULTS;
  const before = (point: string): void => {
    if (fires(faults, point, "before")) die(`before ${point}`);
  };
  const after = (point: string): void => {
    if (fires(faults, point, "after")) die(`after ${point}`);
    if (fires(faults, point, "after-but-error")) throw lost(point);
  };
  return {
    before,
    after,
    around: async (point, call) => {
      before(point);
      const answer = await call();
      after(point);
      return answer;
    },
  };
}

/**
 * The file that `SLUICE_FAULT` names by `clock=FILE`: by as many milliseconds as it holds the clock is moved, while it
 * runs too. Nothing else is a fault by that.
 */
export function movedClockIn(env: { readonly [name: string]: string | undefined }): string | undefined {
  return itemsIn(env)
    .find((item) => item.startsWith(CLOCK))
    ?.slice(CLOCK.length);
}

/** The points that `SLUICE_FAULT` names. @throws {Error} in production, or where the value cannot be read. */
export function faultPointsIn(env: { readonly [name: string]: string | undefined }): string[] {
  return readFaults(env).map((fault) => fault.point);
}

function readFaults(env: { readonly [name: string]: string | undefined }): Fault[] {
  return itemsIn(env)
    .filter((item) => !item.startsWith(CLOCK))
    .map(parseFault);
}

function itemsIn(env: { readonly [name: string]: string | undefined }): string[] {
  const text = env["SLUICE_FAULT"];
  if (text === undefined || text === "") return [];
  if (env["NODE_ENV"] === "production") {
    throw new Error("it is for tests and is refused while NODE_ENV is production: unset it");
  }
  return text.split(",");
}

function parseFault(text: string): Fault {
  const [, point, moment, passes] = FORM.exec(text) ?? [];
  if (point === undefined || (moment !== "before" && moment !== "after" && moment !== "after-but-error")) {
    throw new Error(`"${text}" is not point:before|after|after-but-error[:n]`);
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

// Nothing may run after this, not even what other threads have queued: the kernel ends us within the call. The word is
// written past every stream, which would not get to it.
function die(moment: string): void {
  writeSync(2, `SLUICE_FAULT: killed ${moment}\n`);
  process.kill(process.pid, "SIGKILL");
}
