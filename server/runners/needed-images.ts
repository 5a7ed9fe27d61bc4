import { z } from "zod";
import { keptDeploymentRows } from "../upkeep/kept-deployments.ts";
import type { Store } from "../store/store.ts";
import { UNFINISHED_BUILD_STATES } from "../store/states.ts";

/** An image of a runner, by what tells whose it is. */
interface AskedImage {
  readonly id: string;
  readonly digests: readonly string[];
  /** `shop #12`: the build that made it. */
  readonly build: string | null;
}

const Images = z.record(z.string(), z.string()).catch({});

/**
 * Ids of images that a runner must not remove: made by a build that has not ended (it may wait at a gate), live somewhere,
 * or of a release to which people may go back. Tags in registries are not ours to remove, so those stay in any case.
 */
export async function neededImages(store: Store, images: readonly AskedImage[]): Promise<string[]> {
  const [unfinished, digests] = await Promise.all([unfinishedBuilds(store), neededDigests(store)]);
  return images.flatMap(({ id, digests: own, build }) => {
    const isMadeNow = build !== null && unfinished.has(build);
    return isMadeNow || own.some((digest) => digests.has(digestOf(digest))) ? [id] : [];
  });
}

/** `sha256:…` of `repository@sha256:…`. */
function digestOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("@") + 1);
}

async function unfinishedBuilds(store: Store): Promise<ReadonlySet<string>> {
  const rows = await store.db
    .selectFrom("builds")
    .innerJoin("projects", "projects.id", "builds.projectId")
    .select(["projects.key", "builds.number"])
    .where("builds.state", "in", UNFINISHED_BUILD_STATES)
    .execute();
  return new Set(rows.map(({ key, number }) => `${key} #${number}`));
}

async function neededDigests(store: Store): Promise<ReadonlySet<string>> {
  const [live, pushed, kept] = await Promise.all([
    store.db.selectFrom("live").select("digest").where("digest", "is not", null).execute(),
    store.db
      .selectFrom("artifacts")
      .innerJoin("builds", "builds.id", "artifacts.buildId")
      .select("artifacts.digest")
      .where("artifacts.kind", "=", "image")
      .where("builds.state", "in", UNFINISHED_BUILD_STATES)
      .execute(),
    keptDeploymentRows(store.db).execute(),
  ]);
  const ids = kept.flatMap(({ id, rollbackOf }) => (rollbackOf === null ? [id] : [id, rollbackOf]));
  const deployed =
    ids.length === 0
      ? []
      : await store.db.selectFrom("deployments").select("images").where("id", "in", ids).execute();
  const found = new Set<string>();
  for (const { digest } of [...live, ...pushed]) if (digest !== null) found.add(digest);
  for (const { images } of deployed)
    for (const image of Object.values(Images.parse(JSON.parse(images)))) found.add(digestOf(image));
  return found;
}
