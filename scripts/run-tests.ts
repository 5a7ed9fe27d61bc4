/** Runs mocha over the tests that were asked for and closes with one plain line computed from mocha's own result. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { glob, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

/** The part we read of what mocha's JSON reporter writes. */
const Report = z.object({ ended: z.boolean(), passes: z.int(), failures: z.int(), pending: z.int() });
type Report = z.infer<typeof Report>;

const MOCHA = "node_modules/mocha/bin/mocha.js";
const MOST_FAILURES_IN_EXIT_CODE = 100;

interface Wanted {
  readonly paths: readonly string[];
  /** Options that go to mocha as they are. */
  readonly options: readonly string[];
}

/** Paths are files and folders; an option that is written as `--name value` takes its value along. */
function readArguments(args: readonly string[]): Wanted {
  const paths: string[] = [];
  const options: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (!arg.startsWith("-")) {
      paths.push(arg);
      continue;
    }
    options.push(arg);
    const value = args[at + 1];
    if (TAKES_VALUE.has(arg) && value !== undefined) {
      options.push(value);
      at += 1;
    }
  }
  return { paths, options };
}
const TAKES_VALUE = new Set(["--grep", "-g", "--fgrep", "-f", "--timeout", "-t", "--retries"]);

async function testFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths.length === 0 ? ["test"] : paths) {
    if (!existsSync(path)) throw new Error(`there is no ${path}`);
    if (!statSync(path).isDirectory()) {
      files.push(path);
      continue;
    }
    for await (const file of glob(join(path, "**/*.test.ts"))) files.push(file);
  }
  return files.sort();
}

async function run(files: readonly string[], options: readonly string[], report: string): Promise<number> {
  const args = [
    "--unhandled-rejections=strict",
    MOCHA,
    "--exit",
    "--reporter",
    "scripts/mocha-reporter.cjs",
    "--reporter-option",
    `output=${report}`,
    ...options,
    ...files,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (signal !== null) console.log(`mocha was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/** What mocha counted; a run that ended early has failed, whatever passed before. */
function result(report: string, code: number): Report {
  const counted = counts(report);
  if (!counted.ended) console.log("mocha ended before its tests did");
  // Mocha also fails without a failing test, when a hook or a file outside any test does.
  const isUnseen = !counted.ended || (counted.failures === 0 && code !== 0);
  return isUnseen ? { ...counted, failures: counted.failures + 1 } : counted;
}

function counts(report: string): Report {
  if (!existsSync(report)) return { ended: false, passes: 0, failures: 0, pending: 0 };
  return Report.parse(JSON.parse(readFileSync(report, "utf8")));
}

const { paths, options } = readArguments(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), "sluice-tests-"));
try {
  const files = await testFiles(paths);
  const report = join(folder, "report.json");
  const code = await run(files, options, report);
  const { passes, failures, pending } = result(report, code);
  if (pending > 0)
    console.log(`${pending} skipped, which counts as failed: no test passes by skipping itself`);
  const failed = failures + pending;
  if (passes + failed === 0) console.log("no test matched, which counts as failed");
  close(passes, passes + failed === 0 ? 1 : failed);
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
  close(0, 1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The line that scripts and CI read. */
function close(passed: number, failed: number): void {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = Math.min(failed, MOST_FAILURES_IN_EXIT_CODE);
}
