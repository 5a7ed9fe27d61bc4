import type { IncomingMessage, ServerResponse } from "node:http";
import { isStoreError } from "../store/errors.ts";
import type { Buckets } from "../http/buckets.ts";
import { createBodyReader, drain } from "./read-body.ts";
import { receive } from "./receive.ts";
import type { ReceiveDeps } from "./receive.ts";
import { recordRefusal } from "./record.ts";

/** Where hooks live. */
export const HOOK_PATH = "/webhooks/";

/** Sent again it is the same delivery, so also one of which nobody knows whether it was committed is sent again. */
const AWAY = ["away", "closed", "full", "outcome_unknown"] as const;

/** What the plain handler needs beside receiving. */
export interface WebhookHandlerDeps extends ReceiveDeps {
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** Counts refused requests per address; null lets everything pass. */
  readonly refusals: Buckets | null;
  readonly addressOf: (request: IncomingMessage) => string | null;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** Answers `POST /webhooks/:hook`, in front of everything else because it must be quick. */
export type WebhookHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
) => Promise<void>;

/** Makes the handler. It answers every request, and throws on none. */
export function createWebhookHandler(deps: WebhookHandlerDeps): WebhookHandler {
  const bodies = createBodyReader();
  return async (request, response, requestId) => {
    try {
      await handle(request, response);
    } catch (error) {
      deps.onError(error, requestId);
      const away = AWAY.some((code) => isStoreError(error, code));
      if (away) response.setHeader("retry-after", "10");
      answer(response, away ? 503 : 500, {
        verdict: away ? "the database cannot be reached; send it again" : "our side failed",
      });
    }
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = deps.addressOf(request);
    const hook = hookIn(request.url ?? "");
    if (request.method !== "POST") {
      drain(request);
      response.setHeader("allow", "POST");
      return answer(response, 405, { verdict: "a hook takes POST" });
    }
    if (deps.refusals?.isEmpty(`${address} ${hook}`) === true) {
      response.setHeader("retry-after", "60");
      response.setHeader("connection", "close");
      answer(response, 429, { verdict: "too many refused requests from this address" });
      return drain(request);
    }
    const reading = await bodies.read(request);
    if (reading.kind === "gone") return;
    if (reading.kind === "refused") {
      response.setHeader("connection", "close");
      if (reading.status === 503) response.setHeader("retry-after", "5");
      // The answer goes first: the sender may be in the middle of writing.
      answer(response, reading.status, { verdict: reading.text });
      drain(request);
      return await noteUnread(request, hook, address, reading);
    }
    const result = await receive(deps, { hook, headers: headersOf(request), body: reading.body, address });
    if (result.kind === "refused") {
      deps.refusals?.take(`${address} ${hook}`);
      return answer(response, result.status, { verdict: result.text });
    }
    const { recorded, project } = result;
    answer(response, 202, {
      deliveryId: recorded.deliveryId,
      verdict: recorded.verdict,
      builds: recorded.builds.map((build) => ({
        ...build,
        url: `${deps.publicUrl}/p/${project.key}/b/${build.number}`,
      })),
    });
  }

  async function noteUnread(
    request: IncomingMessage,
    hook: string,
    address: string | null,
    reading: { status: number; sizeBytes: number; text: string },
  ): Promise<void> {
    deps.refusals?.take(`${address} ${hook}`);
    const project = await deps.projects.find(hook);
    await deps.store.call(recordRefusal, {
      hook: hook.slice(0, 64),
      projectId: project?.id ?? null,
      forge: project?.forgeType ?? null,
      eventName: null,
      headerNames: Object.keys(request.headers).slice(0, 100),
      bodySize: reading.sizeBytes,
      address,
      status: reading.status,
      reason: reading.text,
    });
  }
}

function hookIn(url: string): string {
  const path = url.split("?", 1)[0] ?? "";
  const hook = path.slice(HOOK_PATH.length);
  return /^[A-Za-z0-9_-]{1,128}$/u.test(hook) ? hook : "";
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  response.end(text);
}
