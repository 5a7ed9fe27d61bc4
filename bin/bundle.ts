import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRY = join(ROOT, "bin/commands/lint.ts");

/** A source of a bundle as it was then: its path in this tree, its time of change in ms and its size. */
type Source = readonly [path: string, mtimeMs: number, sizeBytes: number];

/** What bin/sluice.js reads before it trusts a bundle: the file, and the sources it was made of. */
type Manifest = { readonly file: string; readonly sources: readonly Source[] };

/**
 * Makes one file of the linter and all it imports, for the next start: loading many files takes longer than checking
 * one; gives its path. Where there is no bundler, or nothing can be written, the sources are used as they are.
 */
export async function bundleLint(folder: string): Promise<string | undefined> {
  try {
    mkdirSync(folder, { recursive: true });
    const startedAtMs = Date.now();
    const { code, paths } = await bundled();
    const sources = paths.map(sourceOf);
    // A source that changed meanwhile may be in it as it was before.
    if (sources.some(([, mtimeMs]) => mtimeMs >= startedAtMs)) return undefined;
    return keep(folder, code, sources);
  } catch {
    // The bundle is only a matter of speed.
    return undefined;
  }
}

async function bundled(): Promise<{ readonly code: string; readonly paths: readonly string[] }> {
  const { build } = await import("vite");
  const result = await build({
    root: ROOT,
    configFile: false,
    envFile: false,
    logLevel: "silent",
    build: {
      ssr: ENTRY,
      write: false,
      minify: true,
      target: "node24",
      rolldownOptions: { output: { format: "cjs" } },
    },
  });
  if (!("output" in result)) throw new Error("no output");
  const [chunk, ...others] = result.output;
  if (others.length > 0) throw new Error("more than one file");
  return { code: chunk.code, paths: Object.keys(chunk.modules).filter((path) => path.startsWith(ROOT)) };
}

function sourceOf(path: string): Source {
  const { mtimeMs, size } = statSync(path);
  return [path.slice(ROOT.length), mtimeMs, size];
}

/** Each file appears whole under a name of its own: another process may be reading the one before. */
function keep(folder: string, code: string, sources: readonly Source[]): string {
  const file = `lint-${createHash("sha256").update(code).digest("hex").slice(0, 16)}.cjs`;
  const manifest: Manifest = { file, sources };
  for (const [name, text] of [
    [file, code],
    ["lint.json", JSON.stringify(manifest)],
  ] as const) {
    const fresh = join(folder, `${name}.${process.pid}`);
    writeFileSync(fresh, text);
    renameSync(fresh, join(folder, name));
  }
  for (const name of readdirSync(folder))
    if (/^lint-\w+\.cjs$/.test(name) && name !== file) rmSync(join(folder, name), { force: true });
  return join(folder, file);
}
