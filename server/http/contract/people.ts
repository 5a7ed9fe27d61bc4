import { z } from "zod";
import { AtMs, Id, ProjectKey, listOf } from "./common.ts";

/** Each role may do what those before it may. */
export const ROLES = ["viewer", "developer", "maintainer", "deployer", "admin"] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

export const Login = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,38}$/u, "lower-case letters, digits, dot, dash, underscore; at most 39");
export const Password = z.string().min(8).max(256);

/** Who asks: the person signed in or the owner of the token. `csrf` goes into the header `X-Sluice-CSRF` of every change made with the cookie. */
export const Me = z.object({
  id: Id,
  login: z.string(),
  name: z.string(),
  mail: z.string().nullable(),
  role: Role,
  csrf: z.string().nullable(),
  by: z.enum(["session", "token"]),
  signInExpiresAtMs: AtMs.nullable(),
});
export type Me = z.infer<typeof Me>;

/** First start: the claim from the printed link, and the first administrator. */
export const ClaimRequest = z.strictObject({
  claim: z.string().min(1).max(200),
  login: Login,
  name: z.string().min(1).max(120),
  mail: z.email().max(254).optional(),
  password: Password,
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** Sign-in by name and password; the answer sets the cookie. */
export const SignInRequest = z.strictObject({ login: z.string().max(254), password: z.string().max(256) });
export type SignInRequest = z.infer<typeof SignInRequest>;

/** Sign-in by a link that an administrator made; works once. A password may be set with it. */
export const LinkSignInRequest = z.strictObject({
  link: z.string().min(1).max(200),
  password: Password.optional(),
});
export type LinkSignInRequest = z.infer<typeof LinkSignInRequest>;

/** Whether the server has an owner yet; the only thing that it tells a stranger. */
export const Setup = z.object({ claimed: z.boolean(), version: z.string() });
export type Setup = z.infer<typeof Setup>;

export const User = z.object({
  id: Id,
  login: z.string(),
  name: z.string(),
  mail: z.string().nullable(),
  role: Role,
  disabled: z.boolean(),
  createdAtMs: AtMs,
  lastSignInAtMs: AtMs.nullable(),
});
export type User = z.infer<typeof User>;
export const Users = listOf(User);

export const CreateUserRequest = z.strictObject({
  login: Login,
  name: z.string().min(1).max(120),
  mail: z.email().max(254).optional(),
  role: Role,
  password: Password.optional(),
});
export type CreateUserRequest = z.infer<typeof CreateUserRequest>;

export const ChangeUserRequest = z.strictObject({
  name: z.string().min(1).max(120).optional(),
  mail: z.email().max(254).nullable().optional(),
  role: Role.optional(),
  disabled: z.boolean().optional(),
});
export type ChangeUserRequest = z.infer<typeof ChangeUserRequest>;

export const ChangePasswordRequest = z.strictObject({ old: z.string().max(256), password: Password });
export type ChangePasswordRequest = z.infer<typeof ChangePasswordRequest>;

/** A link that signs in once; the address is shown this one time. */
export const SignInLink = z.object({ url: z.string(), expiresAtMs: AtMs });
export type SignInLink = z.infer<typeof SignInLink>;

export const TOKEN_SCOPES = ["read", "build", "approve", "admin"] as const;
export const TokenScope = z.enum(TOKEN_SCOPES);
export type TokenScope = z.infer<typeof TokenScope>;

export const Token = z.object({
  id: Id,
  name: z.string(),
  owner: z.string(),
  scopes: z.array(TokenScope),
  createdAtMs: AtMs,
  expiresAtMs: AtMs,
  lastUsedAtMs: AtMs.nullable(),
});
export type Token = z.infer<typeof Token>;
export const Tokens = listOf(Token);

export const CreateTokenRequest = z.strictObject({
  name: z.string().min(1).max(120),
  scopes: z.array(TokenScope).min(1),
  days: z.int().min(1).max(366).default(90),
});
export type CreateTokenRequest = z.infer<typeof CreateTokenRequest>;

/** A new token; `value` is shown this one time. */
export const CreatedToken = Token.extend({ value: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

/** One row of the audit chain. */
export const AuditEntry = z.object({
  seq: Id,
  atMs: AtMs,
  actor: z.string(),
  address: z.string().nullable(),
  action: z.string(),
  object: z.string(),
  outcome: z.string(),
  text: z.string().nullable(),
  hash: z.string(),
  project: ProjectKey.nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
export const Audit = listOf(AuditEntry);
