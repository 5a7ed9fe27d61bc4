import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "mocha";

const ROOT = join(import.meta.dirname, "..");
const ROOMS = ["pipelines", "runners", "server", "web", "bin"];

/** The rooms that a room may import from, or exact files of another. */
const MAY_IMPORT: Readonly<Record<string, readonly RegExp[]>> = {
  pipelines: [/^pipelines\//],
  runners: [/^runners\//],
  server: [/^server\//, /^pipelines\//, /^runners\/(protocol|faults|mirror-upkeep)\.ts$/, /^package\.json$/],
  web: [/^web\//, /^server\/http\/contract(\.ts|\/)/],
  bin: [/^bin\//, /^server\//, /^runners\//, /^pipelines\//],
};

/** Packages that only some files may know. */
const PACKAGE_HOMES: readonly (readonly [string, RegExp])[] = [
  ["dockerode", /^(runners\/docker|server\/deployments\/targets)\//],
  ["octokit", /^server\/forges\/github\//],
  ["@gitbeaker/rest", /^server\/forges\/gitlab\//],
  ["nodemailer", /^server\/notifications\/channels\//],
  ["bullmq", /^server\/queue\//],
  ["ioredis", /^server\/queue\//],
  ["pg", /^server\/store\//],
  ["express", /^server\//],
  ["react", /^web\//],
];

/** What a pure room must not touch: files, network, clock, chance. */
const IMPURE = /^node:(fs|net|http|https|child_process|dns|tls|dgram|worker_threads|timers|os)/;

function sources(folder: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync(join(ROOT, folder))) {
    const path = join(folder, name);
    if (name === "node_modules" || name === "dist") continue;
    if (statSync(join(ROOT, path)).isDirectory()) found.push(...sources(path));
    else if (/\.tsx?$/.test(name) && !name.endsWith(".d.ts")) found.push(path);
  }
  return found;
}

function imports(file: string): { name: string; typeOnly: boolean }[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found: { name: string; typeOnly: boolean }[] = [];
  for (const match of text.matchAll(/^\s*(import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm))
    found.push({ name: match[3] ?? "", typeOnly: match[2] !== undefined });
  for (const match of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g))
    found.push({ name: match[1] ?? "", typeOnly: false });
  return found;
}

describe("the rooms", () => {
  const files = ROOMS.flatMap((room) => sources(room));

  it("import only from rooms they may know", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const room = file.split("/")[0] ?? "";
      for (const { name } of imports(file)) {
        if (!name.startsWith(".")) continue;
        const target = relative(ROOT, join(ROOT, dirname(file), name));
        if (!(MAY_IMPORT[room] ?? []).some((allowed) => allowed.test(target)))
          wrong.push(`${file} -> ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it("keep each outside package in its home", () => {
    const wrong: string[] = [];
    for (const file of files)
      for (const { name } of imports(file))
        for (const [pack, home] of PACKAGE_HOMES)
          if ((name === pack || name.startsWith(`${pack}/`)) && !home.test(file))
            wrong.push(`${file} -> ${name}`);
    assert.deepEqual(wrong, []);
  });

  it("keep the language free of files, network, clock and chance", () => {
    const wrong: string[] = [];
    for (const file of files.filter((path) => path.startsWith("pipelines/"))) {
      for (const { name } of imports(file)) if (IMPURE.test(name)) wrong.push(`${file} -> ${name}`);
      const text = readFileSync(join(ROOT, file), "utf8");
      if (/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(/.test(text))
        wrong.push(`${file}: clock or chance`);
    }
    assert.deepEqual(wrong, []);
  });

  it("give the page types of the API and nothing else of the server", () => {
    const wrong: string[] = [];
    for (const file of files.filter((path) => path.startsWith("web/")))
      for (const { name, typeOnly } of imports(file))
        if (name.includes("server/http/contract") && !typeOnly) wrong.push(`${file} -> ${name}`);
    assert.deepEqual(wrong, []);
  });
});
