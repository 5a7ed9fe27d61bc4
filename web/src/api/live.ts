import type { ChangeEvent, LiveEvent, LogAppended } from "../../../server/http/contract/events.ts";

/** Whether what the page shows is kept up to date, and since when it is not. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly lastEventAtMs: number }
  | { readonly kind: "lost"; readonly sinceMs: number; readonly asOfMs: number };

/** What the stream tells the page. `missed` says that something may have been missed: read everything again. */
export interface LiveListener {
  changed(event: ChangeEvent): void;
  appended(event: LogAppended): void;
  missed(): void;
  connection(connection: Connection): void;
  /** The server's clock, and its version, at the beginning of a stream. */
  hello(nowMs: number, version: string): void;
}

/** What kinds of event every page follows; logs are added while one is open. */
const COMMON_TOPICS = ["builds", "gates", "deployments", "deliveries", "runners", "notifications"] as const;
const EVENT_NAMES = [
  "build.changed",
  "step.changed",
  "gate.changed",
  "deployment.changed",
  "runner.changed",
  "notification.changed",
  "delivery.changed",
  "project.changed",
  "log.appended",
  "hello",
  "resync",
  "bye",
  "keep-alive",
] as const satisfies readonly LiveEvent["type"][];

/**
 * Over HTTP/1.1 a browser opens six connections to one server, for all its tabs together: a seventh tab with a stream of
 * its own would never load. A tab that nobody sees lets go of its stream soon, and catches up when it is seen again.
 */
const HIDDEN_MS = 10_000;
/** The server sends something every 15 s; silence much longer than that is a dead connection that nobody noticed. */
const SILENCE_MS = 40_000;
const TELL_EVERY_MS = 1000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 15_000;

/**
 * One stream of changes from the server. It reconnects for ever, and whenever it was away it says `missed`, so that
 * nothing depends on every single event having arrived.
 */
export class LiveStream {
  readonly #listener: LiveListener;
  readonly #logs = new Map<string, number>();
  #source: EventSource | undefined;
  #watchdog: number | undefined;
  #retry: number | undefined;
  #regroup: number | undefined;
  #hiding: number | undefined;
  #retryMs = RETRY_MIN_MS;
  #lastEventAtMs = Date.now();
  #toldAtMs = 0;
  #lostSinceMs: number | undefined;
  #everLive = false;

  constructor(listener: LiveListener) {
    this.#listener = listener;
  }

  /** Connects; a second call changes nothing. */
  start(): void {
    if (this.#source === undefined) this.#open();
    this.#watchdog ??= window.setInterval(() => this.#checkSilence(), 5000);
    document.addEventListener("visibilitychange", this.#visibility);
  }

  /** Ends the stream and all its timers. */
  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearInterval(this.#watchdog);
    window.clearTimeout(this.#retry);
    window.clearTimeout(this.#regroup);
    window.clearTimeout(this.#hiding);
    document.removeEventListener("visibilitychange", this.#visibility);
    this.#watchdog = undefined;
  }

  readonly #visibility = (): void => {
    window.clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = window.setTimeout(() => this.#letGo(), HIDDEN_MS);
    } else if (this.#source === undefined && this.#watchdog !== undefined) {
      this.#everLive = false; // So that everything is read again: the tab has seen nothing meanwhile.
      this.#lastEventAtMs = Date.now();
      this.#open();
    }
  };

  #letGo(): void {
    window.clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  /** Follows the growth of one step's log until the returned function is called. */
  followLog(build: number, step: number): () => void {
    const topic = `log:${build}.${step}`;
    this.#logs.set(topic, (this.#logs.get(topic) ?? 0) + 1);
    this.#topicsChanged();
    return () => {
      const left = (this.#logs.get(topic) ?? 1) - 1;
      if (left === 0) this.#logs.delete(topic);
      else this.#logs.set(topic, left);
      this.#topicsChanged();
    };
  }

  #topicsChanged(): void {
    if (this.#source === undefined) return;
    window.clearTimeout(this.#regroup);
    // Several parts of a page come and go together; one new stream is enough for all of them.
    this.#regroup = window.setTimeout(() => {
      if (this.#source !== undefined) this.#open();
    }, 100);
  }

  #open(): void {
    window.clearTimeout(this.#retry);
    const before = this.#source;
    const topics = [...COMMON_TOPICS, ...this.#logs.keys()].join(",");
    const source = new EventSource(`/api/v1/events?topics=${encodeURIComponent(topics)}`);
    this.#source = source;
    source.addEventListener("open", () => {
      // The old stream is closed only now, so that no change falls between the two.
      before?.close();
      this.#opened();
    });
    source.addEventListener("error", () => {
      before?.close();
      if (this.#source === source) this.#failed(source);
    });
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, (message) => {
        const event: LiveEvent = JSON.parse(message.data);
        this.#take(event);
      });
    }
  }

  #opened(): void {
    this.#retryMs = RETRY_MIN_MS;
    const wasAway = this.#lostSinceMs !== undefined;
    this.#lostSinceMs = undefined;
    this.#heard();
    // Also after the very first connection: the page read its data before the stream stood.
    if (wasAway || !this.#everLive) this.#listener.missed();
    this.#everLive = true;
  }

  #heard(): void {
    this.#lastEventAtMs = Date.now();
    // A log may bring hundreds of events a second; that all is well need not be said so often.
    if (this.#lastEventAtMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = this.#lastEventAtMs;
    this.#listener.connection({ kind: "live", lastEventAtMs: this.#lastEventAtMs });
  }

  #failed(source: EventSource): void {
    this.#lostSinceMs ??= Date.now();
    this.#toldAtMs = 0;
    this.#listener.connection({ kind: "lost", sinceMs: this.#lostSinceMs, asOfMs: this.#lastEventAtMs });
    source.close();
    const waitMs = this.#retryMs * (0.5 + Math.random());
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    window.clearTimeout(this.#retry);
    this.#retry = window.setTimeout(() => this.#open(), waitMs);
  }

  #checkSilence(): void {
    const source = this.#source;
    if (
      source !== undefined &&
      this.#lostSinceMs === undefined &&
      Date.now() - this.#lastEventAtMs > SILENCE_MS
    ) {
      this.#failed(source);
    }
  }

  #take(event: LiveEvent): void {
    this.#heard();
    switch (event.type) {
      case "hello":
        return this.#listener.hello(event.nowMs, event.version);
      case "keep-alive":
        return;
      case "resync":
        return this.#listener.missed();
      case "bye":
        return this.#open();
      case "log.appended":
        return this.#listener.appended(event);
      case "build.changed":
      case "step.changed":
      case "gate.changed":
      case "deployment.changed":
      case "runner.changed":
      case "notification.changed":
      case "delivery.changed":
      case "project.changed":
        return this.#listener.changed(event);
    }
  }
}
