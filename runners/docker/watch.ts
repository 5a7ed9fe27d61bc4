import { Readable } from "node:stream";
import { z } from "zod";
import { pause } from "../pause.ts";
import { INSTANCE_LABEL } from "./containers.ts";
import type { Engine } from "./engine.ts";

const Event = z.object({ id: z.string(), status: z.string() });
const RETRY_MS = 500;

/**
 * Tells of containers of this instance that ended, from the engine's events. After every gap (the daemon was away) it says
 * `unsure`: then everything must be looked at. Runs until `signal`.
 */
export async function watchContainers(
  engine: Engine,
  instance: string,
  on: { died(id: string): void; unsure(): void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const answer = await engine.send("docker.events", (docker) =>
        docker.getEvents({
          filters: { label: [`${INSTANCE_LABEL}=${instance}`], event: ["die"], type: ["container"] },
          abortSignal: signal,
        }),
      );
      on.unsure();
      for await (const event of eventsOf(answer, signal)) if (event.status === "die") on.died(event.id);
    } catch {
      // The daemon is away: steps go on without it.
    }
    await pause(RETRY_MS, signal);
  }
}

async function* eventsOf(
  answer: NodeJS.ReadableStream,
  signal: AbortSignal,
): AsyncGenerator<z.infer<typeof Event>> {
  const stream = Readable.from(answer);
  const stop = (): void => {
    stream.destroy();
    if (answer instanceof Readable) answer.destroy();
  };
  signal.addEventListener("abort", stop);
  try {
    let rest = "";
    for await (const chunk of stream) {
      rest += String(chunk);
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event = Event.safeParse(jsonOf(line));
        if (event.success) yield event.data;
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
