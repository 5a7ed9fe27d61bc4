import { createHash } from "node:crypto";
import type { Stored } from "../ports.ts";

/** A secret value and the name of its binding. */
export type Needle = { readonly value: string; readonly name: string };

/**
 * First 16 bytes of SHA-256, in hex, over name and arguments in canonical JSON. Secret values are replaced by the name
 * of their binding, so that the hash tells nothing of them and stays the same when a secret is rotated.
 */
export function argsHash(name: string, args: Stored, needles: readonly Needle[]): string {
  const text = canonical([name, replaceSecrets(args, needles)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function replaceSecrets(stored: Stored, needles: readonly Needle[]): Stored {
  if (typeof stored === "string") return replaceAll(stored, needles);
  if (stored === null || typeof stored !== "object") return stored;
  if (Array.isArray(stored)) return stored.map((item: Stored) => replaceSecrets(item, needles));
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => [key, replaceSecrets(value, needles)]),
  );
}

/** The text with each secret replaced by `<name>`. */
export function replaceAll(text: string, needles: readonly Needle[], by?: string): string {
  let result = text;
  for (const needle of needles)
    if (needle.value !== "") result = result.replaceAll(needle.value, () => by ?? `<${needle.name}>`);
  return result;
}

/** JSON with the keys of objects in order, so that equal values have one text. */
export function canonical(stored: Stored): string {
  if (stored === null || typeof stored !== "object") return JSON.stringify(stored);
  if (Array.isArray(stored)) return `[${stored.map((item: Stored) => canonical(item)).join()}]`;
  const entries = Object.entries(stored).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join()}}`;
}
