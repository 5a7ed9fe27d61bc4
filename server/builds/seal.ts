import type { DataKey } from "../secrets/data-key.ts";

/** Seals what belongs to one build. Each text is bound to its place, so that rows cannot be exchanged. */
export interface BuildSeal {
  seal(place: string, text: string): Uint8Array;
  /** @throws {Error} when the bytes are not what this build sealed at this place. */
  open(place: string, sealed: Uint8Array): string;
}

/** The seal of a build with that data key. */
export function createBuildSeal(key: DataKey): BuildSeal {
  return { seal: (place, text) => key.seal(text, place), open: (place, sealed) => key.unseal(sealed, place) };
}
