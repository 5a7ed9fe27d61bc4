#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to read it far enough to be told what is wrong.
import module from "node:module";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `sluice needs Node 24 or newer; this is ${process.version}. In a clone, "npx sluice" uses the right one.`,
  );
  process.exit(78);
}
// Threads inherit the variable, not the call.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  process.env.NODE_COMPILE_CACHE = new URL("../node_modules/.cache/compile", import.meta.url).pathname;
}
module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import("./main.ts");
