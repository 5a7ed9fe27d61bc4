import type { Request, Response } from "express";
import type { z } from "zod";
import type { Identity } from "../auth/identity.ts";
import type { Endpoint } from "./contract.ts";
import { HttpProblem } from "./problem.ts";
import type { Actor } from "./world.ts";

/** One request on its way: who asks and what, all of it read by schema. */
export interface Context<Query, Body> {
  readonly request: Request;
  readonly response: Response;
  readonly requestId: string;
  /** The caller's address, for rules and the audit chain. */
  readonly address: string | null;
  readonly query: Query;
  readonly body: Body;
  /** A part of the path. @throws {HttpProblem} 404 when it is not there. */
  param(name: string): string;
  /** A part of the path that is an id. @throws {HttpProblem} 404 when it is none. */
  id(name: string): number;
  /** Who asks; null only where anyone may. */
  readonly identity: Identity | null;
  /** Who asks. @throws {HttpProblem} 401 */
  who(): Identity;
  /** Who asks, as other rooms know them. */
  actor(): Actor;
}

/** A call with its handler, ready to be mounted. */
export interface Route {
  readonly endpoint: Endpoint;
  run(raw: Context<unknown, unknown>): Promise<void>;
}

/** Joins a call of the contract with its handler. A JSON answer is what the handler gives; other kinds are written by it. */
export function route<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  endpoint: Endpoint & { readonly query: Query; readonly body: Body; readonly answer: Answer },
  handler: (context: Context<z.output<Query>, z.output<Body>>) => Promise<z.output<Answer> | undefined>,
): Route {
  return {
    endpoint,
    run: async (raw) => {
      const query = read(endpoint.query, raw.query, "query");
      const body = read(endpoint.body, raw.body, "body");
      const answer = await handler({ ...raw, query, body });
      // A log may have been sent as bytes by the handler itself.
      if (endpoint.kind !== "json" || raw.response.headersSent) return;
      raw.response.status(endpoint.status).json(answer);
    },
  };
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown, part: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    path: [part, ...issue.path].map(String).join("."),
    message: issue.message,
  }));
  const [first] = errors;
  throw new HttpProblem(
    400,
    "invalid_request",
    first === undefined ? "the request is wrong" : `${first.path}: ${first.message}`,
    { errors },
  );
}
