import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import type { Host } from "../../../pipelines/interpreter/host.ts";
import { plainJson, type Json } from "../../../pipelines/interpreter/plain-json.ts";
import { LongValue } from "../../../pipelines/interpreter/values.ts";

/** A host without steps whose clock stands still; what is printed goes into `printed`. */
export function quietHost(printed: string[] = []): Host {
  return {
    callFunction: () => undefined,
    readName: () => undefined,
    assignName: () => false,
    print: (text) => {
      printed.push(text);
    },
    read: (reading) =>
      reading === "uuid" ? "00000000-0000-4000-8000-000000000001" : new LongValue(86_400_000n),
  };
}

/** The value of a script as JSON data; a script that throws gives `{ error }`. */
export function valueOf(text: string): Json {
  const result = evaluateScript(text, { host: quietHost(), file: "test.groovy" });
  return "error" in result ? { error: result.error.message } : plainJson(result.evaluator, result.value);
}

/** The message with which a script ends. */
export function errorOf(text: string): string {
  const result = evaluateScript(text, { host: quietHost(), file: "test.groovy" });
  return "error" in result ? result.error.message : `no error but ${result.evaluator.textOf(result.value)}`;
}
