/** Looks for texts that break the language, for as many minutes as the argument says, and prints each that it finds. */
import fc from "fast-check";
import { files, isEvaluated, isLinted, isRunDry, programs } from "./fuzz.ts";

const minutes = Number(process.argv[2] ?? "10");
const endsAt = performance.now() + minutes * 60_000;
const CHECKS = [
  ["lint", files, isLinted],
  ["dry run", files, isRunDry],
  ["evaluation", programs, isEvaluated],
] as const;

const known = new Set<string>();
let runs = 0;
while (performance.now() < endsAt) {
  for (const [name, texts, check] of CHECKS) {
    const result = fc.check(fc.property(texts, check), { numRuns: 200 });
    runs += result.numRuns;
    if (!result.failed) continue;
    const error = String(result.errorInstance).split("\n")[0] ?? "";
    if (known.has(name + error)) continue;
    known.add(name + error);
    console.log(`${name}: ${error}\n  seed ${result.seed}: ${JSON.stringify(result.counterexample)}`);
  }
}
console.log(`${runs} texts, ${known.size} failures`);
process.exitCode = known.size === 0 ? 0 : 1;
