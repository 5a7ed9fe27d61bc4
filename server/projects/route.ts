import { z } from "zod";

/** Which refs: a glob in `match`, or the name of one of the project's tag grammars in `grammar`. */
export const RefRule = z.strictObject({
  on: z.enum(["branch", "tag", "change"]),
  match: z.string().min(1).max(250).optional(),
  grammar: z.string().min(1).max(63).optional(),
});
export type RefRule = z.infer<typeof RefRule>;

/**
 * One rule of a project: which event, whether it builds, and which environments `deploy` may then reach. An absent
 * `deploy` reaches none. For `on: image` `match` is the name of a tag grammar or a glob over the image's tag.
 */
export const EventRoute = z.strictObject({
  on: z.enum(["branch", "tag", "change", "image"]),
  match: z.string().min(1).max(250).optional(),
  grammar: z.string().min(1).max(63).optional(),
  build: z.boolean(),
  deploy: z.array(z.string().min(1).max(63)).default([]),
});
export type EventRoute = z.infer<typeof EventRoute>;

/** A project's routes and grammars, as frozen into each of its builds. No routes at all: everything builds. */
export const FrozenRoutes = z.object({
  routes: z.array(EventRoute),
  tags: z.record(z.string(), z.string()),
  /** Environments the matching route names; null where no routes are written and each environment decides by its own refs. */
  deploy: z.array(z.string()).nullable(),
  /** The grammar that read the tag, and its fields as written. */
  grammar: z.string().nullable(),
  fields: z.record(z.string(), z.string()),
});
export type FrozenRoutes = z.infer<typeof FrozenRoutes>;
