import { stat } from "node:fs/promises";
import { createBlobs } from "../runners/blobs.ts";
import type { ReadableStore, Violation } from "../store/invariants.ts";
import { TERMINAL_BUILD_STATES } from "../store/states.ts";
import { createBuildFiles } from "./console.ts";

/** Builds looked at together. */
const PAGE = 200;

/** A file that a row of the database speaks of. */
interface Expected {
  readonly buildId: number;
  readonly subject: string;
  readonly path: string;
  readonly sizeBytes: number;
}

interface Kind {
  readonly invariant: string;
  readonly remedy: string;
  /** What these builds should have on disk. */
  readonly expected: (store: ReadableStore, builds: readonly number[]) => Promise<Expected[]>;
}

const BRING_BACK =
  "bring the file back from a copy of the data folder; what is in none is lost, and the page shows it as missing";

/**
 * What the database says is on disk and is not, or is shorter: logs of steps and consoles of builds that have ended,
 * stashes and archived files. For `sluice doctor`; read beside a running server without harm.
 */
export async function findFileViolations(store: ReadableStore, dataFolder: string): Promise<Violation[]> {
  const found = new Map<string, Violation>();
  for (let last = 0; ;) {
    const builds = await endedBuilds(store, last);
    const newest = builds.at(-1);
    if (newest === undefined) return [...found.values()];
    last = newest;
    for (const kind of kindsIn(dataFolder)) {
      const subjects = await missing(store, await kind.expected(store, builds));
      if (subjects.length === 0) continue;
      const known = found.get(kind.invariant);
      if (known === undefined)
        found.set(kind.invariant, { invariant: kind.invariant, remedy: kind.remedy, subjects });
      else known.subjects.push(...subjects);
    }
  }
}

async function endedBuilds({ db }: ReadableStore, after: number): Promise<number[]> {
  const rows = await db
    .selectFrom("builds")
    .select("id")
    .where("id", ">", after)
    .where("state", "in", TERMINAL_BUILD_STATES)
    .orderBy("id")
    .limit(PAGE)
    .execute();
  return rows.map((row) => row.id);
}

/** Those whose file is not there or too short, unless the build was removed while we looked. */
async function missing({ db }: ReadableStore, expected: readonly Expected[]): Promise<string[]> {
  const wrong: Expected[] = [];
  for (const one of expected) {
    const size = await stat(one.path).then(
      (file) => file.size,
      () => -1,
    );
    if (size < one.sizeBytes) wrong.push(one);
  }
  if (wrong.length === 0) return [];
  const rows = await db
    .selectFrom("builds")
    .select("id")
    .where("id", "in", [...new Set(wrong.map(({ buildId }) => buildId))])
    // A build that has ended waits for one thing only: its removal.
    .where("waitCode", "is", null)
    .execute();
  const there = new Set(rows.map((row) => row.id));
  return wrong.filter(({ buildId }) => there.has(buildId)).map(({ subject }) => subject);
}

function kindsIn(dataFolder: string): readonly Kind[] {
  const files = createBuildFiles(dataFolder);
  const blobs = createBlobs(dataFolder);
  return [
    {
      invariant: "the log of a step that has ended is there to its last byte",
      remedy: BRING_BACK,
      expected: async ({ db }, builds) => {
        const rows = await db
          .selectFrom("steps")
          .select(["buildId", "stepNo", "logBytes"])
          .where("buildId", "in", builds)
          .where("logBytes", ">", 0)
          .execute();
        return rows.map(({ buildId, stepNo, logBytes }) => ({
          buildId,
          subject: `b${buildId} step ${stepNo}`,
          path: files.logOf(buildId, stepNo),
          sizeBytes: logBytes,
        }));
      },
    },
    {
      invariant: "the console of a build that has ended is there to its last line",
      remedy: BRING_BACK,
      expected: async ({ db }, builds) => {
        const rows = await db
          .selectFrom("builds")
          .select(["id", "consoleLength"])
          .where("id", "in", builds)
          .where("consoleLength", ">", 0)
          .execute();
        return rows.map(({ id, consoleLength }) => ({
          buildId: id,
          subject: `b${id}`,
          path: files.consoleOf(id),
          sizeBytes: consoleLength,
        }));
      },
    },
    {
      invariant: "a stash or large output that is recorded is there",
      remedy: BRING_BACK,
      expected: async ({ db }, builds) => {
        const rows = await db
          .selectFrom("blobs")
          .select(["buildId", "kind", "name", "sha256", "sizeBytes"])
          .where("buildId", "in", builds)
          .execute();
        return rows.map(({ buildId, kind, name, sha256, sizeBytes }) => ({
          buildId,
          subject: `b${buildId} ${kind} ${name}`,
          path: blobs.pathOf(buildId, sha256),
          sizeBytes,
        }));
      },
    },
    {
      invariant: "an archived file is there",
      remedy: BRING_BACK,
      expected: async ({ db }, builds) => {
        const rows = await db
          .selectFrom("artifacts")
          .select(["buildId", "name", "digest", "sizeBytes"])
          .where("buildId", "in", builds)
          .where("kind", "=", "file")
          .execute();
        return rows.flatMap(({ buildId, name, digest, sizeBytes }) =>
          digest === null
            ? []
            : [
                {
                  buildId,
                  subject: `b${buildId} ${name}`,
                  path: blobs.pathOf(buildId, digest),
                  sizeBytes: sizeBytes ?? 0,
                },
              ],
        );
      },
    },
  ];
}
