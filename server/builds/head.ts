import type { Head } from "../../pipelines/ports.ts";
import type { BuildSeal } from "./seal.ts";

/** A frozen head, read back. @throws {Error} when it is not one. */
export function readHead(seal: BuildSeal, sealed: Uint8Array): Head {
  const read: unknown = JSON.parse(seal.open("head", sealed));
  if (!isHead(read)) throw new Error("the frozen head of the build cannot be read");
  return read;
}

/** The head is sealed by this server, so its shape is our own. */
function isHead(read: unknown): read is Head {
  return typeof read === "object" && read !== null && "commit" in read && "file" in read && "project" in read;
}
