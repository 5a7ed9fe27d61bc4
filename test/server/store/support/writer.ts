/**
 * A server's database and nothing else: writes settings one after another and says on stdout which commits were
 * acknowledged. Ends when it has written as many as asked, or when it is killed.
 */
import { systemClock } from "../../../../server/store/clock.ts";
import { isStoreError } from "../../../../server/store/errors.ts";
import { openStore } from "../../../../server/store/store.ts";
import { TEST_PROCEDURES } from "./test-procedures.ts";
import { putSetting, putSettingSoftly } from "./procedures.ts";

const [dataFolder = "", databaseUrl = "", prefix = "", count = "0"] = process.argv.slice(2);

const store = await openStore({
  dataFolder,
  databaseUrl: databaseUrl === "" ? undefined : databaseUrl,
  clock: systemClock,
  procedures: [TEST_PROCEDURES],
});

async function write(at: number): Promise<void> {
  const name = `${prefix}-${at}`;
  try {
    if (at % 2 === 0) await store.call(putSetting, { name, body: "" });
    else await store.call(putSettingSoftly, { name, body: "" });
    process.stdout.write(`done ${name}\n`);
  } catch (error) {
    process.stdout.write(`${isStoreError(error) ? error.code : String(error)} ${name}\n`);
  }
}

for (let at = 0; at < Number(count); at += 8) {
  await Promise.all(Array.from({ length: Math.min(8, Number(count) - at) }, (_, more) => write(at + more)));
}
await store.close();
