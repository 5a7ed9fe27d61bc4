const STEP = 1024;
const NAMES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A size in the largest unit that leaves it at least one: `96 KiB`, `1.2 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < NAMES.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${NAMES[unit] ?? "B"}`;
}
