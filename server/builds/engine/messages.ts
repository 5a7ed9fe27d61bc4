import type { Head, Outcome, Turn } from "../../../pipelines/ports.ts";

/** What the server says to a thread of engines. */
export type ToWorker =
  | { readonly kind: "load"; readonly build: number; readonly head: Head }
  | { readonly kind: "turn"; readonly build: number; readonly outcome?: Outcome }
  | { readonly kind: "drop"; readonly build: number };

/** What the thread answers; each load and turn has exactly one answer. */
export type FromWorker =
  | { readonly kind: "loaded"; readonly build: number }
  | { readonly kind: "turned"; readonly build: number; readonly turn: Turn }
  | { readonly kind: "failed"; readonly build: number; readonly message: string };
