import type { MemoryUse } from "./protocol.ts";

const MEBIBYTE = 1024 * 1024;

/** What is said of processes that the kernel killed because their container's memory ran out. */
export function killedText(processes: number, memory: MemoryUse | null): string {
  const what = processes === 1 ? "a process" : `${String(processes)} processes`;
  return `the container ran out of memory, and the kernel killed ${what} of it${useText(memory)}`;
}

/** Limit and peak in brackets, as far as they are known. */
export function useText(memory: MemoryUse | null): string {
  const parts = [partOf("limit", memory?.limitBytes), partOf("peak", memory?.peakBytes)];
  const known = parts.filter((part) => part !== "");
  return known.length === 0 ? "" : ` (${known.join(", ")})`;
}

function partOf(word: string, bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "";
  return `${word} ${(bytes / MEBIBYTE).toFixed(bytes % MEBIBYTE === 0 ? 0 : 1)} MiB`;
}
