import { z } from "zod";

/** Names of changes from outside begin with this: they wait among themselves. */
export const UNTRUSTED_PREFIX = "untrusted ";

/** A resource by its name, or so many of several; `as` is what a person reads of it. */
export type LockWish =
  | string
  | { readonly any: readonly string[]; readonly take: number; readonly as: string };

const Wishes = z.array(
  z.union([z.string(), z.object({ any: z.array(z.string()), take: z.int(), as: z.string() })]),
);

/** What a row of `locks` asks for. */
export function readWishes(text: string): LockWish[] {
  return Wishes.parse(JSON.parse(text));
}

/** Every name that may be taken for it, in the order asked for. */
export function namesOf(wishes: readonly LockWish[]): string[] {
  return wishes.flatMap((wish) => (typeof wish === "string" ? [wish] : wish.any));
}

/** What it waits for, in words. */
export function wordsOf(wishes: readonly LockWish[]): string[] {
  return wishes.map((wish) => (typeof wish === "string" ? wish : wish.as));
}

/** The names to take where all wishes can be had at once; null where not. Each name is given out once. */
export function choose(wishes: readonly LockWish[], taken: ReadonlySet<string>): string[] | null {
  const chosen = new Set<string>();
  for (const wish of wishes)
    if (typeof wish === "string") {
      if (taken.has(wish)) return null;
      chosen.add(wish);
    }
  for (const wish of wishes) {
    if (typeof wish === "string") continue;
    const free = wish.any.filter((name) => !taken.has(name) && !chosen.has(name)).slice(0, wish.take);
    if (free.length < wish.take) return null;
    for (const name of free) chosen.add(name);
  }
  return [...chosen];
}
