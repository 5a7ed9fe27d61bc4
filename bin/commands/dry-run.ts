import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { dryRun } from "../../pipelines/engine/dry-run.ts";
import type { Head, HeadEvent } from "../../pipelines/ports.ts";
import { keepHeapSmall } from "../small-heap.ts";

const USAGE = `usage: sluice run --dry-run [options] FILE
  --env NAME=VALUE     a variable of the agent, besides those of this process
  --param NAME=VALUE   a parameter of the build
  --branch NAME        build that branch (default: no branch, as a job that is not of a repository)
  --tag NAME           build that tag`;

type Options = {
  readonly file: string;
  readonly env: Record<string, string>;
  readonly parameters: Record<string, string>;
  readonly branch: string | null;
  readonly tag: string | null;
};

/**
 * `sluice run --dry-run FILE`: runs a Jenkinsfile without doing anything and prints its console. Exit 0 when it ends
 * SUCCESS or UNSTABLE, 1 when not, 2 for wrong arguments.
 */
export async function dryRunCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === "string") {
    process.stderr.write(`${options}\n${USAGE}\n`);
    return 2;
  }
  let text: string;
  try {
    text = readFileSync(options.file, "utf8");
  } catch (error) {
    process.stderr.write(
      `${options.file} cannot be read: ${error instanceof Error ? error.message : "unknown error"}\n`,
    );
    return 2;
  }
  keepHeapSmall();
  const folder = dirname(resolve(options.file));
  const lines: string[] = [];
  const end = dryRun({
    head: headOf(options, text),
    environment: { ...definedOnly(process.env), ...options.env },
    // The file stands for the Jenkinsfile of the folder it lies in, whatever its name.
    readFile: (path) => readBeside(folder, path) ?? (path === "Jenkinsfile" ? text : null),
    print: (line) => lines.push(line),
  });
  await write(`${lines.join("\n")}\n`);
  return end.result === "SUCCESS" || end.result === "UNSTABLE" ? 0 : 1;
}

function write(text: string): Promise<void> {
  return new Promise((done, fail) => process.stdout.write(text, (error) => (error ? fail(error) : done())));
}

function readOptions(argv: readonly string[]): Options | string {
  const env: Record<string, string> = {};
  const parameters: Record<string, string> = {};
  const files: string[] = [];
  let branch: string | null = null;
  let tag: string | null = null;
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? "";
    if (word === "--dry-run") continue;
    if (!word.startsWith("--")) {
      files.push(word);
      continue;
    }
    const value = argv[(i += 1)];
    if (value === undefined) return `${word} needs a value`;
    if (word === "--branch") branch = value;
    else if (word === "--tag") tag = value;
    else if (word === "--env" || word === "--param") {
      const at = value.indexOf("=");
      if (at < 1) return `${word} takes NAME=VALUE, not "${value}"`;
      (word === "--env" ? env : parameters)[value.slice(0, at)] = value.slice(at + 1);
    } else return `${word} is not known`;
  }
  const [file] = files;
  if (file === undefined || files.length > 1) return "one file is needed";
  return { file, env, parameters, branch, tag };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) found[name] = value;
  return found;
}

function readBeside(folder: string, path: string): string | null {
  const whole = resolve(folder, path);
  if (!whole.startsWith(`${folder}/`)) return null;
  try {
    return readFileSync(whole, "utf8");
  } catch {
    return null;
  }
}

function headOf(options: Options, text: string): Head {
  const { branch, tag } = options;
  const commit = "0".repeat(40);
  const event: HeadEvent =
    tag === null
      ? { kind: "branch", branch: branch ?? "", primary: branch === "main" }
      : { kind: "tag", tag, atMs: null, grammar: null, fields: {}, grammars: [] };
  return {
    commit,
    ref: tag === null ? `refs/heads/${branch ?? "main"}` : `refs/tags/${tag}`,
    event,
    actor: null,
    parameters: options.parameters,
    file: { path: options.file, text, commit },
    libraries: [],
    settings: { timeZone: "UTC", defaultLabel: null, environment: {}, deployTo: null, mayDeployTo: null },
    startedAtMs: Date.now(),
    changes: [],
    restartFrom: null,
    trusted: true,
    project: {
      key: "test",
      jobName: "test1",
      url: "http://localhost:3000/projects/test1",
      cloneUrl: "file:///test1.git",
    },
    build: {
      number: 1,
      url: "http://localhost:3000/projects/test1/builds/1",
      serverUrl: "http://localhost:3000/",
      causes: [
        { class: "UserIdCause", text: "Started by a dry run", userId: null, userName: null, upstream: null },
      ],
      previousCommit: null,
      previousSuccessfulCommit: null,
    },
    hasAgentImage: true,
    hasScm: true,
  };
}
