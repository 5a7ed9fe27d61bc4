import { Builds } from "../../../server/http/contract/builds.ts";
import type { Person } from "../person.ts";
import { CLOCKWORK } from "../settings.ts";
import type { Struck } from "../strike.ts";

const MINUTE_MS = 60_000;
/** A page of builds is more than an hour of them; older ones were looked at before. */
const LOOKED_AT = 100;
/** A build of the last moment may be under way. */
const FRESH_MS = 30_000;

/** What the clock has started ended well, and no minute has started two, unless the clock itself was moved. */
export async function checkClockwork(person: Person, struck: readonly Struck[]): Promise<string[]> {
  const { items } = await person.read(Builds, `/projects/${CLOCKWORK}/builds?limit=${LOOKED_AT}`);
  const wrong: string[] = [];
  const minutes = new Set<number>();
  const wasMoved = struck.some(({ fault }) => fault.touches.includes("clock"));
  for (const build of items.filter(({ trigger }) => trigger === "cron")) {
    const isOpen = build.endedAtMs === null;
    if (isOpen ? build.createdAtMs < Date.now() - FRESH_MS && !wasMoved : build.state !== "succeeded")
      wrong.push(
        `${CLOCKWORK} #${build.number}, started by the clock, is ${build.state} ${build.reason?.text ?? ""}`,
      );
    const minute = Math.floor(build.createdAtMs / MINUTE_MS);
    if (minutes.has(minute) && !wasMoved)
      wrong.push(`${CLOCKWORK} #${build.number} is the second of its minute`);
    minutes.add(minute);
  }
  return wrong;
}
