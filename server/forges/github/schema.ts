import { z } from "zod";

const Person = z.object({ name: z.string().nullish(), email: z.string().nullish() });

/** The part of a repository we read, in every event. */
export const Repository = z.object({ id: z.int(), full_name: z.string() });

/** The part of a push event we read. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
export const PushEvent = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(), // for an annotated tag the tag object
  deleted: z.boolean().optional(),
  head_commit: z.object({ id: z.string(), message: z.string(), author: Person }).nullish(),
  repository: Repository,
  pusher: Person.nullish(),
  sender: z.object({ login: z.string(), id: z.int() }).nullish(),
});
export type PushEvent = z.infer<typeof PushEvent>;

/** The part of a pull request event we read. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request */
export const PullRequestEvent = z.object({
  action: z.string(),
  number: z.int().positive(),
  pull_request: z.object({
    title: z.string(),
    draft: z.boolean().nullish(),
    user: z.object({ login: z.string(), id: z.int().nullish() }),
    head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullish() }),
    base: z.object({ ref: z.string(), repo: z.object({ id: z.int() }) }),
  }),
  repository: Repository,
  sender: z.object({ login: z.string(), id: z.int() }).nullish(),
});
export type PullRequestEvent = z.infer<typeof PullRequestEvent>;
