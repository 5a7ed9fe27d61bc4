/** Runs every static check of the repository and says which one failed: types, lint, format, and who imports whom. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const checks: readonly (readonly [string, readonly string[]])[] = [
  ["types", ["node_modules/.bin/tsc", "-p", "."]],
  ...(existsSync("web/tsconfig.json")
    ? [["types of web", ["node_modules/.bin/tsc", "-p", "web"]] as const]
    : []),
  ["lint", ["node_modules/.bin/oxlint", "--type-aware", "--deny-warnings"]],
  ["format", ["node_modules/.bin/oxfmt", "--check"]],
  ["rooms", [process.execPath, "node_modules/mocha/bin/mocha.js", "test/architecture.test.ts"]],
];

let failed = 0;
for (const [name, command] of checks) {
  const [program, ...args] = command;
  if (program === undefined) continue;
  const run = spawnSync(program, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  const ok = run.status === 0;
  console.log(`check ${name}: ${ok ? "ok" : "failed"}`);
  if (!ok) {
    failed += 1;
    console.log(`${run.stdout}${run.stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
