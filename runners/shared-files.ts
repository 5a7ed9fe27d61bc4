import fs from "node:fs";
import path from "node:path";

/**
 * Files of secrets at paths that are known before a step starts, because a script may spell them out. Several steps of a
 * session may use one at once: it stays until the last of them is done.
 */
const users = new Map<string, number>();

/** The folder of a ref below `in/f`, or null for a ref that is no fit name for one. */
export function sharedFolder(ref: string): string | null {
  return /^[A-Za-z0-9][A-Za-z0-9.]{0,99}$/.test(ref) ? ref : null;
}

/** Puts `file` at its known place too. */
export function shareFile(file: string, folder: string, name: string): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const shared = path.join(folder, name);
  fs.rmSync(shared, { force: true });
  fs.linkSync(file, shared);
  users.set(folder, (users.get(folder) ?? 0) + 1);
}

/** One step fewer uses it. */
export function unshareFile(folder: string): void {
  const left = (users.get(folder) ?? 1) - 1;
  if (left > 0) {
    users.set(folder, left);
    return;
  }
  users.delete(folder);
  fs.rmSync(folder, { recursive: true, force: true });
}
