import type { CloneCredentials, Forge } from "../forge.ts";

/** A plain repository: who may push to it is a writer, and there is nowhere to set a status. */
export function createGitForge(credentials: CloneCredentials | null): Forge {
  return {
    type: "git",
    hasStatuses: false,
    cloneCredentials: () => credentials,
    trust: async (event) => (event.change === null ? "trusted" : "untrusted"),
    setStatus: async () => {},
  };
}
