import { createReadStream } from "node:fs";
import { z } from "zod";
import type { Readable } from "node:stream";
import { RunnerFailure } from "./failure.ts";
import { HttpClient } from "./http.ts";
import type { Answer, Ask } from "./http.ts";
import type { Log } from "./log.ts";
import type { PutAnswer } from "./log-upload.ts";
import { pause } from "./pause.ts";
import {
  Command,
  Control,
  EventsAnswer,
  HelloAnswer,
  ImagesAnswer,
  LeftoversAnswer,
  LogAnswer,
  MOST_LEFTOVERS,
  SecretsAnswer,
} from "./protocol.ts";
import type { HelloRequest, ImagesRequest, RunnerEvent, SecretRef } from "./protocol.ts";
import { readServerEvents } from "./server-events.ts";

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;
const HEARTBEAT_MS = 5000;
/** The server's comments come far more often; without them the connection is dead. */
const STREAM_SILENCE_MS = 30_000;

/** Whose call it is: the server refuses a session that is not this runner's any more. */
export interface Caller {
  readonly session: string;
  readonly fence: number;
}

/** Secret values for an exec, by ref. */
export type SecretValues = ReadonlyMap<SecretRef, { readonly value: Buffer; readonly mask: boolean }>;

/** What comes down from the server. */
export interface Hears {
  command(command: Command): void;
  control(control: Control): void;
  /** The server will not have these sessions any more. */
  refused(sessions: readonly string[]): void;
  acked(event: RunnerEvent): void;
}

/** The server's answer said that the runner's key is not valid: repeating helps nothing. */
export class KeyRefused extends Error {
  constructor() {
    super("the server does not accept this runner's key (revoked, or made for another server)");
    this.name = "KeyRefused";
  }
}

type Draft<T> = T extends RunnerEvent ? Omit<T, "no"> : never;
/** An event before it has its number. */
export type EventDraft = Draft<RunnerEvent>;

/**
 * The runner's side of the link: calls that repeat themselves until the server answers, an event queue without timers,
 * and the command stream. `stop` ends all of them and closes every socket.
 */
export class Link {
  readonly #client: HttpClient;
  readonly #boot: string;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #events: RunnerEvent[] = [];
  #no = 0;
  #isPosting = false;
  #wanted = 0;
  #diskFreePercent: number | null = null;
  #joined = false;
  #heartbeat: NodeJS.Timeout | null = null;
  #hears: Hears | null = null;
  #cursor = "";
  #listening: Readable | null = null;

  constructor(options: { url: string; key: string; boot: string; log: Log }) {
    this.#client = new HttpClient(options.url, options.key);
    this.#boot = options.boot;
    this.#log = options.log;
  }

  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /**
   * Says hello and listens, again after every break, until `stop`. `introduce` gives the hello, `welcome` takes its answer
   * before the first command comes.
   * @throws {KeyRefused}
   */
  async run(
    hears: Hears,
    introduce: () => Promise<HelloRequest>,
    welcome: (answer: HelloAnswer) => Promise<void>,
  ): Promise<void> {
    this.#hears = hears;
    let retryMs = FIRST_RETRY_MS;
    while (!this.signal.aborted) {
      try {
        await welcome(await this.#hello(await introduce()));
        this.#startPosting();
        retryMs = FIRST_RETRY_MS;
        await this.#listen(hears);
      } catch (error) {
        if (error instanceof KeyRefused) throw error;
        if (this.signal.aborted) return;
        this.#log.warn({ err: error }, "no connection to the server");
      }
      await pause(retryMs, this.signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Ends everything and closes every socket. Events that are not acked come again from state after the next start. */
  stop(): void {
    this.#stopped.abort();
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    this.#client.close();
  }

  /** Tells the server, at once if nothing is being told, else with the next post. `lazy`: the next post will do. */
  emit(event: EventDraft, lazy = false): void {
    this.#no += 1;
    this.#events.push({ ...event, no: this.#no });
    if (lazy) return;
    this.#wanted = this.#no;
    this.#post();
  }

  /** Breaks the stream: the next hello tells what has changed. */
  reconnect(): void {
    this.#listening?.destroy();
  }

  /** Whether everything told has been acked. */
  get idle(): boolean {
    return this.#events.length === 0;
  }

  async putLog(caller: Caller, command: string, at: number, bytes: Buffer): Promise<PutAnswer> {
    const path = `/runner/v1/steps/${encodeURIComponent(command)}/log?at=${String(at)}&${queryOf(caller)}`;
    const answer = await this.#persist({
      method: "PUT",
      path,
      body: bytes,
      type: "application/octet-stream",
    });
    if (answer === null || answer.status === 410 || answer.status === 404) return { kind: "refused" };
    return { kind: "stored", stored: LogAnswer.parse(json(answer)).stored };
  }

  /** @throws {RunnerFailure} `secret_gone` naming the refs, `agent_lost` if the session is refused. */
  async secrets(caller: Caller, refs: readonly SecretRef[]): Promise<SecretValues> {
    if (refs.length === 0) return new Map();
    const body = JSON.stringify({ fence: caller.fence, refs: [...new Set(refs)] });
    const path = `/runner/v1/sessions/${encodeURIComponent(caller.session)}/secrets`;
    const answer = await this.#persist({ method: "POST", path, body, type: "application/json" });
    if (answer?.status !== 200) throw sessionRefused();
    const { values, gone } = SecretsAnswer.parse(json(answer));
    if (gone.length > 0) {
      const message = `a secret that this step uses was removed or revoked: ${gone.join(", ")}`;
      throw new RunnerFailure("secret_gone", "person", message);
    }
    const found = new Map<SecretRef, { value: Buffer; mask: boolean }>();
    for (const [ref, { base64, mask }] of Object.entries(values)) {
      found.set(ref, { value: Buffer.from(base64, "base64"), mask });
    }
    const missing = refs.find((ref) => !found.has(ref));
    if (missing === undefined) return found;
    throw new RunnerFailure("secret_gone", "person", `the server knows no value for ${missing}`);
  }

  /** Stores a file as a blob. */
  async putBlob(caller: Caller, sha256: string, file: string, bytes: number): Promise<void> {
    const path = `/runner/v1/blobs/${sha256}?${queryOf(caller)}`;
    const answer = await this.#persist(
      { method: "PUT", path, type: "application/octet-stream" },
      { file, bytes },
    );
    if (answer === null || answer.status >= 300) throw sessionRefused();
  }

  /**
   * A blob's bytes; the reader checks them. A connection that breaks is made again, and what came already is passed over:
   * what a hash names never changes.
   */
  async *getBlob(
    caller: Caller,
    sha256: string,
    cancelled: AbortSignal,
  ): AsyncGenerator<Buffer, void, undefined> {
    const path = `/runner/v1/blobs/${sha256}?${queryOf(caller)}`;
    const signal = AbortSignal.any([this.signal, cancelled]);
    let seen = 0;
    let retryMs = 0;
    while (!signal.aborted) {
      try {
        const ask: Ask = { method: "GET", path, signal };
        const response = await this.#client.open(ask, STREAM_SILENCE_MS);
        const status = response.statusCode ?? 0;
        if (status !== 200) response.resume();
        if (status !== 200 && status < 500 && status !== 429) throw blobRefused(status, sha256);
        if (status === 200) {
          let at = 0;
          for await (const part of response) {
            const bytes = Buffer.from(part);
            const fresh = bytes.subarray(Math.max(0, seen - at));
            at += bytes.length;
            if (fresh.length === 0) continue;
            seen += fresh.length;
            yield fresh;
          }
          return;
        }
      } catch (error) {
        if (signal.aborted || error instanceof RunnerFailure) throw error;
        this.#log.debug({ err: error, path }, "a blob was not read to its end; it is asked for again");
      }
      await pause(retryMs, signal);
      retryMs = Math.min(Math.max(retryMs * 2, FIRST_RETRY_MS), LAST_RETRY_MS);
    }
    signal.throwIfAborted();
  }

  /** How much of the disk is free while that is too little; told with the next heartbeat, and now. */
  diskFree(freePercent: number | null): void {
    this.#diskFreePercent = freePercent;
    this.#post();
  }

  /** Ids of images that must stay; null where the server does not say. */
  async imagesNeeded(images: ImagesRequest["images"]): Promise<ReadonlySet<string> | null> {
    const answer = await this.#client.ask({
      method: "POST",
      path: "/runner/v1/images",
      body: JSON.stringify({ images }),
      type: "application/json",
      signal: this.signal,
    });
    return answer.status === 200 ? new Set(ImagesAnswer.parse(json(answer)).needed) : null;
  }

  /** Which sessions of other runners are over for the server; none where it does not say. */
  async sessionsOver(sessions: readonly string[]): Promise<ReadonlySet<string>> {
    const answer = await this.#client.ask({
      method: "POST",
      path: "/runner/v1/leftovers",
      body: JSON.stringify({ sessions: sessions.slice(0, MOST_LEFTOVERS) }),
      type: "application/json",
      signal: this.signal,
    });
    if (answer.status !== 200) return new Set();
    return new Set(LeftoversAnswer.parse(json(answer)).over);
  }

  async #hello(request: HelloRequest): Promise<HelloAnswer> {
    const answer = await this.#client.ask({
      method: "POST",
      path: "/runner/v1/hello",
      body: JSON.stringify(request),
      type: "application/json",
      signal: this.signal,
    });
    if (answer.status === 401) throw new KeyRefused();
    if (answer.status !== 200) throw refusal("hello", answer);
    return HelloAnswer.parse(json(answer));
  }

  async #listen(hears: Hears): Promise<void> {
    const response = await this.#client.open(
      {
        method: "GET",
        path: "/runner/v1/stream",
        headers: {
          accept: "text/event-stream",
          ...(this.#cursor === "" ? {} : { "last-event-id": this.#cursor }),
        },
        signal: this.signal,
      },
      STREAM_SILENCE_MS,
    );
    if (response.statusCode === 401) throw new KeyRefused();
    if (response.statusCode !== 200) {
      response.resume();
      throw new Error(`the server answered the stream with ${String(response.statusCode)}`);
    }
    this.#listening = response;
    for await (const event of readServerEvents(response)) {
      if (event.id !== null) this.#cursor = event.id;
      if (event.name === "command") hears.command(Command.parse(JSON.parse(event.data)));
      if (event.name === "control") hears.control(Control.parse(JSON.parse(event.data)));
    }
  }
  #startPosting(): void {
    this.#joined = true;
    this.#heartbeat ??= setInterval(() => this.#post(), HEARTBEAT_MS);
    this.#post();
  }

  #post(): void {
    if (!this.#joined || this.#isPosting || this.signal.aborted) return;
    this.#isPosting = true;
    this.#postAll()
      .catch((error: unknown) => this.#log.error({ err: error }, "events were not told"))
      .finally(() => {
        this.#isPosting = false;
      });
  }

  // What the server neither acked nor refused is told again with the next heartbeat.
  async #postAll(): Promise<void> {
    // What is told in the same turn goes together.
    await Promise.resolve();
    let sent = 0;
    do {
      const events = this.#events.filter((event) => event.no > sent).slice(0, 500);
      sent = events.at(-1)?.no ?? this.#no;
      const body = JSON.stringify({
        boot: this.#boot,
        diskFreePercent: this.#diskFreePercent,
        events,
      });
      const answer = await this.#persist({
        method: "POST",
        path: "/runner/v1/events",
        body,
        type: "application/json",
      });
      if (answer === null) return;
      if (answer.status !== 200) throw refusal("events", answer);
      this.#settle(EventsAnswer.parse(json(answer)));
    } while (this.#wanted > sent);
  }

  #settle(answer: EventsAnswer): void {
    const acked = new Set(answer.acked);
    const settled = this.#events.filter((event) => acked.has(event.no));
    this.#events = this.#events.filter(
      (event) => !acked.has(event.no) && !answer.refused.includes(event.session),
    );
    for (const event of settled) this.#hears?.acked(event);
    if (answer.refused.length > 0) this.#hears?.refused(answer.refused);
  }

  // Repeats until the server gives an answer that is not its own trouble; null when we stop.
  async #persist(
    ask: Omit<Ask, "signal" | "stream">,
    file?: { file: string; bytes: number },
  ): Promise<Answer | null> {
    // A kept connection may have been closed by the other side a moment ago: the first repeat comes at once.
    let retryMs = 0;
    while (!this.signal.aborted) {
      try {
        const stream =
          file === undefined ? {} : { stream: { from: createReadStream(file.file), bytes: file.bytes } };
        const answer = await this.#client.ask({ ...ask, ...stream, signal: this.signal });
        if (answer.status < 500 && answer.status !== 429) return answer;
        this.#log.warn({ status: answer.status, path: ask.path }, "the server is in trouble");
      } catch (error) {
        if (this.signal.aborted) return null;
        this.#log.debug({ err: error, path: ask.path }, "the server was not reached");
      }
      await pause(retryMs, this.signal);
      retryMs = Math.min(Math.max(retryMs * 2, FIRST_RETRY_MS), LAST_RETRY_MS);
    }
    return null;
  }
}

function queryOf({ session, fence }: Caller): string {
  return `session=${encodeURIComponent(session)}&fence=${String(fence)}`;
}

function json(answer: Answer): unknown {
  return JSON.parse(answer.body.toString());
}

function said(answer: Answer): string {
  return answer.body.subarray(0, 512).toString();
}

function refusal(what: string, answer: Answer): Error {
  const problem = z.object({ detail: z.string() }).safeParse(safeJson(answer));
  const detail = problem.success ? problem.data.detail : said(answer);
  return new Error(`the server refused the ${what} (${String(answer.status)}): ${detail}`);
}

function safeJson(answer: Answer): unknown {
  try {
    return json(answer);
  } catch {
    return null;
  }
}

function blobRefused(status: number, sha256: string): RunnerFailure {
  if (status === 410) return sessionRefused();
  return new RunnerFailure("file_missing", "sluice", `the server has no blob ${sha256.slice(0, 12)}`);
}

function sessionRefused(): RunnerFailure {
  return new RunnerFailure("agent_lost", "sluice", "the server does not count this session as ours any more");
}
