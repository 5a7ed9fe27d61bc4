import { createWriteStream } from "node:fs";
import { startChild } from "../../test/support/services/process.ts";
import type { Child } from "../../test/support/services/process.ts";
import { until } from "../../test/support/services/until.ts";
import type { Part } from "./fault.ts";

/** How a part is started, and how one sees that it works. */
export interface PartOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Everything it ever prints goes here, over all its lives. */
  readonly logFile: string;
  /** Whether it does its work now; a throw is "not yet". */
  answers(): Promise<boolean>;
}

/** A start after a death, and when it did its work again. */
export interface Start {
  readonly atMs: number;
  readonly answeredAtMs: number;
}

/** A part that also ends with the campaign. */
export interface OwnedPart extends Part {
  /** The starts after it was killed, oldest first. */
  starts(): readonly Start[];
  /** Ends it for good; it may be frozen. */
  stop(): Promise<void>;
}

/** How long a part may take to answer on a machine with much else to do. */
const START_DEADLINE_MS = 120_000;

/** Starts a program of the campaign, and gives the handle by which faults strike it. */
export async function startPart(options: PartOptions): Promise<OwnedPart> {
  const log = createWriteStream(options.logFile, { flags: "a" });
  const launch = async (env: Readonly<Record<string, string>>): Promise<Child> => {
    const child = await startChild(options.program, options.args, {
      env: { ...options.env, ...env },
      deathSignal: "KILL",
      onOutput: (chunk) => void log.write(chunk),
    });
    const answer = await until(
      `${options.name} answers`,
      async () => {
        if (child.exit() !== undefined) return "ended";
        return (await options.answers()) ? "ready" : undefined;
      },
      { deadlineMs: START_DEADLINE_MS },
    ).catch(async (error: unknown) => {
      await child.stop("SIGKILL");
      throw error;
    });
    if (answer === "ended") {
      const { code, signal } = await child.exited;
      throw new Error(`${options.name} ended with ${code ?? signal}: ${child.output().slice(-2000)}`);
    }
    return child;
  };
  let child = await launch({});
  const starts: Start[] = [];
  const thaw = (): void => {
    if (child.exit() === undefined) process.kill(child.pid, "SIGCONT");
  };
  const kill = async (): Promise<void> => await child.stop("SIGKILL");
  return {
    name: options.name,
    starts: () => starts,
    pid: () => child.pid,
    isRunning: () => child.exit() === undefined,
    output: () => child.output(),
    kill,
    shutDown: async () => await child.stop("SIGTERM"),
    freeze: () => void process.kill(child.pid, "SIGSTOP"),
    thaw,
    start: async (env = {}) => {
      await kill();
      const wasKilled = child.exit()?.signal === "SIGKILL";
      const atMs = Date.now();
      child = await launch(env);
      if (wasKilled) starts.push({ atMs, answeredAtMs: Date.now() });
    },
    stop: async () => {
      thaw();
      await child.stop("SIGTERM");
      await new Promise((resolve) => log.end(resolve));
    },
  };
}
