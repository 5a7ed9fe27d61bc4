import type { Library } from "../../pipelines/ports.ts";
import { wantedLibraries, type WantedLibrary } from "../../pipelines/wanted-libraries.ts";
import type { Config } from "../config.ts";
import type { LibraryConfig } from "../config-schema.ts";
import type { ForgeProject } from "../forges/forges.ts";
import { cloneUrl } from "../projects/apply.ts";
import type { Sources } from "./sources.ts";

/** The libraries of a build at their commits, or the words for a file that asks for one that is not there. */
export type FrozenLibraries =
  | { readonly ok: true; readonly libraries: readonly Library[] }
  | { readonly ok: false; readonly text: string };

const FOLDERS = ["vars", "src", "resources"];

/**
 * Reads the shared libraries that a file names, and those that every file has: once, at a commit, so that a build that
 * goes on next week runs what it began with. @throws {ForgeError}
 */
export async function freezeLibraries(
  deps: { readonly config: Config; readonly sources: Sources },
  text: string,
): Promise<FrozenLibraries> {
  const known = deps.config.file.libraries;
  const asked = new Map(wantedLibraries(text).map((wanted) => [wanted.name, wanted]));
  for (const [name, library] of Object.entries(known))
    if (library.implicit && !asked.has(name)) asked.set(name, { name, version: null });
  const libraries: Library[] = [];
  for (const wanted of asked.values()) {
    const config = known[wanted.name];
    if (config === undefined)
      return {
        ok: false,
        text: `there is no library "${wanted.name}" on this server; there are: ${Object.keys(known).join(", ") || "none"}. Name it under "libraries" in sluice.yml`,
      };
    if (wanted.version !== null && wanted.version !== config.version && !config.override)
      return {
        ok: false,
        text: `the library "${wanted.name}" is used at ${config.version} only: the server does not allow ${wanted.version}`,
      };
    const frozen = await freezeOne(deps, wanted, config);
    if (frozen === null)
      return {
        ok: false,
        text: `the library "${wanted.name}" has no branch, tag or commit "${wanted.version ?? config.version}"`,
      };
    libraries.push(frozen);
  }
  return { ok: true, libraries };
}

async function freezeOne(
  deps: { readonly config: Config; readonly sources: Sources },
  wanted: WantedLibrary,
  config: LibraryConfig,
): Promise<Library | null> {
  const url = cloneUrl(deps.config.file.forges[config.forge]?.url ?? "", config.repo);
  // Libraries are no rows of projects; a number of their own keeps their mirrors apart from those.
  const repository: ForgeProject = { id: mirrorId(url), key: "", forge: config.forge, cloneUrl: url };
  const version = wanted.version ?? config.version;
  const refs = await deps.sources.refs(repository);
  const ref = [`refs/heads/${version}`, `refs/tags/${version}`].find((name) => refs.has(name));
  const commit = ref === undefined ? commitId(version) : (refs.get(ref) ?? null);
  if (commit === null) return null;
  await deps.sources.ensure(repository, commit, ref ?? "refs/heads/main");
  const files = await deps.sources.readFolders(repository, commit, FOLDERS);
  return { name: wanted.name, version, commit, implicit: config.implicit, files };
}

function commitId(version: string): string | null {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/u.test(version) ? version : null;
}

/** A negative number from the address: mirrors are kept by id and address together. */
function mirrorId(url: string): number {
  let hash = 0;
  for (const character of url) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_000_007;
  return -1 - hash;
}
