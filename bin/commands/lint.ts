import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { isError } from "../../pipelines/diagnostic.ts";
import type { Diagnostic } from "../../pipelines/diagnostic.ts";
import { lint } from "../../pipelines/lint.ts";

const USAGE = `Usage: sluice lint [--json] FILE...
       sluice lint [--json] --stdin

Checks Jenkinsfiles, declarative and scripted, without running anything.
  --json    one JSON object a file: {"file", "ok", "errors": [{"line", "column", "code", "message", "hint"}], "warnings": […]}
  --stdin   reads one file from the standard input
Exit status: 0 all files are good, 1 a file has an error, 2 the command or a file cannot be read.`;

const GOOD = 0;
const REFUSED = 1;
const UNUSABLE = 2;

/** So many files are over before optimised code would have paid for its making. */
const FEW_FILES = 5;

type Options = {
  readonly json: boolean;
  readonly stdin: boolean;
  readonly help: boolean;
  readonly files: readonly string[];
};

/** `sluice lint`: checks files and prints what is wrong with them; gives the exit status. */
export async function lintCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) return UNUSABLE;
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return GOOD;
  }
  if (options.files.length <= FEW_FILES) leaveUncompiled();
  let status = GOOD;
  if (options.stdin) status = report("<stdin>", await readStandardInput(), options.json);
  for (const file of options.files) status = Math.max(status, lintFile(file, options.json));
  return status;
}

/** A file with most of what files have, one mistake among it. */
const SAMPLE = `pipeline {
  agent { docker { image 'a' } }
  options { timestamps() }
  environment { A = "a-\${B}" }
  parameters { string(name: 'P', defaultValue: 'x') }
  stages {
    stage('a') {
      when { anyOf { branch 'main'; expression { params.P == 'y' && !x } } }
      steps {
        sh label: 'b', script: "make \${env.A} $P"
        script { def l = [1, 2].collect { it + 1 }; for (x in l) { if (x > 1) { echo "$x" } else { echo 'no' } } }
        retry(3) { timeout(time: 1, unit: 'HOURS') { sh 'c' } }
      }
    }
  }
  post { always { ehco 'd' } }
}
`;

/** Does the linter's work without saying anything, so that V8 keeps the compiled code of all of it for the next start. */
export function rehearse(): void {
  for (const diagnostic of lint(SAMPLE)) asText("", SAMPLE, diagnostic);
}

/** Keeps V8's compilers, which pay off in long runs, from competing with a short one for the processor. */
function leaveUncompiled(): void {
  setFlagsFromString("--no-maglev");
  setFlagsFromString("--no-opt");
}

/** Loaded only here: streams take longer to load than a file to check. */
async function readStandardInput(): Promise<string> {
  const { text } = await import("node:stream/consumers");
  return await text(process.stdin);
}

function readOptions(argv: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        stdin: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const { json = false, stdin = false, help = false } = values;
    if (!help && !stdin && positionals.length === 0) throw new Error("no file named");
    return { json, stdin, help, files: positionals };
  } catch (error) {
    process.stderr.write(
      `sluice lint: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`,
    );
    return undefined;
  }
}

function lintFile(file: string, json: boolean): number {
  try {
    return report(file, readFileSync(file, "utf8"), json);
  } catch (error) {
    process.stderr.write(`sluice lint: ${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return UNUSABLE;
  }
}

function report(file: string, text: string, json: boolean): number {
  const diagnostics = lint(text);
  const errors = diagnostics.filter(isError);
  const warnings = diagnostics.filter((diagnostic) => !isError(diagnostic));
  const out = json
    ? `${JSON.stringify({ file, ok: errors.length === 0, errors: errors.map(asJson), warnings: warnings.map(asJson) })}\n`
    : diagnostics.map((diagnostic) => asText(file, text, diagnostic)).join("");
  // Opening the standard output takes time, and a good file says nothing.
  if (out !== "") process.stdout.write(out);
  return errors.length === 0 ? GOOD : REFUSED;
}

function asJson({ span, code, message, hint }: Diagnostic): Record<string, unknown> {
  const { line, column, endLine, endColumn } = span;
  return { line, column, endLine, endColumn, code, message, ...(hint === undefined ? {} : { hint }) };
}

/** The place, the message, the line itself with a mark under the culprit, and how to put it right. */
function asText(file: string, text: string, diagnostic: Diagnostic): string {
  const { span, severity = "error", message, code, hint } = diagnostic;
  const related = (diagnostic.related ?? []).map(
    (other) => `  ${other.span.line}:${other.span.column}: ${other.message}\n`,
  );
  return [
    `${file}:${span.line}:${span.column}: ${severity}: ${message} [${code}]\n`,
    excerpt(text, diagnostic),
    ...related,
    hint === undefined ? "" : `  hint: ${hint}\n`,
  ].join("");
}

function excerpt(text: string, { span }: Diagnostic): string {
  const line = text.split(/\r\n|\n|\r/)[span.line - 1] ?? "";
  const width = span.line === span.endLine ? Math.max(1, span.endColumn - span.column) : 1;
  // Tabs stay tabs, so that the mark stands under the culprit whatever their width is.
  const indent = line.slice(0, span.column - 1).replaceAll(/[^\t]/g, " ");
  return `  ${line}\n  ${indent}${"^".repeat(width)}\n`;
}
