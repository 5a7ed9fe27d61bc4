import { z } from "zod";

/** The server could not be asked, or said no; the text is for the person at the terminal. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number | null;
  constructor(message: string, status: number | null) {
    super(message);
    this.status = status;
  }
}

const Problem = z.object({ title: z.string().optional(), detail: z.string().optional() });

/** Calls the API of the server that SLUICE_URL and SLUICE_TOKEN name. @throws {ApiError} */
export async function callApi<T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
): Promise<T> {
  const base = (process.env["SLUICE_URL"] ?? "http://localhost:3000").replace(/\/+$/u, "");
  const token = process.env["SLUICE_TOKEN"];
  if (token === undefined || token === "")
    throw new ApiError(
      "SLUICE_TOKEN is not set: make a token on the page under your name, and export it",
      null,
    );
  let response: Response;
  try {
    response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(`${base} does not answer: is the server running, and is SLUICE_URL right?`, null);
  }
  const text = await response.text();
  const read: unknown = text === "" ? null : parsed(text);
  if (!response.ok) {
    const problem = Problem.safeParse(read);
    const said = problem.success ? (problem.data.detail ?? problem.data.title ?? "") : text.slice(0, 300);
    throw new ApiError(`${response.status}: ${said}`, response.status);
  }
  return schema.parse(read);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
