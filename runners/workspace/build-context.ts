import { PassThrough } from "node:stream";
import { once } from "node:events";
import { matchesParts } from "./globs.ts";
import { withFile } from "./files.ts";
import type { Place } from "./paths.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";
import { walk } from "./walk.ts";

/** One line of a `.dockerignore` (https://docs.docker.com/build/concepts/context/#dockerignore-files); the last that matches decides. */
interface Rule {
  readonly parts: readonly string[];
  readonly keep: boolean;
}

/** The context of an image build as the engine wants it: a plain tar made by us, without what `.dockerignore` names. */
export async function buildContext(place: Place, dockerfile: string): Promise<PassThrough> {
  const rules = await readRules(place);
  const out = new PassThrough({ highWaterMark: 1024 * 1024 });
  // The engine always needs these two.
  const needed = new Set([dockerfile.replace(/^\.\//, ""), ".dockerignore"]);
  void send(place, rules, needed, out).catch((error: unknown) => {
    out.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return out;
}

async function send(
  place: Place,
  rules: readonly Rule[],
  needed: ReadonlySet<string>,
  out: PassThrough,
): Promise<void> {
  const hasKeep = rules.some((rule) => rule.keep);
  const write = async (bytes: Buffer): Promise<void> => {
    if (out.destroyed) throw new Error("the engine stopped reading");
    if (bytes.length > 0 && !out.write(bytes)) await Promise.race([once(out, "drain"), once(out, "close")]);
  };
  await walk(place, {
    // A folder left out may hold something that a later rule keeps.
    enter: (folder) => hasKeep || !isIgnored(rules, folder) || holds(needed, folder),
    meet: async (met, openMet) => {
      const name = met.path.join("/");
      if (isIgnored(rules, met.path) && !needed.has(name)) return;
      const { mode, mtimeMs } = met.stats;
      const head = { path: name, executable: (mode & 0o100) !== 0, modifiedAtMs: mtimeMs } as const;
      if (met.kind !== "file") {
        const target = met.kind === "link" ? met.target : "";
        await write(tarHeader({ ...head, kind: met.kind, bytes: 0, target }));
        return;
      }
      const handle = await openMet();
      if (handle === null) return;
      try {
        const { size } = await handle.stat();
        await write(tarHeader({ ...head, kind: "file", bytes: size, target: "" }));
        let sent = 0;
        while (sent < size) {
          const buffer = Buffer.alloc(Math.min(256 * 1024, size - sent));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, sent);
          // Cut short meanwhile: the announced size is kept.
          const part = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
          await write(part);
          sent += part.length;
        }
        await write(tarPadding(size));
      } finally {
        await handle.close();
      }
    },
  });
  await write(TAR_END);
  out.end();
}

async function readRules(place: Place): Promise<Rule[]> {
  const file = { ...place, parts: [...place.parts, ".dockerignore"] };
  let text: string;
  try {
    text = await withFile(file, ".dockerignore", async (handle) =>
      (await handle.readFile()).toString("utf8"),
    );
  } catch {
    return [];
  }
  return parseDockerignore(text);
}

/** The rules of a `.dockerignore` file. */
export function parseDockerignore(text: string): Rule[] {
  const rules: Rule[] = [];
  for (const raw of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const keep = line.startsWith("!");
    const parts = (keep ? line.slice(1) : line)
      .trim()
      .split("/")
      .filter((part) => part !== "" && part !== ".");
    if (parts.length > 0) rules.push({ parts, keep });
  }
  return rules;
}

/** Whether the rules leave a path out; a rule for a folder holds for all below it. */
export function isIgnored(rules: readonly Rule[], path: readonly string[]): boolean {
  let ignored = false;
  for (const rule of rules) {
    if (rule.keep !== ignored) continue;
    const hit = path.some((_part, i) => matchesParts(rule.parts, path.slice(0, i + 1)));
    if (hit) ignored = !rule.keep;
  }
  return ignored;
}

function holds(names: ReadonlySet<string>, folder: readonly string[]): boolean {
  const start = `${folder.join("/")}/`;
  for (const name of names) if (name.startsWith(start)) return true;
  return false;
}
