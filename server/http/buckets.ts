/** Token buckets by name: each holds `size` and fills again within `refillMs`. In memory: a restart forgives. */
export interface Buckets {
  /** Takes one; false when there was none left. */
  take(name: string): boolean;
  isEmpty(name: string): boolean;
  /** Seconds until one is there again. */
  waitSeconds(name: string): number;
}

const MAX_NAMES = 50_000;

/** Makes a family of buckets on a clock. */
export function createBuckets(options: {
  size: number;
  refillMs: number;
  clock: { nowMs(): number };
}): Buckets {
  const levels = new Map<string, { level: number; atMs: number }>();
  const perMs = options.size / options.refillMs;
  return {
    take: (name) => {
      const level = levelOf(name);
      if (level < 1) return false;
      if (levels.size >= MAX_NAMES) forgetFull();
      levels.set(name, { level: level - 1, atMs: options.clock.nowMs() });
      return true;
    },
    isEmpty: (name) => levelOf(name) < 1,
    waitSeconds: (name) => Math.max(1, Math.ceil((1 - levelOf(name)) / perMs / 1000)),
  };

  function levelOf(name: string): number {
    const held = levels.get(name);
    if (held === undefined) return options.size;
    const nowMs = options.clock.nowMs();
    // After a step back of the clock it fills again from now, not from when that time comes again.
    held.atMs = Math.min(held.atMs, nowMs);
    return Math.min(options.size, held.level + (nowMs - held.atMs) * perMs);
  }

  function forgetFull(): void {
    for (const name of levels.keys()) if (levelOf(name) >= options.size) levels.delete(name);
    if (levels.size >= MAX_NAMES) levels.clear();
  }
}
