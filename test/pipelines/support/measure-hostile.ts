/** A process of its own: runs hostile scripts or reads hostile texts by name, one after the other, and prints what each took. */
import { keepHeapSmall } from "../../../bin/small-heap.ts";
import { evaluateScript } from "../../../pipelines/interpreter/evaluate.ts";
import { lint } from "../../../pipelines/lint.ts";
import { quietHost } from "../interpreter/support.ts";
import { hostileScripts, hugeTexts } from "./hostile.ts";

keepHeapSmall();
const [kind, ...names] = process.argv.slice(2);
const texts = new Map(
  (kind === "scripts" ? hostileScripts() : hugeTexts()).map(({ name, text }) => [name, text]),
);
const wanted = names.length === 0 ? [...texts.keys()] : names;

const reports = wanted.map((name) => {
  const text = texts.get(name);
  if (text === undefined) throw new Error(`there is no ${name}`);
  const before = process.threadCpuUsage();
  const end = kind === "scripts" ? endOf(name, text) : `${lint(text).length} diagnostics`;
  const { user, system } = process.threadCpuUsage(before);
  return { name, end, cpuMs: (user + system) / 1000, residentBytes: process.resourceUsage().maxRSS * 1024 };
});
process.stdout.write(JSON.stringify(reports));

function endOf(name: string, text: string): string {
  const result = evaluateScript(text, { host: quietHost(), file: name });
  return "error" in result ? result.error.code : "value";
}
