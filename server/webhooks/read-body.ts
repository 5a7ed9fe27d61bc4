import type { IncomingMessage } from "node:http";

/** The largest delivery we take. Above it the sweep builds the head. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** Bytes of deliveries that may be in memory at once before anybody has proved anything. */
export const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** How long a body may take to arrive. */
const ARRIVE_MS = 30_000;

/** What is read and thrown away of a refused body, so that the sender hears the answer before the connection goes. */
const DRAIN_BYTES = 64 * 1024 * 1024;
const DRAIN_MS = 10_000;

/** The body, or why it is not read further. */
export type BodyReading =
  | { readonly kind: "read"; readonly body: Buffer }
  | {
      readonly kind: "refused";
      readonly status: 408 | 413 | 415 | 503;
      readonly sizeBytes: number;
      readonly text: string;
    }
  | { readonly kind: "gone" };

/** Reads bodies up to the limit, all requests together up to theirs. */
export interface BodyReader {
  read(request: IncomingMessage): Promise<BodyReading>;
}

/** Makes a reader with a budget of its own. */
export function createBodyReader(
  limits = { bodyBytes: MAX_BODY_BYTES, inFlightBytes: MAX_IN_FLIGHT_BYTES },
): BodyReader {
  let inFlightBytes = 0;
  return { read };

  async function read(request: IncomingMessage): Promise<BodyReading> {
    if (request.headers["content-encoding"] !== undefined) {
      return { kind: "refused", status: 415, sizeBytes: 0, text: "send the body without Content-Encoding" };
    }
    const declared = Number(request.headers["content-length"] ?? 0);
    if (declared > limits.bodyBytes) return tooLarge(declared);
    return await collect(request);
  }

  function collect(request: IncomingMessage): Promise<BodyReading> {
    const { promise, resolve } = Promise.withResolvers<BodyReading>();
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const late = setTimeout(
      () => end({ kind: "refused", status: 408, sizeBytes, text: "the body did not arrive in time" }),
      ARRIVE_MS,
    );
    const end = (reading: BodyReading): void => {
      clearTimeout(late);
      request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      inFlightBytes -= sizeBytes;
      resolve(reading);
    };
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.byteLength;
      inFlightBytes += chunk.byteLength;
      if (sizeBytes > limits.bodyBytes) end(tooLarge(sizeBytes));
      else if (inFlightBytes > limits.inFlightBytes) {
        end({ kind: "refused", status: 503, sizeBytes, text: "too many deliveries at once; send it again" });
      } else chunks.push(chunk);
    };
    const onEnd = (): void =>
      end({ kind: "read", body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
    const onGone = (): void => end({ kind: "gone" });
    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
    return promise;
  }

  function tooLarge(sizeBytes: number): BodyReading {
    return {
      kind: "refused",
      status: 413,
      sizeBytes,
      text: `a delivery has at most ${limits.bodyBytes} bytes`,
    };
  }
}

/**
 * Lets a sender finish a body that nobody wants, for a while: closing at once would reset the connection, and the
 * sender would see a broken pipe instead of the answer.
 */
export function drain(request: IncomingMessage): void {
  let left = DRAIN_BYTES;
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  timer.unref();
  request.on("error", () => {});
  request.on("close", () => clearTimeout(timer));
  request.on("end", () => clearTimeout(timer));
  request.on("data", (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) request.destroy();
  });
  request.resume();
}
