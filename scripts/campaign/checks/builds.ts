import type { BuildRun } from "../run-build.ts";
import type { Fault } from "../fault.ts";
import type { Struck } from "../strike.ts";

/** How long after a fault was undone its consequences may still come: a runner is given up, an upload tried again. */
const AFTERMATH_MS = 90_000;

/** What is wrong with builds that have settled: an end that neither file nor people nor a fault explains, and worse. */
export function checkBuilds(runs: readonly BuildRun[], struck: readonly Struck[]): string[] {
  return runs.flatMap((run) => {
    const wrong = run.wrong.map((text) => `${nameOf(run)}: ${text}`);
    if (run.build === undefined) return [...wrong, `${nameOf(run)}: there is no build of it`];
    if (run.endedAtMs === undefined) return [...wrong, `${nameOf(run)}: it has not ended`];
    if (run.saysLost && !struck.some((one) => isFullDisk(one.fault) && isAround(one, run)))
      wrong.push(`${nameOf(run)}: output was lost, and no runner's disk was full`);
    if (run.asExpected || isPermitted(run, struck)) return wrong;
    const { state, reason } = run.build;
    const { expected } = run;
    return [
      ...wrong,
      `${nameOf(run)}: it is ${state} (${reason?.fault} ${reason?.code}: ${reason?.text}), and was to be ${expected.state}${expected.fault === undefined ? "" : ` by ${expected.fault}`}`,
    ];
  });
}

/** Whether it ended for a reason that a fault of its time permits. */
export function isPermitted(run: BuildRun, struck: readonly Struck[]): boolean {
  const { reason } = run.build ?? {};
  if (reason === null || reason === undefined) return false;
  return struck.some((one) => one.fault.permits.includes(reason.code) && isAround(one, run));
}

/** Whether a fault, or what it has left behind, was there while a build was. */
function isAround({ fromMs, toMs }: Struck, { pushedAtMs, endedAtMs }: BuildRun): boolean {
  return fromMs <= (endedAtMs ?? Date.now()) && toMs + AFTERMATH_MS >= pushedAtMs;
}

function isFullDisk({ touches }: Fault): boolean {
  return touches.includes("disk") && touches.includes("runner");
}

/** A build as people find it again. */
export function nameOf({ name, order, build }: BuildRun): string {
  return build === undefined
    ? `${name} (${order.project})`
    : `${name} (${order.project} #${build.number}, b${build.id})`;
}
