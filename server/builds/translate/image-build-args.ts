import { posix } from "node:path";

/** The words behind `docker build -t TAG`, read into what the runner's engine is asked for. */
export interface BuildOptions {
  readonly context: string;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | null;
  readonly pull: boolean;
  readonly noCache: boolean;
  readonly network: "default" | "none";
  readonly platform: string | null;
  readonly cacheFrom: readonly string[];
}

/** What was read, or the option that is refused and why. */
export type ReadBuild =
  | { readonly ok: true; readonly options: BuildOptions }
  | { readonly ok: false; readonly reason: string };

const FLAGS = new Set([
  "--pull",
  "--no-cache",
  "--rm",
  "--force-rm",
  "--quiet",
  "-q",
  "--compress",
  "--squash",
]);
const NAMED = new Set([
  "-f",
  "--file",
  "-t",
  "--tag",
  "--build-arg",
  "--label",
  "--target",
  "--network",
  "--platform",
  "--cache-from",
  "--progress",
]);

/** Reads the arguments of an image build; the last free word is the context. */
export function readImageBuild(
  tag: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): ReadBuild {
  const named = new Map<string, string[]>();
  const flags = new Set<string>();
  const free: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const cut = word.startsWith("--") ? word.indexOf("=") : -1;
    const option = cut === -1 ? word : word.slice(0, cut);
    if (!word.startsWith("-")) free.push(word);
    else if (FLAGS.has(option)) flags.add(option);
    else if (NAMED.has(option)) {
      const value = cut === -1 ? words[(at += 1)] : word.slice(cut + 1);
      if (value === undefined)
        return { ok: false, reason: `docker build: the value of ${option} is missing` };
      named.set(option, [...(named.get(option) ?? []), value]);
    } else return { ok: false, reason: `docker build: the option ${option} is not carried out here` };
  }
  const context = free.at(-1) ?? ".";
  if (/^[a-z+]+:\/\//.test(context) || context === "-")
    return {
      ok: false,
      reason: `docker build: the context "${context}" is refused: it must be a folder of the workspace`,
    };
  const all = (...names: readonly string[]) => names.flatMap((name) => named.get(name) ?? []);
  const network = all("--network").at(-1) ?? "default";
  if (network !== "default" && network !== "none")
    return {
      ok: false,
      reason: `docker build: the network "${network}" is refused: it is "default" or "none"`,
    };
  const file = all("-f", "--file").at(-1) ?? null;
  return {
    ok: true,
    options: {
      context,
      // As the command line does: the file is relative to where one stands, not to the context.
      dockerfile: file === null ? "Dockerfile" : relativeTo(context, file),
      tags: [tag, ...all("-t", "--tag")],
      buildArgs: pairs(all("--build-arg"), env),
      labels: pairs(all("--label"), {}),
      target: all("--target").at(-1) ?? null,
      pull: flags.has("--pull"),
      noCache: flags.has("--no-cache"),
      network,
      platform: all("--platform").at(-1) ?? null,
      cacheFrom: all("--cache-from"),
    },
  };
}

function relativeTo(context: string, file: string): string {
  return posix.isAbsolute(file)
    ? file
    : posix.relative(posix.normalize(context), posix.normalize(file)) || file;
}

/** `NAME=value`; a name alone takes its value from the build's environment, as the command line does. */
function pairs(words: readonly string[], env: Readonly<Record<string, string>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at > 0) found[word.slice(0, at)] = word.slice(at + 1);
    else if (env[word] !== undefined) found[word] = env[word];
  }
  return found;
}
