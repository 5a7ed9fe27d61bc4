import type { Turns } from "./run-build.ts";

/** Lets works of one name happen one after another, in the order of their coming. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(
      name,
      mine.catch(() => {}),
    );
    return await mine;
  };
}
