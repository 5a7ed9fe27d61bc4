import type { z } from "zod";

/** Levels of nesting and number of keys and elements that a delivery may have. */
export const MAX_DEPTH = 64;
export const MAX_MEMBERS = 100_000;

/** A body read as JSON, or why not. */
export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly because: string };

/** Reads JSON whose shape cannot hurt: the bytes are counted through before they are parsed. */
export function readJson(text: string): JsonReading {
  const wrong = shapeOf(text);
  if (wrong !== null) return { ok: false, because: wrong };
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false, because: "the body is no JSON" };
  }
}

function shapeOf(text: string): string | null {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return `the body is nested deeper than ${MAX_DEPTH}`;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    else if (code === 0x2c) {
      members += 1;
      if (members > MAX_MEMBERS) return `the body has more than ${MAX_MEMBERS} members`;
    }
  }
  return null;
}

/** Where the string that begins at `from` ends. Searched, not walked: most of a delivery is text, and this is on every one's way. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

/** The JSON text of a delivery: the body itself, or the field `payload` of a form. Null where a form has none. */
export function payloadText(contentType: string, body: Buffer): string | null {
  if (!contentType.toLowerCase().startsWith("application/x-www-form-urlencoded"))
    return body.toString("utf8");
  return new URLSearchParams(body.toString("utf8")).get("payload");
}

/** Reads a payload by its schema; the answer names the first field that is not as documented. */
export function readPayload<Schema extends z.ZodType>(
  schema: Schema,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
):
  | { readonly ok: true; readonly value: z.output<Schema> }
  | { readonly ok: false; readonly because: string } {
  const text = payloadText(request.headers["content-type"] ?? "", request.body);
  if (text === null)
    return { ok: false, because: "the form has no field payload; set the content type to application/json" };
  const json = readJson(text);
  if (!json.ok) return json;
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    ok: false,
    because: `the body is not as documented: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  };
}
