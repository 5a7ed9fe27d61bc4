import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, it } from "mocha";
import { z } from "zod";

import { lint } from "../pipelines/lint.ts";
import { STEPS } from "../pipelines/steps/catalogue.ts";
import { readSluiceFile } from "../server/config.ts";
import { api } from "../server/http/contract.ts";

const ROOT = join(import.meta.dirname, "..");
const TOP_PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/** Pages that people read, by their path in the repository. */
function pages(): string[] {
  const found = [...TOP_PAGES];
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(ROOT, folder))) {
      const path = join(folder, name);
      if (statSync(join(ROOT, path)).isDirectory()) visit(path);
      else if (name.endsWith(".md")) found.push(path);
    }
  };
  visit("docs");
  return found;
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** What stands in code: in backticks, or in a fenced block. */
function codeOf(page: string): string[] {
  const text = textOf(page);
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```/gmsu)].map((match) => match[1] ?? "");
  const inline = [...text.replace(/^```.*?^```/gmsu, "").matchAll(/`([^`\n]+)`/gu)].map(
    (match) => match[1] ?? "",
  );
  return [...blocks, ...inline];
}

function blocksOf(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gmsu");
  return [...textOf(page).matchAll(fence)].map((match) => match[1] ?? "");
}

const Package = z.object({ scripts: z.record(z.string(), z.string()) });

describe("the docs", function () {
  this.timeout(60_000);

  it("link to files that exist", () => {
    const wrong: string[] = [];
    for (const page of pages()) {
      for (const [, target = ""] of textOf(page).matchAll(/\]\(([^)#]+)[^)]*\)/gu)) {
        if (/^[a-z]+:/u.test(target)) continue;
        if (!existsSync(join(ROOT, dirname(page), target))) wrong.push(`${page} -> ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it("name files and folders of this repository that exist", () => {
    const wrong: string[] = [];
    const path =
      /(?:^|[\s(])((?:pipelines|runners|server|web|bin|test|docs|examples|scripts|\.ci)\/[\w./-]*)/gu;
    for (const page of pages())
      for (const code of codeOf(page))
        for (const [, name = ""] of code.matchAll(path))
          if (!existsSync(join(ROOT, name))) wrong.push(`${page} names ${name}`);
    assert.deepEqual(wrong, []);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = Package.parse(JSON.parse(textOf("package.json")));
    const wrong: string[] = [];
    for (const page of pages())
      for (const code of codeOf(page)) {
        for (const [, name = ""] of code.matchAll(/npm run ([\w:-]+)/gu))
          if (scripts[name] === undefined) wrong.push(`${page} names npm run ${name}`);
        if (/npm test/u.test(code) && scripts["test"] === undefined) wrong.push(`${page} names npm test`);
      }
    assert.deepEqual(wrong, []);
  });

  it("name calls of the API that exist", () => {
    const known = Object.values<{ method: string; path: string }>(api).map(({ method, path }) =>
      shapeOf(`${method.toUpperCase()} /api/v1${path}`),
    );
    known.push("GET /api/v1/openapi.json");
    const wrong: string[] = [];
    for (const page of pages())
      for (const code of codeOf(page))
        for (const [call] of code.matchAll(/\b(?:GET|POST|PUT|PATCH|DELETE) \/api\/v1\/[\w/.:-]+/gu))
          if (!known.includes(shapeOf(call))) wrong.push(`${page} names ${call}`);
    assert.deepEqual(wrong, []);
  });

  it("show settings that the server takes", () => {
    for (const page of pages())
      for (const text of blocksOf(page, "yaml")) assert.deepEqual(readSluiceFile(text, page).problems, []);
  });

  it("show Jenkinsfiles without a fault, the sample's too", () => {
    const sample = textOf("examples/shop/Jenkinsfile");
    const shown = pages().flatMap((page) => blocksOf(page, "groovy"));
    // A stage alone is shown where the rest would be the same; it is checked within a pipeline.
    const whole = shown.map((text) =>
      text.startsWith("stage") ? `pipeline { agent none\nstages {\n${text}} }` : text,
    );
    for (const text of [sample, ...whole]) assert.deepEqual(lint(text), []);
  });

  it("name commands that exist, and all of them on the page of commands", () => {
    const help = spawnSync(process.execPath, ["bin/sluice.js", "help"], { cwd: ROOT, encoding: "utf8" });
    const known = [...help.stdout.matchAll(/^ {2}(\w+) {2}/gmu)].map((match) => match[1] ?? "");
    const named = (page: string): string[] =>
      codeOf(page).flatMap((code) =>
        [...code.matchAll(/\bsluice ([a-z]+)\b/gu)].map((match) => match[1] ?? ""),
      );
    for (const page of pages())
      for (const name of named(page)) assert.ok(known.includes(name), `${page} names sluice ${name}`);
    assert.deepEqual(new Set(named("docs/cli.md")), new Set(known));
  });

  it("name every step of the catalogue, and no other", () => {
    const named = [...textOf("docs/steps.md").matchAll(/^## (\w+)$/gmu)].map((match) => match[1] ?? "");
    const known = STEPS.map(({ name }) => name);
    assert.deepEqual(named.toSorted(), known.toSorted(), "npm run docs:steps writes the page anew");
  });

  it("name every environment variable that the server reads, and no other", () => {
    const source = textOf("server/config.ts");
    const read = new Set([...source.matchAll(/^ {2}([A-Z]+_[A-Z_]+): /gmu)].map((match) => match[1]));
    const rows = textOf("docs/install.md").matchAll(/^\| `([A-Z_]+)` \|/gmu);
    assert.deepEqual(new Set([...rows].map((match) => match[1])), read);
  });
});

/** A call with its parameters made equal: `:key`, `KEY` and `ID` are all just some value. */
function shapeOf(call: string): string {
  return call.replace(/\/(?::\w+|[A-Z]+)(?=\/|$)/gu, "/*");
}
