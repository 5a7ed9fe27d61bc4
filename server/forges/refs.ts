import { Sha } from "./trigger-event.ts";

const MAX_REF = 250;
const MAX_TITLE = 250;
const SKIP_MARKS = ["[skip ci]", "[ci skip]", "[no ci]", "***NO_CI***"];

/** A whole ref taken apart; null where it is neither branch nor tag, or no name that git allows. */
export function readRef(ref: string): { readonly kind: "push" | "tag"; readonly name: string } | null {
  const name = ref.startsWith("refs/heads/")
    ? ref.slice(11)
    : ref.startsWith("refs/tags/")
      ? ref.slice(10)
      : "";
  if (!isRefName(name)) return null;
  return { kind: ref.startsWith("refs/heads/") ? "push" : "tag", name };
}

/** Whether git would allow the name. Source: git-check-ref-format(1). */
export function isRefName(name: string): boolean {
  if (name === "" || name.length > MAX_REF || name === "@" || name.startsWith("-")) return false;
  if (/[\p{Cc} ~^:?*[\\]/u.test(name)) return false;
  if (
    name.includes("..") ||
    name.includes("@{") ||
    name.includes("//") ||
    name.endsWith("/") ||
    name.endsWith(".")
  )
    return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** The commit or object id; null for the all-zero one, which means that there is no object. */
export function shaOrNull(text: string | null | undefined): string | null {
  if (text === null || text === undefined || /^0+$/u.test(text)) return null;
  return Sha.safeParse(text).data ?? null;
}

/** The first line of a commit's message, fit for a list. */
export function titleOf(message: string): string {
  const line = (message.split("\n", 1)[0] ?? "")
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "")
    .trim();
  const points = Array.from(line);
  return points.length <= MAX_TITLE ? line : `${points.slice(0, MAX_TITLE - 1).join("")}…`;
}

/** The mark in a head commit's message that asks for no build, as written there; branches only. */
export function skipMark(message: string): string | null {
  const lower = message.toLowerCase();
  return SKIP_MARKS.find((mark) => lower.includes(mark.toLowerCase())) ?? null;
}
