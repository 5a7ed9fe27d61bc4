import { useEffect, type RefObject } from "react";

/** What a reader does to move about by themselves. */
const MOVEMENTS = ["wheel", "touchmove", "mousedown", "keydown"] as const;

/**
 * Brings an element into view once something in it is linked to, and keeps it there while what stands above is still
 * being filled, until the reader moves by themselves.
 */
export function useArrival(element: RefObject<HTMLElement | null>, isLinked: boolean): void {
  useEffect(() => {
    const arrived = element.current;
    if (!isLinked || arrived === null) return undefined;
    const bring = (): void => arrived.scrollIntoView({ block: "start" });
    const observer = new ResizeObserver(bring);
    const leave = (): void => {
      observer.disconnect();
      for (const movement of MOVEMENTS) window.removeEventListener(movement, leave);
    };
    bring();
    observer.observe(arrived.closest("main") ?? document.body);
    for (const movement of MOVEMENTS) window.addEventListener(movement, leave, { passive: true });
    return leave;
  }, [element, isLinked]);
}
