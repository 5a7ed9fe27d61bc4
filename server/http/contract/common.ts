import { z } from "zod";
import { WAIT_CAUSES } from "../../waits/cause.ts";

/** The number of a build row, gate, deployment or delivery, unique in the instance; builds also have a number per project. */
export const Id = z.int().positive();
export type Id = z.infer<typeof Id>;

/** A moment as milliseconds since 1970, UTC. */
export const AtMs = z.int().nonnegative();
export type AtMs = z.infer<typeof AtMs>;

/** The short name of a project in addresses. */
export const ProjectKey = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/u);
export type ProjectKey = z.infer<typeof ProjectKey>;

/** Whose fault an ending is. The page never merges them. */
export const Fault = z.enum(["command", "file", "sluice", "person"]);
export type Fault = z.infer<typeof Fault>;

/** Why something ended other than well: `code` from the closed list of typed reasons, `text` for people. */
export const Reason = z.object({ code: z.string(), fault: Fault, text: z.string() });
export type Reason = z.infer<typeof Reason>;

/**
 * Why something does not go on, since when, until when at most, and who or what can end it. `gate` and `build` name the
 * thing that holds it up, where there is one; a build is named by its number.
 */
export const Wait = z.object({
  cause: z.enum(WAIT_CAUSES),
  text: z.string(),
  sinceAtMs: AtMs,
  untilAtMs: AtMs.nullable(),
  endedBy: z.string(),
  gate: Id.nullable(),
  build: Id.nullable(),
});
export type Wait = z.infer<typeof Wait>;

/** A person as shown: `login` is the name at the forge or here, where it is known. */
export const Person = z.object({ name: z.string(), login: z.string().nullable() });
export type Person = z.infer<typeof Person>;

/** A list; `next` is the cursor for the following page, null at the end. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** What every list takes: how many, and from which cursor. */
export const Page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.string().max(200).optional(),
});
export type Page = z.infer<typeof Page>;

/**
 * Every error answer (RFC 9457, `application/problem+json`). `code` is stable and searchable: `not_set_up`,
 * `not_signed_in`, `forbidden`, `not_found`, `invalid_request`, `conflict`, `plan_stale`, `already_decided`,
 * `too_many_requests`, `internal_error` and more; `requestId` is what the server's log has too.
 */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** An answer that says only that it was done. */
export const Done = z.object({ done: z.literal(true) });
export type Done = z.infer<typeof Done>;
