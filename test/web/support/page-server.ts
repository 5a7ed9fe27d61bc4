import { once } from "node:events";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { api, type Endpoint } from "../../../server/http/contract.ts";
import type { LiveEvent } from "../../../server/http/contract/events.ts";
import {
  createLineCounts,
  lineRange,
  readRange,
  searchLog,
  type LogSource,
} from "../../../server/http/log-range.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The policy under which the page must work: nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** What a test says about a change that the page asks for: a status and a body; status 0 is an answer lost on its way. */
export interface Said {
  readonly status: number;
  readonly body: unknown;
}

/** A change that the page asked for. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly csrf: string | undefined;
}

/** How a test answers a change. */
export type Answering = (asked: Asked) => Said | Promise<Said>;

function endpointFor(method: string, path: string): Endpoint | undefined {
  const pieces = path.split("/");
  return Object.values(api).find((endpoint: Endpoint) => {
    const wanted = endpoint.path.split("/");
    return (
      endpoint.method === method.toLowerCase() &&
      wanted.length === pieces.length &&
      wanted.every((piece, index) => piece.startsWith(":") || piece === pieces[index])
    );
  });
}

/** A problem as the server sends it. */
export function problem(status: number, code: string, detail: string): Said {
  return { status, body: { type: `about:${code}`, title: code, status, code, detail, requestId: "7f3a" } };
}

/**
 * Serves the built page and the answers of a test. Every answer is parsed by the contract's schema before it is sent,
 * so that what the page is shown here is what a real server may say.
 */
export class PageServer {
  readonly answers: Map<string, unknown>;
  readonly logs: Map<string, Buffer>;
  readonly asked: Asked[] = [];
  /** Calls that the contract or the test does not know; a test ends by finding none. */
  readonly unknown: string[] = [];
  answering: Answering = () => problem(404, "not_found", "nothing here");
  readonly #folder: string;
  readonly #streams = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  constructor(folder: string, answers: Map<string, unknown>, logs: Map<string, Buffer>) {
    this.#folder = folder;
    this.answers = answers;
    this.logs = logs;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Listens; after a stop on the same port again, as a server that was started again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.unknown.push(
          `${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`,
        );
        response.destroy();
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#port = address.port;
    this.#server = server;
  }

  /** Ends at once, as a killed process does. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  /** Tells every open page that something changed. */
  tell(event: LiveEvent): void {
    for (const stream of this.#streams)
      stream.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** Writes to a step's log and tells it. */
  append(build: number, step: number, text: string): void {
    const key = `${build}.${step}`;
    const bytes = Buffer.concat([this.logs.get(key) ?? Buffer.alloc(0), Buffer.from(text)]);
    this.logs.set(key, bytes);
    this.tell({ type: "log.appended", build, step, sizeBytes: bytes.length });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://page");
    if (url.pathname === "/api/v1/events") return this.#stream(response);
    if (url.pathname.startsWith("/api/v1/")) return await this.#api(request, response, url);
    this.#file(response, url.pathname);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(
      `event: hello\ndata: ${JSON.stringify({ type: "hello", version: "1.0.0", nowMs: Date.now() })}\n\n`,
    );
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }

  async #api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const method = request.method ?? "GET";
    const path = url.pathname.slice("/api/v1".length);
    const endpoint = endpointFor(method, path);
    if (endpoint === undefined) throw new Error("the contract has no such call");
    if (method !== "GET") return await this.#change(request, response, { method, path, endpoint });
    const query = endpoint.query.parse(Object.fromEntries(url.searchParams));
    const log = /^\/builds\/(\d+)\/steps\/(\d+)\/log(\/search)?$/.exec(path);
    if (log !== null) {
      const answer = await this.#log(Number(log[1]), Number(log[2]), log[3] !== undefined, url.searchParams);
      return send(response, 200, endpoint.answer.parse(answer));
    }
    const answer = this.answers.get(`GET ${path}`);
    if (answer === undefined) {
      this.unknown.push(`GET ${path}`);
      return send(response, 404, problem(404, "not_found", `no ${path}`).body);
    }
    if (answer instanceof Refusal) return send(response, answer.said.status, answer.said.body);
    void query;
    send(response, 200, endpoint.answer.parse(answer));
  }

  async #log(build: number, step: number, searching: boolean, query: URLSearchParams): Promise<unknown> {
    const bytes = this.logs.get(`${build}.${step}`) ?? Buffer.alloc(0);
    const source: LogSource = {
      counts: createLineCounts(),
      buildId: build,
      stepNo: step,
      logs: {
        read: (_build, _step, from, limit) =>
          Promise.resolve({ bytes: bytes.subarray(from, from + limit), length: bytes.length }),
        length: () => Promise.resolve(bytes.length),
        onAppended: () => () => undefined,
      },
    };
    if (searching) return await searchLog(source, query.get("q") ?? "", Number(query.get("limit") ?? 200));
    const line = query.get("line");
    const to = query.get("to");
    const range =
      line === null
        ? await readRange(source, Number(query.get("from") ?? 0), to === null ? undefined : Number(to))
        : await lineRange(source, Number(line), 2000);
    return { ...range, complete: false, missingBytes: 0 };
  }

  async #change(
    request: IncomingMessage,
    response: ServerResponse,
    call: { readonly method: string; readonly path: string; readonly endpoint: Endpoint },
  ): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const body: unknown = JSON.parse(Buffer.concat(parts).toString() || "{}");
    // What the page sends must be what the server takes.
    call.endpoint.body.parse(body);
    const csrf = request.headers["x-sluice-csrf"];
    const asked = {
      method: call.method,
      path: call.path,
      body,
      csrf: typeof csrf === "string" ? csrf : undefined,
    };
    this.asked.push(asked);
    const said = await this.answering(asked);
    if (said.status === 0) {
      // Cut off after its beginning: a browser repeats by itself what was never answered at all on a reused connection.
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write("{", () => response.destroy());
      return;
    }
    send(response, said.status, said.status < 300 ? call.endpoint.answer.parse(said.body) : said.body);
  }

  #file(response: ServerResponse, path: string): void {
    const wanted = join(this.#folder, normalize(path));
    const isFile = wanted.startsWith(this.#folder) && existsSync(wanted) && statSync(wanted).isFile();
    const file = isFile ? wanted : join(this.#folder, "index.html");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
    });
    createReadStream(file).pipe(response);
  }
}

/** An answer that refuses, put in the place of one that gives. */
export class Refusal {
  readonly said: Said;

  constructor(said: Said) {
    this.said = said;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, "x-request-id": "7f3a" });
  response.end(JSON.stringify(body));
}
