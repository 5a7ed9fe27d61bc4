#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to read it far enough to be told what is wrong.
import { readFileSync, statSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `sluice needs Node 24 or newer; this is ${process.version}. In a clone, "npx sluice" uses the right one.`,
  );
  process.exit(78);
}
// Threads inherit the variable, not the call.
const root = fileURLToPath(new URL("..", import.meta.url));
const cache = `${root}node_modules/.cache/`;
if (process.env.NODE_COMPILE_CACHE === undefined) process.env.NODE_COMPILE_CACHE = `${cache}compile`;
module.enableCompileCache(process.env.NODE_COMPILE_CACHE);

// A check must be quick: the linter is kept as one file, for as long as that is what the sources say.
const bundles = `${cache}sluice/`;
const isLint = process.argv[2] === "lint";
const bundle = isLint ? bundledLint() : undefined;
if (bundle === undefined) {
  await import("./main.ts");
  const path = isLint ? await (await import("./bundle.ts")).bundleLint(bundles) : undefined;
  // What of it is compiled when it is first loaded is what the compile cache keeps.
  if (path !== undefined)
    module
      .createRequire(import.meta.url)(path)
      .rehearse();
} else process.exitCode = await bundle.lintCommand(process.argv.slice(3));

function bundledLint() {
  try {
    const { file, sources } = JSON.parse(readFileSync(`${bundles}lint.json`, "utf8"));
    for (const [path, mtimeMs, sizeBytes] of sources) {
      const now = statSync(root + path);
      if (now.mtimeMs !== mtimeMs || now.size !== sizeBytes) return undefined;
    }
    return module.createRequire(import.meta.url)(bundles + file);
  } catch {
    return undefined;
  }
}
