import { NO_FAULTS } from "../../runners/faults.ts";
import type { OutsideFaults } from "../outside-points.ts";

/** An answer of a robot: its status, body and how long it asks us to wait. */
export type PostAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: "away"; readonly text: string };

const LIMIT_MS = 10_000;

/** Posts JSON to a robot's address: no redirects, ten seconds in all, and no word of the address in what comes back. */
export async function postJson(
  address: string,
  body: unknown,
  signal: AbortSignal,
  faults: OutsideFaults = NO_FAULTS,
): Promise<PostAnswer> {
  try {
    const response = await faults.around("chat.send", () =>
      fetch(address, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8" },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      }),
    );
    const text = (await response.text()).slice(0, 512);
    const wait = Number(response.headers.get("retry-after") ?? "");
    return {
      kind: "answer",
      status: response.status,
      body: text,
      retryAfterMs: Number.isFinite(wait) && wait > 0 ? wait * 1000 : null,
    };
  } catch (error) {
    return { kind: "away", text: reasonOf(error) };
  }
}

/** The code of a failed connection; the message of fetch would hold the address. */
function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError")
    return `no answer within ${LIMIT_MS / 1000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string")
    return `connection failed (${cause.code})`;
  return "connection failed";
}
