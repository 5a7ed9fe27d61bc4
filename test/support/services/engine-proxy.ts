import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { engineAddress } from "./docker.ts";

/** An Engine's address that lets everything through and counts the writes to Swarm services. */
export interface EngineProxy {
  /** As in DOCKER_HOST. */
  readonly address: string;
  /** Updates of services that the Engine took since the last call of this. */
  takeUpdates(): number;
  /** All updates that the Engine took, with what they said, in the order of its answers. */
  readonly updates: readonly string[];
  stop(): Promise<void>;
}

/** Starts the proxy in front of an engine, by default the one that all tests use. */
export async function startEngineProxy(engineHost = engineAddress()): Promise<EngineProxy> {
  const updates: string[] = [];
  let told = 0;
  const server = createServer((request, response) => {
    const isUpdate = request.method === "POST" && /\/services\/[^/]+\/update\b/u.test(request.url ?? "");
    let body = "";
    if (isUpdate) request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    passOn(new URL(engineHost), request, response, (status) => {
      if (isUpdate && status < 300) updates.push(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    address: `tcp://127.0.0.1:${address.port}`,
    updates,
    takeUpdates: () => {
      const taken = updates.length - told;
      told = updates.length;
      return taken;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function passOn(
  engine: URL,
  request: IncomingMessage,
  response: ServerResponse,
  seen: (status: number) => void,
): void {
  const where =
    engine.protocol === "unix:"
      ? { socketPath: engine.pathname }
      : { host: engine.hostname, port: Number(engine.port) };
  const onward = forward(
    { ...where, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      seen(answer.statusCode ?? 0);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onward.once("error", () => response.destroy());
  request.pipe(onward);
}
