/**
 * Sends pushes as fast as they are accepted, as a process of its own: keep-alive connections, each with one request
 * under way. Arguments: address, secret, repository, commit, connections, milliseconds. Prints accepted pushes a second.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

import { z } from "zod";

import { signedPush } from "./push.ts";

const [address, secret, repository, commit, connections, durationMs] = z
  .tuple([z.url(), z.string(), z.string(), z.string(), z.coerce.number(), z.coerce.number()])
  .parse(process.argv.slice(2));
const { hostname, port, pathname } = new URL(address);
let sent = 0;
let accepted = 0;

const startedAt = performance.now();
await Promise.all(Array.from({ length: connections }, () => sendUntil(startedAt + durationMs)));
console.log(`${accepted / ((performance.now() - startedAt) / 1000)}`);

async function sendUntil(endsAt: number): Promise<void> {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const answers = statusesOf(socket);
  while (performance.now() < endsAt) {
    socket.write(nextRequest());
    const { value } = await answers.next();
    if (value !== 202) throw new Error(`a push was answered ${value}`);
    accepted += 1;
  }
  socket.destroy();
}

// Each push is of a branch of its own: nothing is a repeat, and every one makes a build.
function nextRequest(): string {
  sent += 1;
  const push = { repository, ref: `refs/heads/load-${process.pid}-${sent}`, commit };
  const { headers, body } = signedPush(push, secret);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join("")}\r\n${body}`;
}

/** Reads answers that carry a Content-Length: no more of HTTP is needed here, and a whole client would cost more than the server. */
async function* statusesOf(socket: Socket): AsyncGenerator<number> {
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) break;
      const length = Number(/\r\ncontent-length: (\d+)/iu.exec(text.slice(0, head))?.[1]);
      if (text.length < head + 4 + length) break;
      yield Number(text.slice(9, 12));
      text = text.slice(head + 4 + length);
    }
  }
}
