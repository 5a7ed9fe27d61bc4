import type { EnvMap, ExecRun } from "../protocol.ts";
import { RunnerFailure } from "../failure.ts";

/** Where the container sees the folders that we mount. */
export const BUSYBOX = "/.sluice/bin/busybox";
export const SESSION_FOLDER = "/.sluice/s";

/** What the waiter is to run: shell lines to source, and the script's bytes if there is a script. */
export interface RunFiles {
  readonly run: string;
  readonly script: string | null;
}

/**
 * The shell lines of a step: environment, directory, and one `exec` into the user's own interpreter.
 * `token` marks every process of the step, so that a sweep finds those that left its group.
 */
export function runFiles(step: {
  n: number;
  run: ExecRun;
  cwd: string;
  env: EnvMap;
  token: string;
}): RunFiles {
  const lines: string[] = [];
  // Names that are no shell identifiers, or that the shell itself changes, go through env(1).
  const odd: string[] = [];
  for (const [name, value] of Object.entries({ ...step.env, SLUICE_STEP: step.token })) {
    refuseUnfit(name, value);
    const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SPECIAL.has(name);
    if (plain) lines.push(value === null ? `unset ${name}` : `export ${name}=${quote(value)}`);
    else odd.push(...(value === null ? ["-u", quote(name)] : [quote(`${name}=${value}`)]));
  }
  lines.push(`cd ${quote(step.cwd)} || exit 126`);
  const words = commandWords(step.run, step.n);
  const command = words.map((word) => quote(word));
  const [first = "", ...rest] = words;
  if (!first.includes("/")) {
    lines.push(...lookUp(first));
    command.splice(0, command.length, '"$_sl_found"', ...rest.map((word) => quote(word)));
  }
  const through = odd.length === 0 ? "" : `${BUSYBOX} env ${odd.join(" ")} `;
  lines.push(`exec ${BUSYBOX} setsid ${through}${command.join(" ")}`, "");
  return { run: lines.join("\n"), script: step.run.kind === "script" ? step.run.text : null };
}

function commandWords(run: ExecRun, n: number): string[] {
  if (run.kind === "argv") return run.argv;
  const file = `${SESSION_FOLDER}/in/${String(n)}.sh`;
  const shebang = /^#!\s*(\S+)(?:[ \t]+([^\r\n]*\S))?/.exec(run.text);
  if (shebang !== null) {
    const [, interpreter = "", argument] = shebang;
    return argument === undefined ? [interpreter, file] : [interpreter, argument, file];
  }
  return [...(run.interpreter ?? ["/bin/sh", "-xe"]), file];
}

// The mounted busybox would run its own applet of that name; the image's program is meant.
function lookUp(name: string): string[] {
  return [
    "_sl_found= _sl_ifs=$IFS IFS=:",
    `for _sl_d in $PATH; do [ -f "$_sl_d"/${quote(name)} ] && [ -x "$_sl_d"/${quote(name)} ] && { _sl_found=$_sl_d/${quote(name)}; break; }; done`,
    "IFS=$_sl_ifs",
    `[ -n "$_sl_found" ] || { echo ${quote(`${name}: not found`)} >&2; exit 127; }`,
  ];
}

function refuseUnfit(name: string, value: string | null): void {
  if (name === "" || name.includes("=") || name.includes("\0")) {
    throw new RunnerFailure("refused", "file", `"${name}" cannot be the name of a variable`);
  }
  if (value?.includes("\0") === true) {
    throw new RunnerFailure("refused", "file", `the value of ${name} contains a NUL byte`);
  }
}

const SPECIAL = new Set(["OPTIND", "LINENO", "RANDOM", "PPID", "IFS", "_", "EPOCHSECONDS"]);

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
