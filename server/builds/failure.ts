import type { Failure } from "../http/contract/builds.ts";
import type { Store } from "../store/store.ts";
import type { StepLogs } from "./logs.ts";

const TAIL_BYTES = 64 * 1024;
const AROUND = 6;

/** Words by which tools say that something went wrong; the last line of a failing step is the second guess. */
const WRONG =
  /(^|[^a-z])(error|failed|failure|fatal|exception|assert\w*|not ok|panic|cannot|undefined reference)([^a-z]|$)|✖|✗/iu;
/** Lines that hold such words and say the opposite, or nothing of use. */
const HARMLESS = /\b0 (errors?|failed|failures?)\b|^\+ /iu;
// oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
const ESCAPES = /\u001B\[[0-9;]*[A-Za-z]/g;

/** Which line of a log's end says best what went wrong; counted from 0, null for an empty text. */
export function failingLineOf(lines: readonly string[]): number | null {
  const plain = lines.map((line) => line.replace(ESCAPES, ""));
  const found = plain.findIndex((line) => WRONG.test(line) && !HARMLESS.test(line));
  if (found !== -1) return found;
  const last = plain.findLastIndex((line) => line.trim() !== "");
  return last === -1 ? null : last;
}

/** Where a failed build broke: its first failing step, and the line of that step's log that says why. */
export async function findFailure(
  deps: { readonly store: Store; readonly logs: StepLogs },
  buildId: number,
): Promise<Failure | null> {
  const build = await deps.store.db
    .selectFrom("builds")
    .select(["state", "reasonText"])
    .where("id", "=", buildId)
    .executeTakeFirst();
  if (
    build === undefined ||
    (build.state !== "failed" && build.state !== "aborted" && build.state !== "unstable")
  )
    return null;
  const step = await deps.store.db
    .selectFrom("steps")
    .leftJoin("stages", (join) =>
      join.onRef("stages.buildId", "=", "steps.buildId").onRef("stages.path", "=", "steps.stagePath"),
    )
    .select([
      "steps.stepNo as stepNo",
      "steps.label as label",
      "stages.name as stage",
      "steps.failingLine as failingLine",
    ])
    .where("steps.buildId", "=", buildId)
    .where("steps.state", "in", build.state === "unstable" ? ["failed", "unstable"] : ["failed", "aborted"])
    .orderBy("steps.stepNo")
    .executeTakeFirst();
  const text = build.reasonText ?? build.state;
  if (step === undefined) return { stage: null, step: null, label: null, text, line: null, excerpt: [] };
  const base = { stage: step.stage, step: step.stepNo, label: step.label, text };
  const found = await failingPart(deps.logs, buildId, step.stepNo);
  if (found === null) return { ...base, line: null, excerpt: [] };
  const { lines, firstLine, at } = found;
  const from = Math.max(0, at - AROUND);
  return {
    ...base,
    line: firstLine + at,
    excerpt: lines.slice(from, at + AROUND + 1).map((line, index) => ({
      line: firstLine + from + index,
      text: line.replace(ESCAPES, "").slice(0, 500),
    })),
  };
}

/** The line of a failed step's log that says best what went wrong, counted from 1; null for an empty log. */
export async function failingLineIn(logs: StepLogs, buildId: number, stepNo: number): Promise<number | null> {
  const found = await failingPart(logs, buildId, stepNo);
  return found === null ? null : found.firstLine + found.at;
}

/** The end of a log, and the place in it of the line that says why. */
async function failingPart(
  logs: StepLogs,
  buildId: number,
  stepNo: number,
): Promise<{ lines: string[]; firstLine: number; at: number } | null> {
  const length = await logs.length(buildId, stepNo);
  if (length === 0) return null;
  const { lines, firstLine } = await tail(logs, buildId, stepNo, length);
  const at = failingLineOf(lines);
  return at === null ? null : { lines, firstLine, at };
}

async function tail(
  logs: StepLogs,
  buildId: number,
  stepNo: number,
  length: number,
): Promise<{ lines: string[]; firstLine: number }> {
  const from = Math.max(0, length - TAIL_BYTES);
  let before = 0;
  for (let at = 0; at < from;) {
    const { bytes } = await logs.read(buildId, stepNo, at, Math.min(1024 * 1024, from - at));
    if (bytes.length === 0) break;
    for (const byte of bytes) if (byte === 10) before += 1;
    at += bytes.length;
  }
  const { bytes } = await logs.read(buildId, stepNo, from, length - from);
  const lines = Buffer.from(bytes).toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return { lines, firstLine: before + 1 };
}
