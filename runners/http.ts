import http from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";

/**
 * How long an answer is waited for. Short, because a cut line says nothing: a kept connection tries again ever more rarely
 * when the line is whole again, a new one at once. Whatever is asked may be asked twice.
 */
const SILENCE_MS = 15_000;
/** A server that was sent a large file has work to do before it answers. */
const FILE_SILENCE_MS = 60_000;

/** An answer read to its end. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One request; a body that is a stream is sent as it comes. */
export interface Ask {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: Buffer | string;
  readonly stream?: { readonly from: Readable; readonly bytes: number };
  readonly type?: string;
  readonly headers?: Record<string, string>;
  readonly signal: AbortSignal;
}

/** A connection pool to one server, with the runner's key. Plain http is the caller's decision. */
export class HttpClient {
  readonly #base: URL;
  readonly #key: string;
  readonly #agent: http.Agent;

  constructor(url: string, key: string) {
    this.#base = new URL(url);
    this.#key = key;
    const options = { keepAlive: true };
    this.#agent = this.#base.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
  }

  /** Closes every connection. */
  close(): void {
    this.#agent.destroy();
  }

  /** Sends a request and reads the answer whole. Rejects when the server cannot be reached or says nothing for too long. */
  async ask(ask: Ask): Promise<Answer> {
    const response = await this.open(ask, ask.stream === undefined ? SILENCE_MS : FILE_SILENCE_MS);
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(Buffer.from(part));
    return { status: response.statusCode ?? 0, body: Buffer.concat(parts) };
  }

  /** Sends a request and gives the answer as a stream. */
  async open(ask: Ask, silenceMs: number): Promise<http.IncomingMessage> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#key}`, ...ask.headers };
    if (ask.type !== undefined) headers["content-type"] = ask.type;
    if (ask.body !== undefined) headers["content-length"] = String(Buffer.byteLength(ask.body));
    if (ask.stream !== undefined) headers["content-length"] = String(ask.stream.bytes);
    const module = this.#base.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
      const request = module.request({
        host: this.#base.hostname.replace(/^\[|\]$/g, ""),
        port: this.#base.port,
        path: `${this.#base.pathname.replace(/\/$/, "")}${ask.path}`,
        method: ask.method,
        headers,
        agent: this.#agent,
        signal: ask.signal,
        timeout: silenceMs,
      });
      request.once("timeout", () => request.destroy(new Error("the server said nothing for too long")));
      request.once("error", reject);
      request.once("response", (response) => {
        // After the answer began, its reader hears of errors.
        request.on("error", () => undefined);
        resolve(response);
      });
      if (ask.stream !== undefined) ask.stream.from.pipe(request);
      else request.end(ask.body);
    });
  }
}
