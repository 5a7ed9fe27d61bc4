import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { startBrowser } from "../../support/services/chromium.ts";
import { answers, logs } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { wideAnswers, wideLogs } from "./wide-fixtures.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** Where pictures of the pages are kept for people to look at. */
export const SCREENSHOTS = join(ROOT, ".local/screenshots");

/** A busy machine may take long for anything; a test waits for facts, never for time. */
export const PATIENCE_MS = 60_000;

/** A page under test and what it complained about. */
export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
}

/** The built page, a server for it and a browser, all of which end with `close`. */
export interface Stage {
  readonly server: PageServer;
  readonly browser: Browser;
  /** Where the built page lies. */
  readonly folder: string;
  open(options?: BrowserContextOptions): Promise<Opened>;
  /** Puts the answers back to those of the example. */
  reset(): void;
  close(): Promise<void>;
}

/** What the server of the example answers and which logs it has. */
function example(): { readonly answers: Map<string, unknown>; readonly logs: Map<string, Buffer> } {
  return {
    answers: new Map<string, unknown>([...answers(), ...wideAnswers()]),
    logs: new Map([...logs(), ...wideLogs()]),
  };
}

/** Builds the page once and starts what it needs. */
export async function startStage(): Promise<Stage> {
  mkdirSync(join(ROOT, ".local"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".local/web-"));
  await build({
    configFile: join(ROOT, "web/vite.config.ts"),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  const begin = example();
  const server = new PageServer(folder, begin.answers, begin.logs);
  await server.start();
  const browser = await startBrowser();
  return {
    server,
    browser,
    folder,
    async open(options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: "en-GB",
        timezoneId: "Asia/Shanghai",
        ...options,
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      return { page, context, complaints };
    },
    reset() {
      const { answers: said, logs: written } = example();
      server.answers.clear();
      for (const [path, answer] of said) server.answers.set(path, answer);
      server.logs.clear();
      for (const [key, bytes] of written) server.logs.set(key, bytes);
      server.asked.length = 0;
      server.unknown.length = 0;
    },
    async close() {
      await browser.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
