import type { Request, Response } from "express";
import { SIGN_IN_MS } from "../auth/rows.ts";

/** The cookie of a sign-in. On https the prefix makes browsers refuse one that another host or path has set. */
export function cookieName(publicUrl: string): string {
  return publicUrl.startsWith("https:") ? "__Host-sluice" : "sluice";
}

/** The sign-in token of a request's cookie, or null. */
export function readCookie(request: Pick<Request, "headers">, publicUrl: string): string | null {
  const name = cookieName(publicUrl);
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined && /^[A-Za-z0-9_-]{43}$/u.test(value)) return value;
  }
  return null;
}

/** Sets the cookie, or takes it away. */
export function writeCookie(response: Response, publicUrl: string, token: string | null): void {
  const secure = publicUrl.startsWith("https:") ? "; Secure" : "";
  const age = token === null ? 0 : Math.floor(SIGN_IN_MS / 1000);
  response.append(
    "set-cookie",
    `${cookieName(publicUrl)}=${token ?? ""}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${secure}`,
  );
}
