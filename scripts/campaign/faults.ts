import type { Fault } from "./fault.ts";
import { CLOCK_FAULTS, clockItem } from "./faults/clock.ts";
import { DISK_FAULTS } from "./faults/disk.ts";
import { faultPointFaults, faultPoints } from "./faults/fault-points.ts";
import { KILL_FAULTS } from "./faults/kills.ts";
import { LINE_FAULTS } from "./faults/lines.ts";
import { LONG_FAULTS } from "./faults/long.ts";
import { RUNNER_ENGINE_FAULTS } from "./faults/runner-engine.ts";
import { SWARM_ENGINE_FAULTS } from "./faults/swarm-engine.ts";

/** Points that are passed while builds run; the others belong to people's settings and to upkeep. */
const PASSED =
  /^(?:builds|deployments|notifications|runners|outbox|queue|mail|chat|swarm|docker)\.|^recordDelivery$/u;

/** All ways in which a campaign in `folder` strikes; those that take minutes only where asked for. */
export async function allFaults(folder: string, isLong: boolean): Promise<Fault[]> {
  const points = (await faultPoints()).filter((point) => PASSED.test(point));
  return [
    ...KILL_FAULTS,
    ...LINE_FAULTS,
    ...RUNNER_ENGINE_FAULTS,
    ...SWARM_ENGINE_FAULTS,
    ...DISK_FAULTS,
    ...CLOCK_FAULTS,
    ...(isLong ? LONG_FAULTS : []),
    ...faultPointFaults({
      points,
      isRunners: (point) => point.startsWith("docker."),
      kept: clockItem(folder),
    }),
  ];
}
