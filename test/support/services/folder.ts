import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new, empty folder for one test, and its removal. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `sluice-${name}-`));
  return { path, remove: async () => await rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
