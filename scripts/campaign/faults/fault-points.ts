import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { Fault, Part, World } from "../fault.ts";
import type { Random } from "../random.ts";

const SLUICE = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));
/** A point that nothing passes meanwhile is given up. */
const PATIENCE_MS = 12_000;
const LOOK_MS = 100;
const MOMENTS = ["before", "after", "after-but-error"] as const;

/** The points that this version has, as `doctor` lists them. */
export async function faultPoints(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [SLUICE, "doctor", "--fault-points"]);
  return stdout.split("\n").flatMap((line) => /^[A-Za-z][\w.-]*/u.exec(line)?.[0] ?? []);
}

/**
 * Deaths and lost answers at exact places: a program is started again with `SLUICE_FAULT`, and once more without it when
 * it has died there. `isRunners` tells which points a runner passes; `kept` is what SLUICE_FAULT holds all the time.
 */
export function faultPointFaults(options: {
  readonly points: readonly string[];
  readonly isRunners: (point: string) => boolean;
  readonly kept?: string;
}): Fault[] {
  const of = (
    name: string,
    points: readonly string[],
    partsOf: (world: World) => readonly Part[],
  ): Fault => ({
    name: `a fault point of the ${name}`,
    weight: 10,
    touches: [name === "server" ? "server" : "runner"],
    // A build under which the server dies three times in a row is given up, so that the others go on.
    permits: name === "server" ? ["internal_error"] : [],
    possible: (world) => points.length > 0 && partsOf(world).length > 0,
    inject: async (world, random) => {
      const part = random.pick(partsOf(world));
      return `${part.name}: ${await passPoint(part, drawFault(points, random), options.kept)}`;
    },
  });
  return [
    of(
      "server",
      options.points.filter((point) => !options.isRunners(point)),
      ({ server }) => [server],
    ),
    of("runner", options.points.filter(options.isRunners), ({ runners }) => runners),
  ];
}

function drawFault(points: readonly string[], random: Random): string {
  return `${random.pick(points)}:${random.pick(MOMENTS)}:${random.between(1, 3)}`;
}

async function passPoint(part: Part, fault: string, kept: string | undefined): Promise<string> {
  const value = kept === undefined ? fault : `${kept},${fault}`;
  await part.kill();
  let diedEarly = false;
  // At a point that is passed at each start it never comes to answer.
  await part.start({ SLUICE_FAULT: value }).catch(() => (diedEarly = true));
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  while (part.isRunning() && performance.now() < giveUpAtMs) await pause(LOOK_MS);
  const died = diedEarly || !part.isRunning();
  if (part.isRunning()) await part.kill();
  await part.start();
  return `${fault}, ${died ? "died there" : "lived on"}`;
}
