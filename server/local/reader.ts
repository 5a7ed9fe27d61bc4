import { open } from "node:fs/promises";
import { z } from "zod";
import type { BuildFiles } from "../builds/console.ts";
import { type BuildState, TERMINAL_BUILD_STATES } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import type { WaitCauseName } from "../waits/cause.ts";
import { waitsOf } from "../waits/waits-of.ts";

/** A field of an `input`'s form. */
export interface AskedField {
  readonly name: string;
  readonly type: string;
  readonly choices: readonly string[];
  readonly defaultText: string;
}

/** An `input` that waits. */
export interface AskedInput {
  readonly gateId: number;
  readonly message: string;
  readonly okLabel: string;
  /** The step's `id`, and the stage it stands in. */
  readonly id: string;
  readonly stage: string | null;
  readonly fields: readonly AskedField[];
}

/** How a build stands, for whoever waits for its end. */
export interface LocalState {
  readonly state: BuildState;
  readonly isOver: boolean;
  readonly reason: string | null;
  /** Why an agent does not start, where one waits. */
  readonly waits: readonly string[];
  readonly inputs: readonly AskedInput[];
}

/** What the terminal wants to know of a run. */
export interface LocalReader {
  stateOf(buildId: number): Promise<LocalState>;
  /** The console as it grows, each step's log where it begins, until the build is over and all is said. */
  follow(buildId: number, pause: () => Promise<void>): AsyncGenerator<Uint8Array>;
}

const Form = z.object({
  id: z.string().catch(""),
  stage: z.string().nullable().catch(null),
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      choices: z.array(z.string()),
      defaultValue: z.unknown(),
    }),
  ),
});
const Entry = z.union([z.object({ t: z.string() }), z.object({ l: z.int().positive() })]);
const PIECE_BYTES = 256 * 1024;
/** Of waits that a person at a terminal can do something about. */
const SAID: ReadonlySet<WaitCauseName> = new Set([
  "disk",
  "restored",
  "queue_down",
  "label",
  "place",
  "runner_offline",
  "runner_disk",
]);

export function createLocalReader({ store, files }: { store: Store; files: BuildFiles }): LocalReader {
  async function stateOf(buildId: number): Promise<LocalState> {
    const build = await store.db
      .selectFrom("builds")
      .selectAll()
      .where("id", "=", buildId)
      .executeTakeFirstOrThrow();
    const gates = await store.db
      .selectFrom("gates")
      .select(["id", "message", "okLabel", "form"])
      .where("buildId", "=", buildId)
      .where("kind", "=", "input")
      .where("state", "=", "open")
      .orderBy("id")
      .execute();
    const stages = await store.db
      .selectFrom("stages")
      .select(["path", "name"])
      .where("buildId", "=", buildId)
      .execute();
    const nameOf = new Map(stages.map(({ path, name }) => [path, name]));
    const isOver = isTerminal(build.state);
    return {
      state: build.state,
      isOver,
      reason: build.reasonText,
      waits: isOver
        ? []
        : ((await waitsOf(store, [build])).get(buildId) ?? []).flatMap(({ cause, text }) =>
            SAID.has(cause) ? [text] : [],
          ),
      inputs: gates.map((row) => askedInput(row, nameOf)),
    };
  }

  /** Whether a step's first effect has ended, so that its log is whole. A row that is not there yet is not over. */
  async function isLogWhole(buildId: number, stepNo: number): Promise<boolean> {
    const row = await store.db
      .selectFrom("steps")
      .leftJoin("effects", (join) =>
        join.onRef("effects.id", "=", "steps.effectId").onRef("effects.buildId", "=", "steps.buildId"),
      )
      .select(["steps.state as state", "effects.state as effect"])
      .where("steps.buildId", "=", buildId)
      .where("steps.stepNo", "=", stepNo)
      .executeTakeFirst();
    if (row === undefined) return false;
    return row.effect === null ? row.state !== "running" : row.effect !== "begun";
  }

  async function isOver(buildId: number): Promise<boolean> {
    const row = await store.db
      .selectFrom("builds")
      .select("state")
      .where("id", "=", buildId)
      .executeTakeFirstOrThrow();
    return isTerminal(row.state);
  }

  async function* followLog(
    buildId: number,
    stepNo: number,
    pause: () => Promise<void>,
  ): AsyncGenerator<Uint8Array> {
    let at = 0;
    let last = NEW_LINE;
    for (;;) {
      // Asked before the file is read: what a log says is stored before its step ends.
      const whole = (await isLogWhole(buildId, stepNo)) || (await isOver(buildId));
      for (;;) {
        const piece = await readFrom(files.logOf(buildId, stepNo), at);
        if (piece.length === 0) break;
        at += piece.length;
        last = piece.at(-1) ?? last;
        yield piece;
      }
      if (whole) break;
      await pause();
    }
    if (last !== NEW_LINE) yield Buffer.from("\n");
  }

  return {
    stateOf,
    async *follow(buildId, pause) {
      let at = 0;
      let rest: Buffer = Buffer.alloc(0);
      for (;;) {
        const over = await isOver(buildId);
        const piece = await readFrom(files.consoleOf(buildId), at);
        at += piece.length;
        rest = Buffer.concat([rest, piece]);
        for (let end = rest.indexOf(NEW_LINE); end >= 0; end = rest.indexOf(NEW_LINE)) {
          const entry = Entry.parse(JSON.parse(rest.subarray(0, end).toString("utf8")));
          rest = rest.subarray(end + 1);
          if ("t" in entry) yield Buffer.from(`${entry.t}\n`);
          else yield* followLog(buildId, entry.l, pause);
        }
        if (piece.length > 0) continue;
        if (over) return;
        await pause();
      }
    },
  };
}

const NEW_LINE = 10;

function isTerminal(state: BuildState): boolean {
  return TERMINAL_BUILD_STATES.some((one) => one === state);
}

/** A piece of a file from an offset; nothing where there is none (yet). */
async function readFrom(path: string, at: number): Promise<Uint8Array> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return new Uint8Array();
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function askedInput(
  row: {
    readonly id: number;
    readonly message: string;
    readonly okLabel: string | null;
    readonly form: string | null;
  },
  stageNames: ReadonlyMap<string, string>,
): AskedInput {
  const form = Form.safeParse(row.form === null ? {} : JSON.parse(row.form)).data;
  return {
    gateId: row.id,
    message: row.message,
    okLabel: row.okLabel ?? "Proceed",
    id: form?.id ?? "",
    stage: stageNames.get(form?.stage ?? "") ?? null,
    fields: (form?.fields ?? []).map(({ name, type, choices, defaultValue }) => ({
      name,
      type,
      choices,
      defaultText:
        typeof defaultValue === "string" || typeof defaultValue === "boolean" ? `${defaultValue}` : "",
    })),
  };
}
