import { existsSync } from "node:fs";

import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Without these Chromium calls home at every start, which costs seconds on a machine without a way out. */
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts this machine's Chromium without a window. The caller closes it. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = [process.env["SLUICE_CHROMIUM"] ?? "", ...PLACES].find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error("no Chromium on this machine: run scripts/setup, or name one in SLUICE_CHROMIUM");
  }
  // Chromium refuses its own sandbox to root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath, headless: true, args: [...QUIET, ...sandbox] });
}
