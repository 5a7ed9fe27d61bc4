import { once } from "node:events";
import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";

/** What a line does to what goes over it. */
export interface Weather {
  /** Added to every piece, each way. */
  readonly latencyMs: number;
  /** Each way and connection; null: as fast as it goes. */
  readonly bytesPerSecond: number | null;
  /** Of all pieces, the part (0 to 1) at which the connection is reset. */
  readonly resetShare: number;
  /** `reset`: connections break and new ones too; `silent`: they stay, and nothing comes through. */
  readonly cut: "none" | "reset" | "silent";
}

/** Where a line listens or leads: a port of loopback, or a unix socket. */
export type LineEnd = { readonly port: number } | { readonly path: string };

/** A proxy of bytes that can be slow, lossy or dead, and says how often it was. */
export interface Line {
  /** Where clients connect. 0 for one that listens on a unix socket. */
  readonly port: number;
  /** Changes it for open connections too; what is not named is fine again. */
  set(weather: Partial<Weather>): void;
  /** Connections taken, connections broken, and bytes passed both ways, since the start. */
  counts(): { readonly taken: number; readonly broken: number; readonly bytes: number };
  stop(): Promise<void>;
}

const FINE: Weather = { latencyMs: 0, bytesPerSecond: null, resetShare: 0, cut: "none" };
/** What a direction holds back before it lets its sender wait. */
const HELD_BYTES = 256 * 1024;

/** Starts a line in front of `to`, which need not be there yet. `random` gives 0 to 1, as `Math.random` does. */
export async function startLine(options: {
  readonly to: LineEnd;
  /** Default: a free port of loopback. */
  readonly at?: LineEnd;
  readonly weather?: Partial<Weather>;
  readonly random?: () => number;
}): Promise<Line> {
  const state: State = {
    weather: { ...FINE, ...options.weather },
    random: options.random ?? Math.random,
    pairs: new Set(),
    taken: 0,
    broken: 0,
    bytes: 0,
  };
  const server = createServer({ allowHalfOpen: true }, (client) => take(client, options.to, state));
  listen(server, options.at ?? { port: 0 });
  await once(server, "listening");
  const address = server.address();
  return {
    port: address === null || typeof address === "string" ? 0 : address.port,
    set: (weather) => {
      state.weather = { ...FINE, ...weather };
      for (const pair of state.pairs) {
        if (state.weather.cut === "reset") pair.break();
        else pair.look();
      }
    },
    counts: () => ({ taken: state.taken, broken: state.broken, bytes: state.bytes }),
    stop: async () => {
      for (const pair of state.pairs) pair.break();
      server.close();
      await once(server, "close");
    },
  };
}

interface State {
  weather: Weather;
  readonly random: () => number;
  readonly pairs: Set<Pair>;
  taken: number;
  broken: number;
  bytes: number;
}

/** One connection of a client and its continuation. */
interface Pair {
  break(): void;
  /** The weather has changed: what was held may go. */
  look(): void;
}

function listen(server: Server, at: LineEnd): void {
  if ("path" in at) server.listen(at.path);
  else server.listen(at.port, "127.0.0.1");
}

function take(client: Socket, to: LineEnd, state: State): void {
  state.taken += 1;
  if (state.weather.cut === "reset") {
    state.broken += 1;
    client.on("error", () => {});
    breakOff(client);
    return;
  }
  const options = "path" in to ? { path: to.path } : { port: to.port, host: "127.0.0.1" };
  const onward = connect({ ...options, allowHalfOpen: true });
  client.setNoDelay(true);
  onward.setNoDelay(true);
  const both = [client, onward];
  const pair: Pair = {
    break: () => {
      if (!state.pairs.delete(pair)) return;
      state.broken += 1;
      // A unix socket cannot be reset; destroying it is what its peer sees of one.
      for (const socket of both) socket.destroy();
      there.stop();
      back.stop();
    },
    look: () => {
      there.look();
      back.look();
    },
  };
  state.pairs.add(pair);
  const there = pour(client, onward, state, pair);
  const back = pour(onward, client, state, pair);
  for (const socket of both) {
    socket.on("error", () => pair.break());
    socket.on("close", () => {
      if (both.every(({ destroyed }) => destroyed)) state.pairs.delete(pair);
    });
  }
}

// A unix socket cannot be reset; destroying it is what its peer sees of one.
function breakOff(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

interface Direction {
  look(): void;
  stop(): void;
}

/** Passes on what comes, in order, each piece when its time has come. */
function pour(from: Socket, to: Socket, state: State, pair: Pair): Direction {
  const held: { piece: Buffer | null; dueMs: number }[] = []; // null: the sender has ended
  let heldBytes = 0;
  let lastDueMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const hold = (piece: Buffer | null): void => {
    const { latencyMs, bytesPerSecond } = state.weather;
    const sendingMs = bytesPerSecond === null ? 0 : ((piece?.length ?? 0) / bytesPerSecond) * 1000;
    lastDueMs = Math.max(performance.now() + latencyMs, lastDueMs) + sendingMs;
    held.push({ piece, dueMs: lastDueMs });
    heldBytes += piece?.length ?? 0;
    if (heldBytes > HELD_BYTES) from.pause();
    look();
  };
  const look = (): void => {
    clearTimeout(timer);
    while (state.weather.cut === "none") {
      const next = held[0];
      if (next === undefined) break;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(look, waitMs);
        return;
      }
      held.shift();
      if (next.piece === null) to.end();
      else pass(next.piece);
    }
  };
  const pass = (piece: Buffer): void => {
    heldBytes -= piece.length;
    state.bytes += piece.length;
    if (to.write(piece)) {
      if (heldBytes <= HELD_BYTES) from.resume();
      return;
    }
    from.pause();
    to.once("drain", () => {
      if (heldBytes <= HELD_BYTES) from.resume();
    });
  };
  from.on("data", (piece: Buffer) => {
    if (state.random() < state.weather.resetShare) pair.break();
    else hold(piece);
  });
  from.on("end", () => hold(null));
  return { look, stop: () => clearTimeout(timer) };
}
