import type { FileCommand, FileValue } from "../protocol.ts";
import { packArchive, unpackArchive } from "./archives.ts";
import { plainFileWork } from "./files.ts";
import type { Work } from "./work.ts";

/** Carries out a file command on the session's workspace; no link is followed, nothing outside is touched. */
export async function fileWork({ id, cwd, operation }: FileCommand, work: Work): Promise<FileValue> {
  if (operation.op === "pack") return await packArchive(cwd, operation, work);
  if (operation.op === "unpack") return await unpackArchive(cwd, operation, work);
  return await plainFileWork({ id, cwd }, operation, work);
}
