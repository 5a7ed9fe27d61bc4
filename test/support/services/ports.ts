import { once } from "node:events";
import { createServer } from "node:net";

const ATTEMPTS = 5;

/** A TCP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  return await boundPort(0);
}

/** `wanted` if nothing listens there, else some free port. */
export async function freePortNear(wanted: number): Promise<number> {
  try {
    return await boundPort(wanted);
  } catch {
    return await freePort();
  }
}

/** Whether `port` can be bound on every address of this machine. */
export async function isFree(port: number): Promise<boolean> {
  try {
    await boundPort(port);
    return true;
  } catch {
    return false;
  }
}

/** Starts something that takes its port as a number, again with another one when somebody was quicker. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  let last: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function boundPort(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, port === 0 ? "127.0.0.1" : undefined);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}
