import { isPermitted } from "./checks/builds.ts";
import { recoveryLines } from "./recovery.ts";
import type { Outcome } from "./campaign.ts";

/** What a campaign did, as lines for people. */
export function report({ runs, striker, quietPeriods, recovery, deploys }: Outcome): string[] {
  const ends = countBy(runs, ({ shape, build }) => `${shape} ${build?.state ?? "lost"}`);
  const faults = countBy(striker.struck, ({ fault }) => fault.name);
  const permitted = runs.filter((run) => !run.asExpected && isPermitted(run, striker.struck));
  return [
    `${runs.length} builds, ${striker.struck.length} faults, ${quietPeriods} quiet periods`,
    "builds by kind and end:",
    ...ends.map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`),
    "faults:",
    ...faults.map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`),
    `failed by Sluice's fault as the rules permit: ${permitted.length}${permitted.map(({ build }) => ` ${build?.reason?.code}`).join("")}`,
    `${deploys} approved deployments, each written once`,
    ...recoveryLines(recovery),
  ];
}

function countBy<T>(all: readonly T[], nameOf: (one: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
  return [...counts].toSorted(([one], [other]) => one.localeCompare(other));
}
