import { ROLES } from "../http/contract/people.ts";
import type { Role, TokenScope } from "../http/contract/people.ts";

/** Whether a role may do what needs another: each may do what those before it in the list may. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Whether a token with these scopes may make a call that needs one: `admin` holds all, every scope may read. */
export function hasScope(scopes: readonly TokenScope[], needed: TokenScope): boolean {
  return needed === "read" || scopes.includes("admin") || scopes.includes(needed);
}
