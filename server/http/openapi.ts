import { z } from "zod";
import { api } from "./contract.ts";
import type { Endpoint } from "./contract.ts";
import { Problem } from "./contract/common.ts";

/** The OpenAPI document of `/api/v1`, made from the contract: it cannot say anything else than what the routes do. */
export function openApiDocument(publicUrl: string, version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, endpoint] of Object.entries(api)) {
    const path = endpoint.path.replaceAll(/:([A-Za-z]+)/gu, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method]: operation(name, endpoint) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version,
      description: "Lists answer {items, next}; errors are RFC 9457 problem documents.",
    },
    servers: [{ url: `${publicUrl}/api/v1` }],
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

function operation(name: string, endpoint: Endpoint): Record<string, unknown> {
  const inPath = [...endpoint.path.matchAll(/:([A-Za-z]+)/gu)].map((found) => ({
    name: found[1],
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const body = schemaOf(endpoint.body, "input");
  const hasBody =
    endpoint.method !== "get" && Object.keys(propertiesOf(body)).length + (isChoice(body) ? 1 : 0) > 0;
  return {
    operationId: name,
    summary: endpoint.summary,
    description: `Needs ${endpoint.policy.role === "anyone" ? "nobody signed in" : `the role ${endpoint.policy.role}, a token the scope ${endpoint.policy.scope}`}.`,
    parameters: [...inPath, ...queryParameters(endpoint)],
    ...(hasBody ? { requestBody: { content: { "application/json": { schema: body } } } } : {}),
    responses: {
      [endpoint.status]: { description: "Done", content: contentOf(endpoint) },
      default: {
        description: "A problem",
        content: { "application/problem+json": { schema: schemaOf(Problem, "output") } },
      },
    },
    ...(endpoint.policy.role === "anyone" ? { security: [] } : {}),
  };
}

function contentOf(endpoint: Endpoint): Record<string, unknown> {
  if (endpoint.kind === "json")
    return { "application/json": { schema: schemaOf(endpoint.answer, "output") } };
  const type = { text: "text/plain", stream: "text/event-stream", file: "application/octet-stream" }[
    endpoint.kind
  ];
  return { [type]: { schema: { type: "string" } } };
}

function queryParameters(endpoint: Endpoint): Record<string, unknown>[] {
  return Object.entries(propertiesOf(schemaOf(endpoint.query, "output"))).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    schema,
  }));
}

type Json = Record<string, unknown>;
const Properties = z.record(z.string(), z.unknown()).catch({});

function propertiesOf(schema: Json): Json {
  return Properties.parse(schema["properties"]);
}

function isChoice(schema: Json): boolean {
  return schema["oneOf"] !== undefined || schema["anyOf"] !== undefined;
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = Properties.parse(z.toJSONSchema(schema, { io, unrepresentable: "any" }));
  return rest;
}
