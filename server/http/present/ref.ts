import type { z } from "zod";
import type { Ref } from "../contract/builds.ts";

/** A recorded ref as people call it. */
export function presentRef(ref: string, sha: string | null): z.output<typeof Ref> {
  if (ref.startsWith("refs/heads/")) return { kind: "branch", name: ref.slice(11) };
  if (ref.startsWith("refs/tags/")) return { kind: "tag", name: ref.slice(10) };
  const change = /^refs\/(?:pull|merge-requests)\/(\d+)\/(?:head|merge)$/u.exec(ref)?.[1];
  if (change !== undefined) return { kind: "change", name: change };
  return { kind: "commit", name: ref === "" ? (sha ?? "") : ref };
}

/** The page of a build on this server. */
export function buildPath(project: string, number: number): string {
  return `/p/${project}/b/${number}`;
}
