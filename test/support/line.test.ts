import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { temporaryFolder } from "./services/folder.ts";
import { startLine } from "./services/line.ts";
import type { Line, LineEnd, Weather } from "./services/line.ts";
import { until } from "./services/until.ts";
import { createStops } from "./stops.ts";

describe("a line that can be bad", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("passes on every byte in order, both ways, and the end of each side", async () => {
    const line = await lineToEcho({});
    const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));
    const socket = connectTo({ port: line.port });
    socket.end(sent);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "end");
    assert.ok(Buffer.concat(chunks).equals(sent));
    assert.equal(line.counts().bytes, 2 * sent.length);
    assert.equal(line.counts().broken, 0);
  });

  it("takes its time where it is told so", async () => {
    const line = await lineToEcho({ latencyMs: 150 });
    const startedAtMs = performance.now();
    assert.equal(await echoed({ port: line.port }, "slow"), "slow");
    assert.ok(performance.now() - startedAtMs >= 295, "150 ms there and 150 ms back");
    line.set({ bytesPerSecond: 10_000 });
    const againAtMs = performance.now();
    await echoed({ port: line.port }, "x".repeat(2000));
    assert.ok(performance.now() - againAtMs >= 390, "2,000 bytes at 10,000 a second, there and back");
  });

  it("breaks connections as often as chance says", async () => {
    const throws = [0.5, 0.5, 0.005];
    const line = await lineToEcho({ resetShare: 0.01 }, () => throws.shift() ?? 0.5);
    assert.equal(await echoed({ port: line.port }, "one"), "one");
    await assert.rejects(echoed({ port: line.port }, "two"));
    assert.equal(await echoed({ port: line.port }, "three"), "three");
    assert.equal(line.counts().broken, 1);
  });

  it("may be cut: broken at once, or silent until it is mended, when what was sent arrives", async () => {
    const line = await lineToEcho({});
    const socket = connectTo({ port: line.port });
    socket.write("a");
    await once(socket, "data");
    line.set({ cut: "silent" });
    socket.write("b");
    let heard = "";
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    const other = connectTo({ port: line.port });
    other.write("c");
    await until("the other one was taken", () => line.counts().taken === 2);
    assert.equal(heard, "");
    line.set({});
    await until("what was held has come", () => heard === "b");
    line.set({ cut: "reset" });
    await once(socket, "close");
    await assert.rejects(echoed({ port: line.port }, "d"));
    line.set({});
    assert.equal(await echoed({ port: line.port }, "e"), "e");
  });

  it("leads from and to unix sockets", async () => {
    const folder = await temporaryFolder("line");
    stops.add(() => folder.remove());
    const to = { path: join(folder.path, "to") };
    const at = { path: join(folder.path, "at") };
    await echoAt(to);
    const line = await startLine({ to, at });
    stops.add(() => line.stop());
    assert.equal(await echoed(at, "here"), "here");
  });

  async function lineToEcho(weather: Partial<Weather>, random?: () => number): Promise<Line> {
    const to = await echoAt({ port: 0 });
    const line = await startLine({ to, weather, ...(random === undefined ? {} : { random }) });
    stops.add(() => line.stop());
    return line;
  }

  async function echoAt(end: LineEnd): Promise<LineEnd> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    if ("path" in end) server.listen(end.path);
    else server.listen(end.port, "127.0.0.1");
    await once(server, "listening");
    stops.add(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    const address = server.address();
    return address === null || typeof address === "string" ? end : { port: address.port };
  }

  function connectTo(end: LineEnd): Socket {
    const socket = "path" in end ? connect(end.path) : connect(end.port, "127.0.0.1");
    socket.on("error", () => {});
    stops.add(async () => void socket.destroy());
    return socket;
  }

  /** Sends a text and gives what comes back of the same length. @throws when the connection breaks before */
  async function echoed(end: LineEnd, text: string): Promise<string> {
    const socket = connectTo(end);
    socket.write(text);
    let heard = "";
    return await new Promise((resolve, reject) => {
      socket.on("data", (chunk: Buffer) => {
        heard += chunk.toString();
        if (heard.length >= text.length) resolve(heard);
      });
      socket.once("close", () => reject(new Error("the connection broke")));
    });
  }
});
