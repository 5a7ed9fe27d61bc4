import { z } from "zod";

const Person = z.object({ name: z.string().nullish(), email: z.string().nullish() });
const User = z.object({ login: z.string(), id: z.int() });

export const Repository = z.object({ id: z.int(), full_name: z.string() });

/** The part of a push event we read, as Gitea 1.26 sends it. */
export const PushEvent = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(), // for an annotated tag the tag object
  head_commit: z.object({ id: z.string(), message: z.string(), author: Person }).nullish(),
  repository: Repository,
  pusher: User.nullish(),
  sender: User.nullish(),
});
export type PushEvent = z.infer<typeof PushEvent>;

/** A branch or tag that was deleted; `ref` is the short name. A deleted tag sends a push as well. */
export const DeleteEvent = z.object({
  ref: z.string(),
  ref_type: z.string(),
  repository: Repository,
  sender: User.nullish(),
});
export type DeleteEvent = z.infer<typeof DeleteEvent>;

/** The part of a pull request event we read. `head.repo_id` is -1 once the fork is gone. */
export const PullRequestEvent = z.object({
  action: z.string(),
  number: z.int().positive(),
  pull_request: z.object({
    title: z.string(),
    draft: z.boolean().nullish(),
    user: User,
    head: z.object({ ref: z.string(), sha: z.string(), repo_id: z.int() }),
    base: z.object({ ref: z.string(), repo_id: z.int() }),
  }),
  repository: Repository,
  sender: User.nullish(),
});
export type PullRequestEvent = z.infer<typeof PullRequestEvent>;
