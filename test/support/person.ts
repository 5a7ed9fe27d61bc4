import assert from "node:assert/strict";
import { z } from "zod";
import { createTestApi } from "./api.ts";
import type { TestApi } from "./api.ts";
import type { TestServer } from "./server.ts";

/** Adds a person with that role and gives the API as they use it, by a token of their own. */
export async function addPerson(server: TestServer, login: string, role: string): Promise<TestApi> {
  const password = `the password of ${login}`;
  const made = await server.api.ask("POST", "/users", { login, name: login, role, password });
  assert.equal(made.status, 201, made.text);
  const entered = await send(`${server.url}/api/v1/sign-in`, { origin: server.url }, { login, password });
  const { csrf } = z.object({ csrf: z.string() }).parse(await entered.json());
  const cookie = entered.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const token = await send(
    `${server.url}/api/v1/tokens`,
    { origin: server.url, cookie, "x-sluice-csrf": csrf },
    { name: "test", scopes: ["read", "build", "approve"], days: 1 },
  );
  const { value } = z.object({ value: z.string() }).parse(await token.json());
  return createTestApi(server.url, value);
}

async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<Response> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${url} was answered ${answer.status}`);
  return answer;
}
