import type { BuildRun } from "../run-build.ts";
import type { Struck } from "../strike.ts";

/** How long after a fault was undone its consequences may still come: a runner is given up, an upload tried again. */
const AFTERMATH_MS = 90_000;

/** What is wrong with builds that have settled: an end that neither file nor people nor a fault explains, and worse. */
export function checkBuilds(runs: readonly BuildRun[], struck: readonly Struck[]): string[] {
  return runs.flatMap((run) => {
    const wrong = run.wrong.map((text) => `${nameOf(run)}: ${text}`);
    if (run.build === undefined) return [...wrong, `${nameOf(run)}: there is no build of it`];
    if (run.endedAtMs === undefined) return [...wrong, `${nameOf(run)}: it has not ended`];
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
export function isPermitted({ build, pushedAtMs, endedAtMs }: BuildRun, struck: readonly Struck[]): boolean {
  const { reason } = build ?? {};
  if (reason === null || reason === undefined) return false;
  const endMs = endedAtMs ?? Date.now();
  return struck.some(
    ({ fault, fromMs, toMs }) =>
      fault.permits.includes(reason.code) && fromMs <= endMs && toMs + AFTERMATH_MS >= pushedAtMs,
  );
}

/** A build as people find it again. */
export function nameOf({ name, order, build }: BuildRun): string {
  return build === undefined
    ? `${name} (${order.project})`
    : `${name} (${order.project} #${build.number}, b${build.id})`;
}
