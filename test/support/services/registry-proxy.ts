import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

/** What stands before a registry: counts the manifests it takes and answers in its place when told to. */
export interface RegistryProxy {
  /** `localhost:PORT`, as it stands in image names. */
  readonly host: string;
  /** Requests that came, as `PUT /v2/…`, answered by whom ever. */
  readonly requests: readonly string[];
  /** Manifests that the registry took since the last call of this: their tags or digests. */
  takeManifests(): string[];
  /** The next `times` requests that match are answered with `status`; the registry does not hear of them. */
  answerInstead(status: number, times: number, request: RegExp): void;
  stop(): Promise<void>;
}

/** Starts a proxy before the registry at a port of this machine. */
export async function startRegistryProxy(registryPort: number): Promise<RegistryProxy> {
  const requests: string[] = [];
  let taken: string[] = [];
  let instead: { status: number; left: number; request: RegExp } | undefined;
  const server = createServer((request, response) => {
    const line = `${request.method ?? ""} ${request.url ?? ""}`;
    requests.push(line);
    if (instead !== undefined && instead.left > 0 && instead.request.test(line)) {
      instead.left -= 1;
      refuse(request, response, instead.status);
      return;
    }
    passOn(registryPort, request, response, (status) => {
      const name = /^PUT \/v2\/.+\/manifests\/(.+)$/u.exec(line)?.[1];
      if (name !== undefined && status < 300) taken.push(name);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    host: `localhost:${address.port}`,
    requests,
    takeManifests: () => {
      const all = taken;
      taken = [];
      return all;
    },
    answerInstead: (status, times, request) => {
      instead = { status, left: times, request };
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

// The body is read to its end: an engine that is still sending would see a broken connection, not the answer.
function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  request.once("end", () => {
    const challenge = status === 401 ? { "www-authenticate": 'Basic realm="registry"' } : {};
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...challenge });
    response.end(JSON.stringify({ errors: [status === 401 ? UNAUTHORIZED : UNKNOWN] }));
  });
}

const UNKNOWN = { code: "UNKNOWN", message: "unknown error", detail: "the storage is away" };
/** As the registry says it: an engine that reads no detail takes it for a fault of the network, and repeats the call. */
const UNAUTHORIZED = {
  code: "UNAUTHORIZED",
  message: "authentication required",
  detail: [{ Type: "repository", Class: "", Name: "any", Action: "pull" }],
};

function passOn(
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
  seen: (status: number) => void,
): void {
  const { method, url, headers } = request;
  // With the name it was asked by, so that what it points to leads here again.
  const onward = forward({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    seen(answer.statusCode ?? 0);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.once("error", () => response.destroy());
  request.pipe(onward);
}
