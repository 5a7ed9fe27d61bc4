import { UnsealError } from "../secrets/seal.ts";

/** What the database holds of one build cannot be read: its key, its frozen head or a row of its journal is damaged. */
export class DamagedRecord extends Error {
  override readonly name = "DamagedRecord";

  constructor(what: string, cause?: unknown) {
    super(`${what} is damaged: start the build again, or bring back a backup`, { cause });
  }
}

/** What `read` gives; what does not open or parse is damage. @throws {DamagedRecord} */
export function readOr<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnsealError || error instanceof SyntaxError) throw new DamagedRecord(what, error);
    throw error;
  }
}
