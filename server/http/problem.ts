import type { Refusal } from "./world.ts";

/** A request that ends in a problem document. Handlers throw it; everything else thrown is our own fault. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly code: string;
  readonly errors: readonly { path: string; message: string }[];
  readonly retryAfterSeconds: number | null;
  constructor(
    status: number,
    code: string,
    text: string,
    more: { errors?: readonly { path: string; message: string }[]; retryAfterSeconds?: number } = {},
  ) {
    super(text);
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "The request is wrong",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Somebody was first",
  413: "Too large",
  415: "Unsupported content type",
  422: "Cannot be done",
  429: "Too many requests",
  500: "Our side failed",
  503: "Not ready",
};

/** The document of RFC 9457. */
export function problemDocument(problem: HttpProblem, requestId: string): Record<string, unknown> {
  return {
    type: "about:blank",
    title: TITLES[problem.status] ?? "The request failed",
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    requestId,
    ...(problem.errors.length === 0 ? {} : { errors: problem.errors }),
  };
}

/** 404 for something that is not there, or that the asker may not know of. */
export function notFound(what: string): HttpProblem {
  return new HttpProblem(404, "not_found", `there is no ${what}`);
}

/** The value of an outcome; a refusal becomes its problem. */
export function valueOf<Value>(outcome: { readonly ok: true; readonly value: Value } | Refusal): Value {
  if (outcome.ok) return outcome.value;
  throw new HttpProblem(outcome.status, outcome.code, outcome.text);
}
