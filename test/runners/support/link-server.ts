import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Command, EventsRequest, HelloRequest, SecretsRequest } from "../../../runners/protocol.ts";
import type { Outcome, RunnerEvent } from "../../../runners/protocol.ts";
import { until } from "../../support/services/until.ts";

type Draft<T> = T extends Command ? Omit<T, "seq" | "fence" | "session"> : never;
/** A command before the server has numbered it. */
export type CommandDraft = Draft<Command>;

interface SessionRecord {
  readonly id: string;
  fence: number;
  seq: number;
  refused: boolean;
}

/** The server's half of the runner link over real HTTP, with everything in memory and every answer open to trouble. */
export class LinkServer {
  readonly url: string;
  readonly key = "runner-key";
  readonly instance = `t${Math.random().toString(36).slice(2, 7)}`;
  readonly hellos: HelloRequest[] = [];
  readonly events: RunnerEvent[] = [];
  readonly logs = new Map<string, Buffer>();
  readonly blobs = new Map<string, Buffer>();
  readonly secrets = new Map<string, { value: string; mask: boolean }>();
  readonly secretCalls: string[][] = [];
  /** Bytes of log PUTs, requests counted by path kind. */
  readonly puts: { command: string; at: number; bytes: number; status: number }[] = [];
  /** Called before a log PUT is answered; returning true breaks the connection after the bytes were stored. */
  breakAfterPut: ((command: string, stored: number) => boolean) | null = null;
  /** Events are stored, and the answer is lost. */
  breakAfterEvents = 0;
  /** Answers of blobs that break in their middle from now on. */
  breakBlobs = 0;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #commands: { command: Command; acked: boolean }[] = [];
  readonly #outcomes = new Map<string, Outcome>();
  readonly #waiting = new Map<string, ((outcome: Outcome) => void)[]>();
  #stream: ServerResponse | null = null;

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${String(port)}`;
  }

  static async start(): Promise<LinkServer> {
    const probe = new LinkServer(0);
    probe.#server.listen(0, "127.0.0.1");
    await once(probe.#server, "listening");
    const address = probe.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return Object.defineProperty(probe, "url", { value: `http://127.0.0.1:${String(address.port)}` });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Sends a command and gives its outcome. */
  async run(session: string, draft: CommandDraft): Promise<Outcome> {
    this.send(session, draft);
    return this.outcome(draft.id);
  }

  /** Sends a command, also to a runner that is away now. */
  send(session: string, draft: CommandDraft): void {
    const record = this.#sessions.get(session) ?? { id: session, fence: 1, seq: 0, refused: false };
    this.#sessions.set(session, record);
    record.seq += 1;
    const command = Command.parse({ ...draft, seq: record.seq, fence: record.fence, session });
    this.#commands.push({ command, acked: false });
    this.#write(command);
  }

  /** The outcome of a command, once the runner has told it. */
  async outcome(id: string): Promise<Outcome> {
    const known = this.#outcomes.get(id);
    if (known !== undefined) return known;
    return new Promise((resolve) => {
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]);
    });
  }

  hasOutcome(id: string): boolean {
    return this.#outcomes.has(id);
  }

  /** How often an `ended` came for a command. */
  endedCount(id: string): number {
    return this.events.filter((event) => event.type === "ended" && event.command === id).length;
  }

  log(id: string): string {
    return (this.logs.get(id) ?? Buffer.alloc(0)).toString("utf8");
  }

  /** From now on the session is nobody's. */
  refuse(session: string): void {
    const record = this.#sessions.get(session);
    if (record !== undefined) record.refused = true;
  }

  /** A newer placement: what carries the older fence is refused. */
  raiseFence(session: string): void {
    const record = this.#sessions.get(session);
    if (record !== undefined) record.fence += 1;
  }

  /** Breaks the command stream, as a network does. */
  breakStream(): void {
    this.#stream?.destroy();
  }

  async connected(): Promise<void> {
    await until("the runner is connected", () => this.#stream !== null);
  }

  /** Sends every command again that is not acked, and those in `also` although they are. */
  repeat(also: string[]): void {
    for (const { command, acked } of this.#commands)
      if (!acked || also.includes(command.id)) this.#write(command);
  }

  #write(command: Command): void {
    this.#stream?.write(`id: ${String(command.seq)}\nevent: command\ndata: ${JSON.stringify(command)}\n\n`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (request.headers.authorization !== `Bearer ${this.key}`) return answer(response, 401, {});
    if (url.pathname === "/runner/v1/stream") return this.#openStream(response);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const body = Buffer.concat(parts);
    if (url.pathname === "/runner/v1/hello") return this.#hello(body, response);
    if (url.pathname === "/runner/v1/events") return this.#takeEvents(body, response);
    const log = /^\/runner\/v1\/steps\/([^/]+)\/log$/.exec(url.pathname)?.[1];
    if (log !== undefined) return this.#putLog(decodeURIComponent(log), url, body, response);
    const secrets = /^\/runner\/v1\/sessions\/([^/]+)\/secrets$/.exec(url.pathname)?.[1];
    if (secrets !== undefined) return this.#giveSecrets(decodeURIComponent(secrets), body, response);
    const blob = /^\/runner\/v1\/blobs\/([0-9a-f]{64})$/.exec(url.pathname)?.[1];
    if (blob === undefined) return answer(response, 404, {});
    if (request.method === "PUT") {
      this.blobs.set(blob, body);
      response.writeHead(204).end();
      return;
    }
    const found = this.blobs.get(blob);
    if (found === undefined) return answer(response, 404, {});
    response.writeHead(200, { "content-length": found.length });
    if (this.breakBlobs === 0) {
      response.end(found);
      return;
    }
    this.breakBlobs -= 1;
    response.write(found.subarray(0, found.length / 2), () => response.destroy());
  }

  #hello(body: Buffer, response: ServerResponse): void {
    const hello = HelloRequest.parse(JSON.parse(body.toString()));
    this.hellos.push(hello);
    const isOurs = (id: string, fence: number): boolean => {
      const record = this.#sessions.get(id);
      return record !== undefined && !record.refused && record.fence === fence;
    };
    const keep = hello.sessions.filter((one) => isOurs(one.id, one.fence)).map((one) => one.id);
    const close = hello.sessions.filter((one) => !isOurs(one.id, one.fence)).map((one) => one.id);
    answer(response, 200, { instance: this.instance, name: "test-runner", keep, close });
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": hello\n\n");
    this.#stream = response;
    response.on("close", () => {
      if (this.#stream === response) this.#stream = null;
    });
    this.repeat([]);
  }

  #takeEvents(body: Buffer, response: ServerResponse): void {
    const { events } = EventsRequest.parse(JSON.parse(body.toString()));
    const acked: number[] = [];
    const refused = new Set<string>();
    for (const event of events) {
      const record = this.#sessions.get(event.session);
      if (record === undefined || record.refused || record.fence !== event.fence) {
        refused.add(event.session);
        continue;
      }
      acked.push(event.no);
      this.events.push(event);
      if (event.type === "ended") this.#settle(event.command, event.outcome);
    }
    if (this.breakAfterEvents > 0) {
      this.breakAfterEvents -= 1;
      response.destroy();
      return;
    }
    answer(response, 200, { acked, refused: [...refused] });
  }

  #settle(id: string, outcome: Outcome): void {
    for (const known of this.#commands) if (known.command.id === id) known.acked = true;
    if (!this.#outcomes.has(id)) this.#outcomes.set(id, outcome);
    for (const resolve of this.#waiting.get(id) ?? []) resolve(outcome);
    this.#waiting.delete(id);
  }

  #putLog(id: string, url: URL, body: Buffer, response: ServerResponse): void {
    const record = this.#sessions.get(url.searchParams.get("session") ?? "");
    if (record === undefined || record.refused || String(record.fence) !== url.searchParams.get("fence")) {
      return answer(response, 410, {});
    }
    const at = Number(url.searchParams.get("at"));
    const log = this.logs.get(id) ?? Buffer.alloc(0);
    const status = at === log.length ? 200 : 409;
    this.puts.push({ command: id, at, bytes: body.length, status });
    if (status === 409) return answer(response, 409, { stored: log.length });
    const now = Buffer.concat([log, body]);
    this.logs.set(id, now);
    if (body.length > 0 && this.breakAfterPut?.(id, now.length) === true) {
      response.destroy();
      return;
    }
    answer(response, 200, { stored: now.length });
  }

  #giveSecrets(session: string, body: Buffer, response: ServerResponse): void {
    const { refs, fence } = SecretsRequest.parse(JSON.parse(body.toString()));
    const record = this.#sessions.get(session);
    if (record === undefined || record.refused || record.fence !== fence) return answer(response, 410, {});
    this.secretCalls.push(refs);
    const values: Record<string, { base64: string; mask: boolean }> = {};
    const gone: string[] = [];
    for (const ref of refs) {
      const secret = this.secrets.get(ref);
      if (secret === undefined) gone.push(ref);
      else values[ref] = { base64: Buffer.from(secret.value).toString("base64"), mask: secret.mask };
    }
    answer(response, 200, { values, gone });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
