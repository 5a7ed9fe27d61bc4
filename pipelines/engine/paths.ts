import { posix } from "node:path";

/** A path as steps write it, made absolute inside the container. */
export function pathIn(cwd: string, path: string): string {
  return posix.resolve(cwd === "" ? "/" : cwd, path);
}
