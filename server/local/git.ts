import { spawn } from "node:child_process";

/** Git could not do it; the text is git's own, for the person at the terminal. */
export class LocalGitError extends Error {
  override readonly name = "LocalGitError";
}

const FLAGS = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false"];
const KEPT_CHARS = 4096;

/** What one call of git is given beside its arguments. */
export interface LocalGitCall {
  readonly cwd: string;
  /** Variables of git, `GIT_INDEX_FILE` and the like: the only ones of that name it sees. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/**
 * Runs git as the person would, with their own settings, so that their ignore rules and line ends hold; without hooks,
 * and without what a git that called us may have set. Gives what it printed.
 * @throws {LocalGitError}
 */
export async function localGit(args: readonly string[], call: LocalGitCall): Promise<string> {
  const result = await tryLocalGit(args, call);
  if (result.code === 0) return result.out;
  const said = result.said.trim().split("\n").slice(-3).join("\n");
  throw new LocalGitError(`git ${args[0] ?? ""} ended with ${result.code}: ${said}`);
}

/** The same, for questions to which no is an answer. */
export async function tryLocalGit(
  args: readonly string[],
  call: LocalGitCall,
): Promise<{ code: number; out: string; said: string }> {
  const child = spawn("git", [...FLAGS.flatMap((flag) => ["-c", flag]), ...args], {
    cwd: call.cwd,
    env: { ...withoutGit(process.env), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", ...call.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-KEPT_CHARS)));
  child.stdin.on("error", () => {}); // a git that ends early reads nothing
  child.stdin.end(call.input ?? "");
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(new LocalGitError(`git could not be run: ${error.message}`)));
    child.once("close", (status) => resolve(status ?? -1));
  });
  return { code, out, said };
}

function withoutGit(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !name.startsWith("GIT_")) kept[name] = value;
  return kept;
}
