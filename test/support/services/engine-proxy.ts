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
  stop(): Promise<void>;
}

/** Starts the proxy in front of the engine that all tests use. */
export async function startEngineProxy(): Promise<EngineProxy> {
  let updates = 0;
  const server = createServer((request, response) => {
    passOn(request, response, (status) => {
      const isUpdate = request.method === "POST" && /\/services\/[^/]+\/update\b/u.test(request.url ?? "");
      if (isUpdate && status < 300) updates += 1;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    address: `tcp://127.0.0.1:${address.port}`,
    takeUpdates: () => {
      const taken = updates;
      updates = 0;
      return taken;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, seen: (status: number) => void): void {
  const engine = new URL(engineAddress());
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
