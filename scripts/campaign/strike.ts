import type { Fault, Touched, World } from "./fault.ts";
import type { Random } from "./random.ts";

/** A fault that was done, and when. */
export interface Struck {
  readonly fault: Fault;
  readonly fromMs: number;
  toMs: number;
}

/** Draws and does faults, never two at once that touch the same. */
export interface Striker {
  readonly struck: readonly Struck[];
  /** What went wrong with faults themselves: a part that did not come back. */
  readonly wrong: readonly string[];
  /** Draws one that may be done now and begins it; undefined when all that is drawn is busy. Settles when it is undone. */
  strike(): Promise<void> | undefined;
}

/** Most that are under way at once. */
const AT_ONCE = 2;

/** A striker whose choices come from `random` alone. */
export function createStriker(world: World, faults: readonly Fault[], random: Random): Striker {
  const possible = faults.filter((fault) => fault.possible(world));
  const struck: Struck[] = [];
  const wrong: string[] = [];
  const held = new Set<Touched>();
  let underWay = 0;
  const strike = (): Promise<void> | undefined => {
    const fault = random.pickByWeight(possible);
    const detail = random.branch(`${struck.length}`);
    if (underWay >= AT_ONCE || fault.touches.some((touched) => held.has(touched))) return undefined;
    for (const touched of fault.touches) held.add(touched);
    underWay += 1;
    const one: Struck = { fault, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    struck.push(one);
    world.say(`fault   ${fault.name} …`);
    return fault
      .inject(world, detail)
      .then(
        (line) => world.say(`fault   ${fault.name}: ${line}`),
        (error: unknown) => {
          wrong.push(`${fault.name}: ${String(error)}`);
          world.say(`fault   ${fault.name} could not be undone: ${String(error)}`);
        },
      )
      .finally(() => {
        one.toMs = Date.now();
        underWay -= 1;
        for (const touched of fault.touches) held.delete(touched);
      });
  };
  return { struck, wrong, strike };
}
