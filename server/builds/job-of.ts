import { namedJob } from "../schedules/start-downstream.ts";
import type { Store } from "../store/store.ts";

/** The project, and the branch or tag, that a step of a Jenkinsfile calls a job; `project` null where there is none. */
export async function jobOf(store: Store, job: string) {
  // `../other` is the neighbour in a folder of Jenkins; projects here have no folders.
  const { projectKey, branch } = namedJob(job.replace(/^(\.\.?\/)+/, ""));
  const project = await store.db
    .selectFrom("projects")
    .select(["id", "key", "defaultBranch"])
    .where("key", "=", projectKey)
    .where("archivedAtMs", "is", null)
    .executeTakeFirst();
  return { project: project ?? null, projectKey, branch };
}
