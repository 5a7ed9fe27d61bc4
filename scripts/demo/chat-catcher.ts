import { once } from "node:events";
import { createServer } from "node:http";

/** One message that a chat would have shown. */
export interface ChatMessage {
  readonly atMs: number;
  readonly path: string;
  readonly body: string;
}

/** Stands where Slack's incoming webhooks would be: takes messages and answers `ok`, as Slack does. */
export interface ChatCatcher {
  readonly messages: readonly ChatMessage[];
  /** The address to give to Sluice; its last part stands for the secret of a real one. */
  readonly hookUrl: string;
  stop(): Promise<void>;
}

const HOOK_PATH = "/services/T000/B000/demo";
const MOST_BYTES = 1024 * 1024;

/** Starts the catcher; `GET /` is a page for people. */
export async function startChatCatcher(
  port: number,
  page: (messages: readonly ChatMessage[]) => string,
): Promise<ChatCatcher> {
  const messages: ChatMessage[] = [];
  const server = createServer((request, response) => {
    if (request.method !== "POST") {
      response.setHeader("content-type", "text/html; charset=utf-8").end(page(messages));
      return;
    }
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
      if (body.length > MOST_BYTES) request.destroy();
    });
    request.once("end", () => {
      messages.push({ atMs: Date.now(), path: request.url ?? "", body });
      response.setHeader("content-type", "text/plain").end("ok");
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    messages,
    hookUrl: `http://localhost:${address.port}${HOOK_PATH}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
