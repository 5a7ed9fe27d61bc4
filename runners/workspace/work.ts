import type { RunnerContext } from "../context.ts";
import type { Caller } from "../link.ts";
import type { SessionSecrets } from "../session-secrets.ts";
import type { Slot } from "./slots.ts";

/** What file, blob and image commands are given of their session. */
export interface Work {
  readonly context: RunnerContext;
  readonly caller: Caller;
  readonly slot: Slot;
  /** The session's own folder: for temporary files of ours. */
  readonly folder: string;
  readonly secrets: SessionSecrets;
  readonly untrusted: boolean;
  readonly build: string;
  /** Whose files are made: the main container's user, null before there is one. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly signal: AbortSignal;
}

/** The same for commands that have a log. */
export interface SayingWork extends Work {
  readonly say: (text: string) => void;
}
