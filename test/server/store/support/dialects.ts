import { afterEach, describe } from "mocha";
import { systemClock } from "../../../../server/store/clock.ts";
import type { Clock } from "../../../../server/store/clock.ts";
import type { DialectName } from "../../../../server/store/migrations/migration.ts";
import { openStore } from "../../../../server/store/store.ts";
import type { Store } from "../../../../server/store/store.ts";
import { temporaryFolder } from "../../../support/services/folder.ts";
import { TEST_PROCEDURES } from "./test-procedures.ts";
import { startDatabase } from "../../../support/services/postgres.ts";

/** One database that stores may be opened on, one after another or (on PostgreSQL) side by side. */
export interface Place {
  readonly dialect: DialectName;
  readonly dataFolder: string;
  readonly databaseUrl: string | undefined;
  /** A store here; closed with the test if the test does not. */
  open(options?: { clock?: Clock; dataFolder?: string; procedures?: readonly URL[] }): Promise<Store>;
}

/** Tests that must hold on both databases: `body` is told how to get an empty one. */
export function onBothDialects(title: string, body: (start: () => Promise<Place>) => void): void {
  for (const dialect of ["sqlite", "postgres"] as const) {
    describe(`${title} on ${dialect}`, function () {
      this.timeout(120_000);
      const endings: (() => Promise<void>)[] = [];
      afterEach(async () => {
        for (const end of endings.splice(0).toReversed()) await end();
      });
      body(() => startPlace(dialect, endings));
    });
  }
}

async function startPlace(dialect: DialectName, endings: (() => Promise<void>)[]): Promise<Place> {
  const folder = await temporaryFolder("store");
  endings.push(() => folder.remove());
  let databaseUrl: string | undefined;
  if (dialect === "postgres") {
    const database = await startDatabase();
    endings.push(() => database.drop());
    databaseUrl = database.url;
  }
  const open: Place["open"] = async (options = {}) => {
    const store = await openStore({
      dataFolder: options.dataFolder ?? folder.path,
      databaseUrl,
      clock: options.clock ?? systemClock,
      procedures: options.procedures ?? [TEST_PROCEDURES],
    });
    endings.push(() => store.close());
    return store;
  };
  return { dialect, dataFolder: folder.path, databaseUrl, open };
}
