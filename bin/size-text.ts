const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes as people read it: `2.1 GiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit] ?? ""}`;
}
