import { resolve } from "node:path";
import { findFileViolations } from "../server/builds/file-violations.ts";
import { StoreError } from "../server/store/errors.ts";
import { findViolations } from "../server/store/invariants.ts";
import { openForReading } from "../server/store/read-only.ts";

const SHOWN = 20;
const WRONG = 1;
const UNREADABLE = 69;

/** Prints what is wrong in a server's database and files, each with its remedy; gives the exit status. */
export async function reportData(folder: string): Promise<number> {
  const dataFolder = resolve(folder);
  const databaseUrl = process.env["DATABASE_URL"] ?? "";
  try {
    const store = await openForReading({
      dataFolder,
      databaseUrl: databaseUrl === "" ? null : databaseUrl,
    });
    try {
      const violations = [...(await findViolations(store)), ...(await findFileViolations(store, dataFolder))];
      for (const { invariant, subjects, remedy } of violations) {
        const more = subjects.length > SHOWN ? `, and ${subjects.length - SHOWN} more` : "";
        console.log(`broken: ${invariant}`);
        console.log(`  where: ${subjects.slice(0, SHOWN).join(", ")}${more}`);
        console.log(`  try: ${remedy}`);
      }
      if (violations.length === 0) console.log(`data in ${dataFolder}: all is well`);
      return violations.length === 0 ? 0 : WRONG;
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    console.error(error.message);
    return UNREADABLE;
  }
}
