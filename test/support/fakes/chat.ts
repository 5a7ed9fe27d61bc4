import { once } from "node:events";
import { createServer } from "node:http";

/** Stands where Slack's incoming webhooks are: keeps each message and answers `ok`, as Slack does. */
export interface Chat {
  /** Bodies as they arrived. */
  readonly messages: readonly string[];
  /** An address like one of Slack's; its last part stands for the secret. */
  readonly hookUrl: string;
  stop(): Promise<void>;
}

/** Starts the chat on loopback. */
export async function startChat(): Promise<Chat> {
  const messages: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      messages.push(Buffer.concat(chunks).toString());
      response.setHeader("content-type", "text/plain").end("ok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    messages,
    hookUrl: `http://127.0.0.1:${address.port}/services/T000/B000/test`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
