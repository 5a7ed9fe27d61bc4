import { z } from "zod";

/** A commit id: SHA-1 or SHA-256, lower-case hexadecimal. */
export const Sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u);
export type Sha = z.infer<typeof Sha>;

/** The kinds of forge we speak with. */
export const ForgeType = z.enum(["github", "gitlab", "gitea", "git"]);
export type ForgeType = z.infer<typeof ForgeType>;

/** A change request as the forge stated it. `headRepoId` null means that the fork is gone: it is treated as one. */
export const ChangeRequest = z.object({
  number: z.int().positive(),
  action: z.enum(["opened", "updated", "reopened"]),
  title: z.string(),
  headSha: Sha,
  headRef: z.string(),
  headRepoId: z.string().nullable(),
  baseRef: z.string(),
  fork: z.boolean(),
  author: z.string(),
  authorId: z.string().nullable(),
  draft: z.boolean(),
});
export type ChangeRequest = z.infer<typeof ChangeRequest>;

/**
 * What a delivery means, the same for every forge. `ref` is the whole name (`refs/heads/main`), `name` the part
 * people use (`main`, `v1.2`, `12`). `before` null: there was nothing; `after` is the pushed object, for an
 * annotated tag not a commit; `commit` is null until the forge has been asked.
 */
export const TriggerEvent = z.object({
  kind: z.enum(["push", "tag", "change"]),
  forge: ForgeType,
  repoId: z.string().nullable(),
  repo: z.string(),
  ref: z.string(),
  name: z.string(),
  before: Sha.nullable(),
  after: Sha.nullable(),
  commit: Sha.nullable(),
  deleted: z.boolean(),
  skipCi: z.string().nullable(),
  title: z.string(),
  author: z.object({ name: z.string(), mail: z.string().nullable() }),
  actor: z.object({ login: z.string(), id: z.string().nullable() }),
  change: ChangeRequest.nullable(),
});
export type TriggerEvent = z.infer<typeof TriggerEvent>;
