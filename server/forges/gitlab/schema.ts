import { z } from "zod";

const Project = z.object({ id: z.int(), path_with_namespace: z.string() });
const Commit = z.object({
  id: z.string(),
  message: z.string(),
  author: z.object({ name: z.string().nullish(), email: z.string().nullish() }).nullish(),
});

/** The part of a push or tag push we read. Source: https://docs.gitlab.com/user/project/integrations/webhook_events/ */
export const PushEvent = z.object({
  object_kind: z.enum(["push", "tag_push"]),
  ref: z.string(),
  before: z.string(),
  after: z.string(), // for an annotated tag the tag object
  checkout_sha: z.string().nullish(), // the commit; null when the ref was deleted
  message: z.string().nullish(),
  user_id: z.int().nullish(),
  user_name: z.string().nullish(),
  user_username: z.string().nullish(),
  project: Project,
  commits: z.array(Commit).nullish(), // at most 20, oldest first
  push_options: z.object({ ci: z.object({ skip: z.unknown().optional() }).nullish() }).nullish(),
});
export type PushEvent = z.infer<typeof PushEvent>;

/** The part of a merge request event we read. `oldrev` is there only when the code changed. */
export const MergeRequestEvent = z.object({
  object_kind: z.literal("merge_request"),
  user: z.object({ id: z.int().nullish(), username: z.string() }),
  project: Project,
  object_attributes: z.object({
    iid: z.int().positive(),
    action: z.string().nullish(),
    oldrev: z.string().nullish(),
    title: z.string(),
    author_id: z.int().nullish(),
    draft: z.boolean().nullish(),
    source_branch: z.string(),
    target_branch: z.string(),
    source_project_id: z.int().nullish(),
    target_project_id: z.int(),
    last_commit: Commit,
  }),
});
export type MergeRequestEvent = z.infer<typeof MergeRequestEvent>;
