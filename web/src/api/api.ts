import type { Answer, EndpointName, RequestBody } from "../../../server/http/contract.ts";
import type { Problem } from "../../../server/http/contract/common.ts";

/** An answer of the server that is not what was asked for; `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(status: number, code: string, message: string, requestId: string | undefined) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

const BASE = "/api/v1";

async function problemOf(response: Response): Promise<ApiError> {
  const header = response.headers.get("x-request-id") ?? undefined;
  if (response.headers.get("content-type")?.includes("json") !== true) {
    return new ApiError(response.status, "", `${response.status} ${response.statusText}`, header);
  }
  const problem: Partial<Problem> = await response.json();
  const fields = (problem.errors ?? []).map((error) => `${error.path}: ${error.message}`).join("; ");
  const said = problem.detail ?? problem.title ?? `${response.status} ${response.statusText}`;
  return new ApiError(
    response.status,
    problem.code ?? "",
    fields === "" ? said : `${said} (${fields})`,
    problem.requestId ?? header,
  );
}

/** The body of an answer; one that was cut off on its way is no answer. */
async function bodyOf<T>(response: Response, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await response.json();
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new ApiError(0, "no_answer", "", undefined);
  }
}

/** The calls of `/api/v1`. Answers are typed by the contract and not parsed again: page and server are one release. */
export class Api {
  #csrf: string | null = null;

  /** The word that every change made with the sign-in cookie must carry; it comes with who is signed in. */
  useCsrf(csrf: string | null): void {
    this.#csrf = csrf;
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${BASE}${path}`, { credentials: "same-origin", ...init });
    } catch (cause) {
      if (init.signal?.aborted === true) throw cause;
      throw new ApiError(0, "no_answer", "", undefined);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /** Reads one thing or list. */
  async read<Name extends EndpointName>(path: string, signal?: AbortSignal): Promise<Answer<Name>> {
    const response = await this.#ask(path, {
      headers: { accept: "application/json" },
      signal: signal ?? null,
    });
    return await bodyOf(response, signal);
  }

  /** Asks the server to do something. Never sent twice by itself: a lost answer does not mean a lost request. */
  async send<Name extends EndpointName>(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: RequestBody<Name>,
  ): Promise<Answer<Name>> {
    const headers: Record<string, string> = {
      accept: "application/json",
      "content-type": "application/json",
    };
    if (this.#csrf !== null) headers["x-sluice-csrf"] = this.#csrf;
    const response = await this.#ask(path, { method, headers, body: JSON.stringify(body ?? {}) });
    return await bodyOf(response, undefined);
  }
}
