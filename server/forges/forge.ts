import type { ForgeType, TriggerEvent } from "./trigger-event.ts";

/** What people see of a build at a commit. `error` is a failure of ours. */
export type CommitState =
  | "queued"
  | "running"
  | "waiting"
  | "succeeded"
  | "unstable"
  | "failed"
  | "error"
  | "aborted"
  | "not_built";

/** One status at a commit. `context` is stable for a kind of build, because branch protection lists it by name. */
export interface CommitStatus {
  readonly repo: string;
  readonly sha: string;
  readonly ref: string;
  readonly context: string;
  readonly state: CommitState;
  readonly description: string;
  readonly url: string;
}

/** User name and password for cloning over HTTP. */
export interface CloneCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * A forge with a token of one project. Calls are made one by one and never repeated inside: whoever calls decides on
 * repeats by the error. No credential ever stands in an error, a log or an address.
 */
export interface Forge {
  readonly type: ForgeType;
  /** Null: cloning asks for nothing. */
  cloneCredentials(): CloneCredentials | null;
  /**
   * Whether the author and the sender of a change request may write to the base repository, as the forge says by their
   * accounts; a fork is never trusted. What the forge does not say is not trusted.
   * @throws {ForgeError}
   */
  trust(event: TriggerEvent, signal: AbortSignal): Promise<"trusted" | "untrusted">;
  /** Whether statuses can be set at all: a plain repository has none. */
  readonly hasStatuses: boolean;
  /** Sets a status; the same one twice is no error. @throws {ForgeError} */
  setStatus(status: CommitStatus, signal: AbortSignal): Promise<void>;
}

/** Cuts a text to so many characters, never in the middle of one. */
export function cut(text: string, max: number): string {
  const points = Array.from(text);
  return points.length <= max ? text : `${points.slice(0, max - 1).join("")}…`;
}
