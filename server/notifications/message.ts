import { z } from "zod";

/** What a message may be about; routes name these words. */
export const NOTIFY_EVENTS = [
  "failed",
  "still_failing",
  "fixed",
  "succeeded",
  "aborted",
  "gate_open",
  "deployed",
  "deploy_failed",
  "rolled_back",
  "step",
] as const;
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/**
 * One message as facts, before any channel gives it a shape: stored with its delivery, so a repeat says the same.
 * Everything in it is written by people outside (branch, commit message, log): each channel escapes for its dialect.
 */
export const Message = z.object({
  event: z.enum(NOTIFY_EVENTS),
  /** Verdict first: `acme/web #128 failed: Test`. */
  title: z.string(),
  /** Lines of "what: value", in the order of importance. */
  facts: z.array(z.object({ label: z.string(), value: z.string(), href: z.string().nullable() })),
  /** The end of the failing step's log, masked already. */
  excerpt: z.string().nullable(),
  /** The first opens the failing line; all are safe to fetch. */
  links: z.array(z.object({ label: z.string(), url: z.string() })),
  /** Plain words of a message step; null for what Sluice composes itself. */
  body: z.string().nullable(),
  html: z.boolean().optional(),
  project: z.string(),
  branch: z.string().nullable(),
});
export type Message = z.infer<typeof Message>;

// oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex -- these are what must not reach a message
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** The last lines of a log as a message may carry them: no escapes, no progress bars, bounded lines. */
export function excerptOf(log: string, lines = 12, width = 200): string {
  const plain = log
    .replace(ESCAPES, "")
    .split("\n")
    .map((line) => (line.split("\r").findLast((part) => part !== "") ?? "").replace(CONTROLS, ""))
    .filter((line) => line.trim() !== "");
  return plain
    .slice(-lines)
    .map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))
    .join("\n");
}

/** Cuts text to at most `bytes` bytes of UTF-8 without splitting a character. */
export function cutToBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let used = 0;
  let kept = "";
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (used + size > bytes - 3) break;
    used += size;
    kept += character;
  }
  return `${kept}…`;
}
