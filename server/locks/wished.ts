import type { LockRequest, ThrottleRequest } from "../../pipelines/ports.ts";
import { type LockWish, UNTRUSTED_PREFIX } from "./wish.ts";

/** What a step asks for, or why it can never have it. */
export type Wished =
  | { readonly ok: true; readonly wishes: readonly LockWish[] }
  | { readonly ok: false; readonly reason: string };

/** What a `lock` asks for: resources by name, and so many of those that carry a label. */
export function wishesOfLock(
  request: Pick<LockRequest, "resources" | "labels">,
  resourcesOf: (label: string) => readonly string[] | undefined,
  trusted: boolean,
): Wished {
  const wishes: LockWish[] = [...new Set(request.resources)].map((name) => ownName(name, trusted));
  for (const { label, quantity } of request.labels) {
    const carrying = resourcesOf(label);
    if (carrying === undefined)
      return {
        ok: false,
        reason: `The resource label does not exist: ${label}. Labels and their resources stand in sluice.yml, under resources`,
      };
    if (quantity > carrying.length)
      return {
        ok: false,
        reason: `Given amount ${quantity} is greater than amount of resources: ${carrying.length}, those of the label ${label}`,
      };
    const take = quantity === 0 ? carrying.length : quantity;
    const as = take === carrying.length ? carrying.join(", ") : `${take} of ${carrying.join(", ")}`;
    wishes.push({ any: carrying.map((name) => ownName(name, trusted)), take, as });
  }
  return { ok: true, wishes };
}

/** What a `throttle` asks for: of each category one of as many resources as it has turns. */
export function wishesOfThrottle(
  { categories }: Pick<ThrottleRequest, "categories">,
  turnsOf: (category: string) => number | undefined,
  trusted: boolean,
): Wished {
  const unknown = categories.filter((name) => turnsOf(name) === undefined);
  if (unknown.length > 0)
    return {
      ok: false,
      reason: `One or more specified categories do not exist: ${unknown.join(", ")}. Categories stand in sluice.yml, under throttle`,
    };
  const wishes = categories.map((category) => ({
    any: Array.from({ length: turnsOf(category) ?? 0 }, (_, turn) =>
      ownName(`turn ${turn + 1} of ${category}`, trusted),
    ),
    take: 1,
    as: `a turn of ${category}`,
  }));
  return { ok: true, wishes };
}

/** A change from outside cannot hold up the builds of those who may write. */
function ownName(name: string, trusted: boolean): string {
  return trusted ? name : `${UNTRUSTED_PREFIX}${name}`;
}
