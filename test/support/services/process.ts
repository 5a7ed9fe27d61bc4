import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const KEPT_OUTPUT_CHARS = 64 * 1024;
const STOP_DEADLINE_MS = 15_000;

/** What a child may be given beside its command. */
export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** System user to run as; needs root. */
  readonly user?: string;
  /** The signal the kernel sends it when this process dies, however that happens. Default KILL. */
  readonly deathSignal?: "KILL" | "TERM" | "QUIT" | "INT";
  /** Hears everything it writes; without it only the end is kept. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program that cannot outlive this process. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** The exit, or undefined while it runs. */
  exit(): Exit | undefined;
  /** The end of what it wrote to stdout and stderr. */
  output(): string;
  /** Sends `signal`, then KILL if it stays; returns when it has ended. A repeat does nothing. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a program whose life is tied to ours by the kernel (PR_SET_PDEATHSIG, through setpriv), so that a test process
 * killed with SIGKILL leaves nothing running. The signal follows the thread that spawned: call it on the main thread.
 */
export async function startChild(
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const tie = [
    "--pdeathsig",
    options.deathSignal ?? "KILL",
    ...userArgs(options.user),
    "--",
    program,
    ...args,
  ];
  const child = spawn("setpriv", tie, {
    stdio: ["ignore", "pipe", "pipe"],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = keepOutput(child);
  if (options.onOutput !== undefined) {
    child.stdout.on("data", options.onOutput);
    child.stderr.on("data", options.onOutput);
  }
  await once(child, "spawn");
  return owned(child, output);
}

function userArgs(user: string | undefined): string[] {
  return user === undefined ? [] : ["--reuid", user, "--regid", user, "--init-groups"];
}

function keepOutput(child: ChildProcess): () => string {
  let text = "";
  const add = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  return () => text;
}

function owned(child: ChildProcess, output: () => string): Child {
  const { pid } = child;
  if (pid === undefined) throw new Error("a spawned child without a pid");
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    if (exit !== undefined) return;
    child.kill(signal);
    const kill = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(kill);
  };
  return { pid, exited, exit: () => exit, output, stop };
}

/** Runs a program to its end and gives its output. @throws {Error} with that output when the exit code is not 0. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly input?: string } = {},
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  // A program that reads nothing may have closed its end already.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${err}${out}`);
  return out;
}
