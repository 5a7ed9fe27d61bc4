import { keyWork } from "./key-work.ts";
import {
  CollectionLimitError,
  DepthLimitError,
  EvaluationLimitError,
  LiveBytesLimitError,
  StringLimitError,
  TimeLimitError,
  type Limits,
  type Watch,
} from "./limits.ts";

/** Bytes of new values after which what is still reachable is measured again. */
const SWEEP_EVERY_BYTES = 16 * 1024 * 1024;

/** Bytes of new values that count as one evaluation. */
const BYTES_PER_EVALUATION = 20;

/** Evaluations between two looks at a watch. */
const LOOK_EVERY = 10_000;

/** Counts what a script uses and stops it at its limits. */
export class Meter {
  readonly limits: Limits;
  private left: number;
  private depth = 0;
  private fresh = 0;
  /** The frames of code that runs or waits: what their variables hold is alive. */
  readonly frames = new Set<object>();
  /** Measures what can still be reached, in bytes; set by the evaluator, which knows where values are held. */
  measureLive: () => number = () => 0;

  private readonly watch: Watch | null;
  private startedAtMs: number;
  /** The watch is looked at when so many evaluations are left. */
  private lookAt: number;

  constructor(limits: Limits, watch: Watch | null = null) {
    this.limits = limits;
    this.left = limits.evaluations;
    this.watch = watch;
    this.startedAtMs = watch?.clockMs() ?? 0;
    this.lookAt = this.nextLook();
  }

  private nextLook(): number {
    return this.watch === null ? Number.NEGATIVE_INFINITY : this.left - LOOK_EVERY;
  }

  private look(): void {
    this.lookAt = this.nextLook();
    if (this.watch !== null && this.watch.clockMs() - this.startedAtMs > this.watch.limitMs)
      throw new TimeLimitError(this.watch.limitMs);
  }

  /** A new turn: the script may work again. */
  beginTurn(): void {
    keyWork.parts = 0;
    this.left = this.limits.evaluations;
    this.startedAtMs = this.watch?.clockMs() ?? 0;
    this.lookAt = this.nextLook();
  }

  /** Evaluations used up in this turn. */
  get used(): number {
    return this.limits.evaluations - this.left;
  }

  /** Counts work. */
  tick(count = 1): void {
    this.left -= count;
    if (keyWork.parts > 0) this.takeKeyWork();
    if (this.left < this.lookAt) this.look();
    if (this.left < 0) throw new EvaluationLimitError(this.limits.evaluations);
  }

  private takeKeyWork(): void {
    this.left -= keyWork.parts;
    keyWork.parts = 0;
  }

  /** Counts a call on its way in; gives how deep it is. */
  enter(): number {
    this.tick(4);
    this.depth += 1;
    if (this.depth > this.limits.depth) {
      throw new DepthLimitError(this.limits.depth);
    }
    return this.depth;
  }

  leave(): void {
    this.depth -= 1;
  }

  /** The depth of the flow that runs now: a scheduler changes between flows that have depths of their own. */
  get currentDepth(): number {
    return this.depth;
  }

  set currentDepth(depth: number) {
    this.depth = depth;
  }

  /** Checks a string before or after it is made, and counts the copying. */
  text(length: number): void {
    if (length > this.limits.stringLength) throw new StringLimitError(this.limits.stringLength);
    if (length > 64) this.allocate(length);
  }

  /** Checks the size of a collection before it is made. */
  collection(size: number): void {
    if (size > this.limits.collectionSize) throw new CollectionLimitError(this.limits.collectionSize);
  }

  /**
   * Counts bytes of new values as work, which bounds what a turn can pile up even where nobody sees it, and now and then
   * looks how many of them are still held.
   */
  allocate(bytes: number): void {
    this.tick(Math.ceil(bytes / BYTES_PER_EVALUATION));
    this.fresh += bytes;
    if (this.fresh < SWEEP_EVERY_BYTES) return;
    this.fresh = 0;
    if (this.measureLive() > this.limits.liveBytes) throw new LiveBytesLimitError(this.limits.liveBytes);
  }
}
