import { createEngine } from "../../../../pipelines/engine/run.ts";
import type { Mark } from "../../../../pipelines/ports.ts";
import type { EngineHandle } from "../../../../server/builds/engine/pool.ts";
import { readHead } from "../../../../server/builds/head.ts";
import { readJournal } from "../../../../server/builds/journal/load-build.ts";
import { replay } from "../../../../server/builds/replay.ts";
import { createSeals } from "../../../../server/builds/seals.ts";
import type { World } from "./world.ts";

/**
 * Holds what an ended build has left against its own journal, run once more from the start: its numbers have no gap, it
 * begins the same effects, prints the same console and ends the same. What differs, in words; nothing when all agrees.
 */
export async function diverge(world: World, buildId: number): Promise<string[]> {
  const { base, vault } = world;
  const build = await base.db
    .selectFrom("builds")
    .selectAll()
    .where("id", "=", buildId)
    .executeTakeFirstOrThrow();
  const { head, rows } = await base.call(readJournal, { buildId });
  if (head === null) return [`build ${buildId} was never frozen`];
  const found: string[] = [];
  const say = (what: string) => found.push(`build ${buildId} (${build.state}): ${what}`);

  const begun = await base.db
    .selectFrom("effects")
    .select(["n", "state", "id"])
    .where("buildId", "=", buildId)
    .where("n", "is not", null)
    .orderBy("n")
    .execute();
  begun.forEach(({ n, id }, i) => {
    if (n !== i + 1) say(`effect ${id} has number ${n}, and ${i + 1} is due`);
  });
  const ords = rows.flatMap(({ ord }) => (ord === null ? [] : [ord])).toSorted((a, b) => a - b);
  ords.forEach((ord, i) => {
    if (ord !== i + 1) say(`delivery ${i + 1} is missing`);
  });
  if (build.nextOrd !== ords.length + 1) say(`next delivery is ${build.nextOrd} after ${ords.length}`);
  const open = begun.filter((row) => row.state === "begun");
  if (open.length > 0) say(`${open.map((row) => row.id).join(", ")} still open`);

  const seal = createSeals({ store: base, vault }).open(build);
  const frozen = readHead(seal, head);
  const plain = createEngine(frozen);
  const engine: EngineHandle = { turn: async (outcome) => plain.turn(outcome), drop: () => {} };
  const marks: Mark[] = [];
  let result: string | null = null;
  try {
    await replay({
      scope: {
        buildId,
        projectId: build.projectId,
        projectKey: frozen.project.key,
        buildName: "",
        trusted: true,
        head: frozen,
        seal,
      },
      engine,
      rows,
      delivered: build.delivered,
      withSecrets: async (value) => value,
      onTurn: (turn) => {
        marks.push(...turn.marks);
        if (turn.end !== undefined) result = turn.end.result;
      },
    });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
  const states: Readonly<Record<string, string>> = {
    SUCCESS: "succeeded",
    UNSTABLE: "unstable",
    FAILURE: "failed",
    ABORTED: "aborted",
    NOT_BUILT: "not_built",
  };
  if (result === null || states[result] !== build.state) say(`its journal ends as ${String(result)}`);
  const lines = marks.flatMap((mark) => (mark.kind === "text" ? [mark.text] : []));
  const printed = (await world.console(buildId)).split("\n").slice(0, -1).join("\n");
  if (printed !== lines.join("\n")) say(`its console says\n${printed}\nand its journal\n${lines.join("\n")}`);
  return found;
}
