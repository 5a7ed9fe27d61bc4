import { z } from "zod";

/** What the end of a command means beside the value of its effect. */
export const CommandNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stash"), name: z.string() }),
  z.object({ kind: z.literal("archive") }),
  z.object({ kind: z.literal("junit"), allowEmpty: z.boolean(), keepLongOutput: z.boolean() }),
  z.object({ kind: z.literal("push"), repository: z.string(), tag: z.string() }),
]);
export type CommandNote = z.infer<typeof CommandNote>;
