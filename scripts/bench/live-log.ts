import { LiveEvent } from "../../server/http/contract/events.ts";
import type { TestServer } from "../../test/support/server.ts";

/** Waits for the first output of a step as a reader of the page would see it; gives when it was heard of. */
export async function firstOutputOf(server: TestServer, build: number, step: number): Promise<number> {
  const closed = new AbortController();
  const answer = await fetch(`${server.url}/api/v1/events?topics=log:${build}.${step}`, {
    headers: { authorization: `Bearer ${server.token}` },
    signal: closed.signal,
  });
  if (answer.body === null) throw new Error(`the live events were answered ${answer.status}`);
  let text = "";
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const at = performance.now();
      text += chunk;
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      if (messages.some((message) => isAppended(message))) return at;
    }
  } finally {
    closed.abort();
  }
  throw new Error("the live events ended before the step's output");
}

function isAppended(message: string): boolean {
  const data = /^data: ?(.*)$/m.exec(message)?.[1];
  return data !== undefined && LiveEvent.parse(JSON.parse(data)).type === "log.appended";
}
