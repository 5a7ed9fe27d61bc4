import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import { DamagedRecord, readOr } from "../builds/damaged.ts";
import { endDamaged } from "../builds/journal/fail-build.ts";
import type { BuildSeal } from "../builds/seal.ts";
import type { Store } from "../store/store.ts";
import { type OutgoingCommand, readCommands } from "./command-procedures.ts";

/** The open streams of runners: each is given its sessions' commands, once for each connection and until acked. */
export interface RunnerStreams {
  /** Serves the stream until the connection closes. */
  open(runnerId: number, response: ServerResponse): Promise<void>;
  /** Commands were written for these sessions. */
  poke(sessions: readonly string[]): void;
  isOpen(runnerId: number): boolean;
  closeAll(): void;
}

interface Stream {
  readonly runnerId: number;
  readonly response: ServerResponse;
  readonly sent: Set<string>;
  wanted: Set<string> | null;
  pumping: boolean;
}

const KEEP_ALIVE_MS = 10_000;

export function createRunnerStreams(deps: {
  readonly store: Store;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly log: Logger;
}): RunnerStreams {
  const { store, log } = deps;
  const streams = new Map<number, Stream>();

  async function pump(stream: Stream): Promise<void> {
    if (stream.pumping) return;
    stream.pumping = true;
    try {
      while (stream.wanted !== null && !stream.response.destroyed) {
        const sessions = stream.wanted.size === 0 ? null : [...stream.wanted];
        stream.wanted = null;
        const commands = await store.call(readCommands, { runnerId: stream.runnerId, sessions });
        const waking = new Set<string>();
        for (const command of commands) {
          // What comes behind an unpark waits until the containers stand again.
          if (waking.has(command.session) && command.type !== "close") continue;
          if (command.type === "unpark") waking.add(command.session);
          if (stream.sent.has(command.id)) continue;
          const body = await readBody(command);
          if (typeof body !== "object" || body === null) continue;
          const whole = { ...body, seq: command.seq, session: command.session, fence: command.fence };
          stream.sent.add(command.id);
          stream.response.write(`id: ${command.no}\nevent: command\ndata: ${JSON.stringify(whole)}\n\n`);
        }
      }
    } finally {
      stream.pumping = false;
    }
  }

  /** A command that cannot be read ends its build; what is for other builds of the runner goes on. */
  async function readBody(command: OutgoingCommand): Promise<unknown> {
    try {
      return await bodyOf(deps.sealOf, command);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      log.error({ build: command.buildId, command: command.id, err: error }, "a command cannot be read");
      await store.call(endDamaged, { buildId: command.buildId, text: error.message });
      return null;
    }
  }

  function want(stream: Stream, sessions: readonly string[] | null): void {
    // An empty set means all; whatever is asked while one look is under way is looked at next.
    if (sessions === null || stream.wanted?.size === 0) stream.wanted = new Set();
    else stream.wanted = new Set([...(stream.wanted ?? []), ...sessions]);
    void pump(stream).catch((err: unknown) => {
      log.error(
        { runner: stream.runnerId, err },
        "commands could not be sent; the runner will connect again",
      );
      stream.response.destroy();
    });
  }

  return {
    async open(runnerId, response) {
      streams.get(runnerId)?.response.destroy();
      const stream: Stream = { runnerId, response, sent: new Set(), wanted: null, pumping: false };
      streams.set(runnerId, stream);
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      response.write(": sluice\n\n");
      const alive = setInterval(() => {
        response.write(": alive\n\n");
        // Commands that no host of this process wrote: the end of a build from outside, or by another server.
        want(stream, null);
      }, KEEP_ALIVE_MS);
      want(stream, null);
      await new Promise<void>((resolve) => {
        response.once("close", resolve);
      });
      clearInterval(alive);
      if (streams.get(runnerId) === stream) streams.delete(runnerId);
    },
    poke(sessions) {
      if (sessions.length === 0) return;
      for (const stream of streams.values()) want(stream, sessions);
    },
    isOpen: (runnerId) => streams.has(runnerId),
    closeAll() {
      for (const stream of streams.values()) stream.response.destroy();
      streams.clear();
    },
  };
}

/** What a command says beside its numbers, for whoever hands it to a runner. @throws {DamagedRecord} */
export async function bodyOf(
  sealOf: (buildId: number) => Promise<BuildSeal>,
  command: OutgoingCommand,
): Promise<unknown> {
  if (command.body.length === 0) return { id: command.id, type: command.type };
  const seal = await sealOf(command.buildId);
  return readOr(`command ${command.id} of this build`, () =>
    JSON.parse(seal.open(`command ${command.id}`, command.body)),
  );
}
