import type { Head } from "../../pipelines/ports.ts";
import { DamagedRecord, readOr } from "./damaged.ts";
import type { BuildSeal } from "./seal.ts";

const FROZEN = "the frozen head of this build";

/** A frozen head, read back. @throws {DamagedRecord} when it is not one. */
export function readHead(seal: BuildSeal, sealed: Uint8Array): Head {
  const read: unknown = readOr(FROZEN, () => JSON.parse(seal.open("head", sealed)));
  if (!isHead(read)) throw new DamagedRecord(FROZEN);
  return read;
}

/** The head is sealed by this server, so its shape is our own. */
function isHead(read: unknown): read is Head {
  return typeof read === "object" && read !== null && "commit" in read && "file" in read && "project" in read;
}
