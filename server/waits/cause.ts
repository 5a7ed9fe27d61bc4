import { z } from "zod";

/** Every cause for which something of a build may wait: the closed list of the API, of pages and of columns `wait_code`. */
export const WAIT_CAUSES = [
  "forge",
  "approval",
  "quiet_period",
  "concurrency",
  "admission",
  "freeze",
  "disk",
  "restored",
  "queue_down",
  "label",
  "place",
  "runner_offline",
  "runner_disk",
  "unpark",
  "image_pull",
  "gate",
  "lock",
  "signal",
  "timer",
  "environment_turn",
  "target",
] as const;
// A `milestone` never waits: it passes at once or ends the build.
export type WaitCauseName = (typeof WAIT_CAUSES)[number];

const Names = z.array(z.string());
const Ms = z.number();

/** What is known of a wait, without a word of prose: `describe` makes the sentence when somebody reads it. */
export const WaitCause = z.discriminatedUnion("cause", [
  /** The forge has not told who may write, which commit a ref is, or the files; `said`: what came of asking last. */
  z.object({
    cause: z.literal("forge"),
    asked: z.enum(["trust", "commit", "files"]),
    said: z.string().nullable(),
  }),
  z.object({ cause: z.literal("approval") }),
  z.object({ cause: z.literal("quiet_period"), untilAtMs: Ms }),
  /** `older`: the number of the build that its file does not allow beside it; null: the project's limit is reached. */
  z.object({
    cause: z.literal("concurrency"),
    project: z.string(),
    running: z.number(),
    most: z.number(),
    older: z.number().nullable(),
  }),
  z.object({ cause: z.literal("admission"), waiting: z.number(), most: z.number() }),
  /** Of a project, or of an environment. */
  z.object({
    cause: z.literal("freeze"),
    what: z.enum(["project", "environment"]),
    name: z.string(),
    reason: z.string().nullable(),
    untilAtMs: Ms.nullable(),
  }),
  z.object({ cause: z.literal("disk"), freePercent: z.number(), leastPercent: z.number() }),
  z.object({ cause: z.literal("restored") }),
  z.object({ cause: z.literal("queue_down") }),
  z.object({ cause: z.literal("label"), label: z.string(), have: Names }),
  /** `places`: those of the runners named, all taken; 0: a place was not looked for yet. */
  z.object({ cause: z.literal("place"), runners: Names, places: z.number(), draining: z.boolean() }),
  /** None named: none has joined. `lost`: the work was on it and waits for it to come back. */
  z.object({ cause: z.literal("runner_offline"), runners: Names, lost: z.boolean() }),
  z.object({
    cause: z.literal("runner_disk"),
    runners: Names,
    freePercent: z.number(),
    leastPercent: z.number(),
  }),
  z.object({ cause: z.literal("unpark"), runner: z.string() }),
  z.object({ cause: z.literal("image_pull"), runner: z.string(), image: z.string().nullable() }),
  z.object({
    cause: z.literal("gate"),
    gate: z.number(),
    message: z.string(),
    environment: z.string().nullable(),
    untilAtMs: Ms,
    needed: z.number(),
    who: z.string(),
  }),
  /** `holders`: the builds that have a resource of these now, as `project #number`. */
  z.object({
    cause: z.literal("lock"),
    names: Names,
    holders: Names,
    untilAtMs: Ms.nullable(),
  }),
  /** The build of another project, which the step `build` has started. */
  z.object({
    cause: z.literal("signal"),
    project: z.string(),
    number: z.number(),
    to: z.enum(["start", "end"]),
  }),
  z.object({ cause: z.literal("timer"), untilAtMs: Ms }),
  /** `deployment`: the one that has the environment; null: it is about to begin. */
  z.object({
    cause: z.literal("environment_turn"),
    environment: z.string(),
    deployment: z.number().nullable(),
  }),
  z.object({
    cause: z.literal("target"),
    environment: z.string(),
    deployment: z.number(),
    doing: z.enum(["plan", "roll_out", "roll_back", "unknown"]),
    untilAtMs: Ms.nullable(),
  }),
]);
export type WaitCause = z.infer<typeof WaitCause>;

/** A cause of one name, with its facts. */
export type CauseOf<Name extends WaitCauseName> = Extract<WaitCause, { cause: Name }>;

/** The columns of a row that waits. */
export interface WaitColumns {
  readonly waitCode: string | null;
  readonly waitFacts: string | null;
}

/** A cause as a row keeps it. */
export function waitColumns(cause: WaitCause): { waitCode: WaitCauseName; waitFacts: string } {
  const { cause: waitCode, ...facts } = cause;
  return { waitCode, waitFacts: JSON.stringify(facts) };
}

/** The columns of a row that waits for nothing. */
export const NO_WAIT = { waitCode: null, waitFacts: null, waitSinceMs: null } as const;

/** The cause that a row keeps; null: it waits for nothing, or for something this version does not know. */
export function readWait(row: WaitColumns): WaitCause | null {
  if (row.waitCode === null || row.waitFacts === null) return null;
  const facts: unknown = JSON.parse(row.waitFacts);
  const read = WaitCause.safeParse({ ...(typeof facts === "object" ? facts : {}), cause: row.waitCode });
  return read.success ? read.data : null;
}
