/**
 * What the deployer asks of an orchestrator. A driver reads, and writes at most once per `apply` or `rollback`;
 * it never retries, never waits and never decides: repeats, limits and roll-backs belong to the deployer,
 * because only its journal knows what was sent before a crash.
 */

/** One service at one configured target. */
export interface TargetRef {
  /** Name of the target in the server's configuration. */
  readonly target: string;
  /** Name or id of the service there. */
  readonly service: string;
}

/** What a deployment wants of one service. */
export interface Desired {
  /** The marker written into the orchestrator; unique per target row and try. */
  readonly deployId: string;
  /** `name:tag@sha256:…`. */
  readonly image: string;
  /** Merged into the service's environment; null removes a variable. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly registryAuth: RegistryAuth | null;
}

/** Credentials the orchestrator's nodes need to pull; never logged, never stored in a plan. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

/** What stands at the target now: one read, no writes. */
export interface Observed {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly replicas: number | null;
  /** The deployment that wrote last, when it was one of ours. */
  readonly marker: string | null;
  /** Precondition of the next write; opaque outside its driver. */
  readonly cas: string;
  /** Hash of what a person could have changed, without what the orchestrator writes by itself. */
  readonly specHash: string;
  /** Another roll-out is in flight: its state in the orchestrator's words. */
  readonly busy: string | null;
  /** The whole description, needed to put it back. It may hold secrets: sealed wherever it is stored. */
  readonly snapshot: string;
}

/** One line of what a deployment would change. */
export interface Change {
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What would be done, bound to what was seen. */
export interface TargetPlan {
  readonly before: Observed;
  readonly changes: readonly Change[];
  /** Nothing would change: nothing may be sent. */
  readonly noop: boolean;
  readonly warnings: readonly string[];
}

/** Proof of a write that was answered, or was found to have landed. */
export interface Receipt {
  readonly deployId: string;
  readonly cas: string;
  /** The service's own id, stable over renames. */
  readonly handle: string;
}

/** How a watched roll-out ended. */
export type WatchOutcome = "succeeded" | "failed" | "rolled_back" | "superseded";

/** What `watch` reports; it ends with exactly one `end`. */
export type Progress =
  | { readonly kind: "progress"; readonly done: number; readonly total: number; readonly text: string }
  | { readonly kind: "end"; readonly outcome: WatchOutcome; readonly text: string };

/** The driver of one configured target. */
export interface Target {
  /** Reads the service. @throws {TargetError} */
  describe(ref: TargetRef, signal: AbortSignal): Promise<Observed>;
  /** Compares what is wanted with what stands; reads only. @throws {TargetError} */
  plan(ref: TargetRef, desired: Desired, signal: AbortSignal): Promise<TargetPlan>;
  /**
   * Starts the roll-out with at most one mutating call. After a crash `describe` decides whether it landed; it is
   * sent again only where it provably did not.
   * @throws {TargetError}
   */
  apply(ref: TargetRef, before: Observed, desired: Desired, signal: AbortSignal): Promise<Receipt>;
  /** Follows a roll-out until it has settled and stayed up for `soakMs`. Reads only; resumable from the receipt. */
  watch(ref: TargetRef, receipt: Receipt, options: WatchOptions): AsyncIterable<Progress>;
  /** Puts the snapshot back with a marker of its own: an `apply` backwards. @throws {TargetError} */
  rollBack(ref: TargetRef, snapshot: string, deployId: string, signal: AbortSignal): Promise<Receipt>;
  /** `name:tag` with the digest the registry gives it now. @throws {TargetError} */
  resolveDigest(image: string, auth: RegistryAuth | null, signal: AbortSignal): Promise<string>;
}

/** Limits of a watch. */
export interface WatchOptions {
  readonly soakMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** What may be done after a failed call: orchestrators differ in words, never in these classes. */
export type TargetErrorClass = "not-sent" | "maybe-sent" | "conflict" | "throttled" | "permanent";

/** A refusal or a failure of a target, with what a person needs to go on. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly kind: TargetErrorClass;
  constructor(kind: TargetErrorClass, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
