import type { Eval } from "../frame.ts";
import type { Place } from "./scope.ts";

/** Reads a place. */
export function readPlace(place: Place): Eval {
  if (place.in === "frame") {
    const { slot } = place;
    return (frame) => frame.refs[slot]?.value ?? null;
  }
  const { index } = place;
  return (frame) => frame.captured[index]?.value ?? null;
}
