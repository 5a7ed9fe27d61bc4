import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";

/** One request as a fake forge got it. */
export interface FakeRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** A status as the forge stores it. */
export interface StoredStatus {
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly url: string;
}

/** A forge that cannot run here, by its documented rules. */
export interface FakeForge {
  readonly url: string;
  readonly token: string;
  readonly requests: FakeRequest[];
  readonly statuses: StoredStatus[];
  /** The next so many calls are answered so, before anything else is looked at. */
  breakDown(status: number, calls: number, headers?: Record<string, string>): void;
  stop(): Promise<void>;
}

/** What a fake answers. */
export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Serves a fake on loopback. */
export async function serveFake(
  token: string,
  answer: (request: FakeRequest, statuses: StoredStatus[]) => FakeAnswer,
): Promise<FakeForge> {
  const requests: FakeRequest[] = [];
  const statuses: StoredStatus[] = [];
  let broken: { status: number; calls: number; headers: Record<string, string> } = {
    status: 0,
    calls: 0,
    headers: {},
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://fake");
      const text = Buffer.concat(chunks).toString("utf8");
      const got: FakeRequest = {
        method: request.method ?? "GET",
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: text === "" ? null : readBody(text, request.headers["content-type"] ?? ""),
      };
      requests.push(got);
      if (broken.calls > 0) {
        broken = { ...broken, calls: broken.calls - 1 };
        response
          .writeHead(broken.status, { "content-type": "application/json", ...broken.headers })
          .end(JSON.stringify({ message: "broken" }));
        return;
      }
      const { status, body } = answer(got, statuses);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    requests,
    statuses,
    breakDown: (status, calls, headers = {}) => void (broken = { status, calls, headers }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function readBody(text: string, contentType: string): unknown {
  if (contentType.startsWith("application/x-www-form-urlencoded"))
    return Object.fromEntries(new URLSearchParams(text));
  const body: unknown = JSON.parse(text);
  return body;
}
