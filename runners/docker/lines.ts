import { StringDecoder } from "node:string_decoder";
import { z } from "zod";

/** One line of a build, push or pull answer. Unknown fields pass; what cannot be read as JSON is skipped. */
const Line = z.object({
  stream: z.string().nullish(),
  status: z.string().nullish(),
  id: z.string().nullish(),
  progressDetail: z.object({ current: z.number().nullish(), total: z.number().nullish() }).nullish(),
  error: z.string().nullish(),
  errorDetail: z.object({ message: z.string(), code: z.number().nullish() }).nullish(),
  aux: z
    .object({ ID: z.string().nullish(), Tag: z.string().nullish(), Digest: z.string().nullish() })
    .nullish()
    .catch(null),
});
export type Line = z.infer<typeof Line>;

/**
 * Reads the engine's answer line by line: chunks end anywhere, also inside a character. Status 200 says nothing: a failure
 * is a line like any other, which the caller looks for.
 */
export async function* readLines(answer: AsyncIterable<Buffer | string>): AsyncGenerator<Line> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of answer) {
    rest += typeof chunk === "string" ? chunk : decoder.write(chunk);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const read = parse(line);
      if (read !== null) yield read;
    }
  }
  const last = parse(rest + decoder.end());
  if (last !== null) yield last;
}

function parse(text: string): Line | null {
  if (text.trim() === "") return null;
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
