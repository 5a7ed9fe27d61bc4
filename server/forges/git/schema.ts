import { z } from "zod";

/** What a post-receive hook sends, one request per ref: the three words git gives it, and the repository. */
export const PostReceive = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  repository: z.union([z.string(), z.object({ full_name: z.string() })]),
  pusher: z.string().max(200).optional(),
  message: z.string().optional(),
});
export type PostReceive = z.infer<typeof PostReceive>;
