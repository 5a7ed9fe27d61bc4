import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { evaluateScript, type EvaluationError } from "../../pipelines/interpreter/evaluate.ts";
import type { Host } from "../../pipelines/interpreter/host.ts";
import { plainJson } from "../../pipelines/interpreter/plain-json.ts";
import { LongValue } from "../../pipelines/interpreter/values.ts";
import { keepHeapSmall } from "../small-heap.ts";

/** The world of a script on the command line: the machine's clock and random numbers, the terminal, and no steps. */
function terminalHost(): Host {
  return {
    callFunction: () => undefined,
    readName: () => undefined,
    assignName: () => false,
    print: (text) => {
      process.stdout.write(text);
    },
    read: (reading) => {
      if (reading === "now") return new LongValue(BigInt(Date.now()));
      return reading === "uuid" ? randomUUID() : new LongValue(randomBytes(8).readBigInt64BE());
    },
  };
}

/** Processor time of a script beyond which nobody waits for its value. */
const LIMIT_MS = 10_000;

function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** `sluice groovy FILE`: runs a script without steps; its value is the last line, as JSON. Exit 0, 1 if it threw, 2 if it cannot be read. */
export async function groovyCommand(argv: readonly string[]): Promise<number> {
  const [file, ...rest] = argv;
  if (file === undefined || rest.length > 0 || file.startsWith("-")) {
    process.stderr.write("usage: sluice groovy FILE\n");
    return 2;
  }
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  keepHeapSmall();
  const result = evaluateScript(text, {
    host: terminalHost(),
    file,
    watch: { clockMs: workedMs, limitMs: LIMIT_MS },
  });
  if ("error" in result) {
    for (const line of errorLines(file, result.error)) process.stderr.write(`${line}\n`);
    return 1;
  }
  process.stdout.write(`${JSON.stringify(plainJson(result.evaluator, result.value))}\n`);
  return 0;
}

function errorLines(file: string, error: EvaluationError): string[] {
  if (error.diagnostics !== undefined) {
    return error.diagnostics.map(({ span, message }) => `${file}:${span.line}:${span.column}: ${message}`);
  }
  const at = error.site?.span;
  return [
    at === undefined ? `${file}: ${error.message}` : `${file}:${at.line}:${at.column}: ${error.message}`,
  ];
}
