import { z } from "zod";
import { EventRoute } from "./route.ts";

/** Builds of one project that run at once where its settings say nothing. */
export const DEFAULT_CONCURRENCY = 10;

/** What the column `projects.settings` holds: the part of a project's definition that is no column of its own. */
export const ProjectSettings = z.object({
  jenkinsfile: z.string().default("Jenkinsfile"),
  registry: z.string().nullable().default(null),
  /** Builds of it that run at once. */
  concurrency: z.int().min(1).default(DEFAULT_CONCURRENCY),
  images: z.array(z.string()).default([]),
  tags: z.record(z.string(), z.string()).default({}),
  routes: z.array(EventRoute).default([]),
  /** Where the definition comes from, for people: `sluice.yml`. */
  source: z.string().nullable().default(null),
});
export type ProjectSettings = z.infer<typeof ProjectSettings>;
