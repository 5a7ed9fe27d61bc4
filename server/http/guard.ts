import type { Request } from "express";
import { identifyBySignIn, identifyByToken } from "../auth/identity.ts";
import type { Identity } from "../auth/identity.ts";
import { hasScope, isAtLeast } from "../auth/roles.ts";
import { sameText } from "../forges/signature.ts";
import { readCookie } from "./cookies.ts";
import type { Endpoint } from "./contract.ts";
import { HttpProblem } from "./problem.ts";
import type { World } from "./world.ts";

/** Finds out who asks: a token in the header, else the cookie. A token that is wrong is refused, never taken for nobody. */
export async function identify(world: World, request: Request): Promise<Identity | null> {
  const header = request.headers.authorization;
  const nowMs = world.clock.nowMs();
  if (header !== undefined) {
    const token = /^Bearer ([A-Za-z0-9_-]{1,200})$/u.exec(header)?.[1];
    const identity = token === undefined ? null : await identifyByToken(world.store, token, nowMs);
    if (identity === null)
      throw new HttpProblem(401, "not_signed_in", "the token is unknown, expired or revoked");
    return identity;
  }
  const cookie = readCookie(request, world.config.publicUrl);
  return cookie === null ? null : await identifyBySignIn(world.store, cookie, nowMs);
}

/** Lets a call pass whose caller may make it. @throws {HttpProblem} 401, 403 */
export function authorise(
  world: World,
  endpoint: Endpoint,
  identity: Identity | null,
  request: Request,
): void {
  const changes = endpoint.method !== "get";
  if (changes && identity?.by !== "token") requireOwnPage(world, identity, request);
  const { role, scope } = endpoint.policy;
  if (role === "anyone") return;
  if (identity === null) throw new HttpProblem(401, "not_signed_in", "sign in first");
  if (!isAtLeast(identity.role, role)) {
    throw new HttpProblem(403, "forbidden", `this needs the role ${role}; you are ${identity.role}`);
  }
  if (identity.by === "token" && !hasScope(identity.scopes, scope)) {
    throw new HttpProblem(403, "forbidden", `this token lacks the scope ${scope}`);
  }
}

/** A change made with the cookie must come from our own page: the browser says whence, and the page knows a word of ours. */
function requireOwnPage(world: World, identity: Identity | null, request: Request): void {
  if (request.headers.origin !== undefined) requireOwnOrigin(world, request);
  const site = request.headers["sec-fetch-site"];
  const isHttps = world.config.publicUrl.startsWith("https:");
  if (isHttps && site !== undefined && site !== "same-origin" && site !== "none") {
    throw new HttpProblem(403, "cross_site", "this request comes from another site");
  }
  if (identity === null) return;
  const given = request.headers["x-sluice-csrf"];
  if (
    request.headers.origin === undefined ||
    typeof given !== "string" ||
    identity.csrf === null ||
    !sameText(given, identity.csrf)
  ) {
    throw new HttpProblem(
      403,
      "cross_site",
      "this request does not come from our page: Origin or X-Sluice-CSRF is missing or wrong",
    );
  }
}

/** Refuses a page of another origin. Without a public URL set, a loopback name that the request itself uses is ours too. */
export function requireOwnOrigin(world: World, request: Request): void {
  const { origin, host } = request.headers;
  if (origin === undefined || origin === new URL(world.config.publicUrl).origin) return;
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/u.test(host ?? "");
  if (!world.config.publicUrlSet && isLoopback && origin === `http://${host ?? ""}`) return;
  throw new HttpProblem(
    403,
    "cross_site",
    `this request comes from ${origin.slice(0, 200)}, the server is ${world.config.publicUrl}`,
  );
}
