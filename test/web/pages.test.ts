import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { BrowserContextOptions, Page } from "playwright-core";
import { z } from "zod";
import { startStage, SCREENSHOTS, type Opened, type Stage } from "./support/stage.ts";
import { problem, Refusal } from "./support/page-server.ts";

interface Shown {
  readonly name: string;
  readonly path: string;
  /** Something that stands on the page only once its data is there. */
  readonly ready: string;
  /** One of the pages that people see most. */
  readonly main?: true;
  /** Hundreds of parts of which each is like the next: one size and theme of it are enough for the rules. */
  readonly wide?: true;
  /** What is changed in the example before it is opened. */
  readonly prepare?: (stage: Stage) => void;
}

const PAGES: readonly Shown[] = [
  { name: "home", main: true, path: "/", ready: "text=build-arm is offline" },
  { name: "builds", path: "/builds", ready: "text=Nightly image for arm64" },
  { name: "build-failed", main: true, path: "/p/orders-api/b/412", ready: "css=.lv .ln.bad" },
  { name: "build-running", path: "/p/orders-api/b/413", ready: "text=first line" },
  { name: "build-waiting", path: "/p/orders-api/b/409", ready: "css=.dec" },
  { name: "build-outside", path: "/p/orders-api/b/414", ready: "text=May this build run?" },
  { name: "build-matrix", wide: true, path: "/p/orders-api/b/415", ready: "text=one cell failed" },
  { name: "build-parallel", wide: true, path: "/p/orders-api/b/416", ready: "text=region-59" },
  { name: "build-scripted", path: "/p/orders-api/b/417/s/2", ready: "css=.lv .ln >> text=after" },
  { name: "build-tests", path: "/p/orders-api/b/412/tests", ready: "text=is 0 for an empty cart" },
  { name: "build-artifacts", path: "/p/orders-api/b/412/artifacts", ready: "text=reports/junit.xml" },
  { name: "gates", path: "/gates", ready: "css=.ask li" },
  { name: "gate", main: true, path: "/gates/77", ready: "css=.dec .ppl" },
  { name: "gate-input", path: "/gates/78", ready: "text=Which region first?" },
  { name: "environments", main: true, path: "/environments", ready: "css=.mx" },
  { name: "environment", path: "/environments/production", ready: "css=.rel" },
  { name: "deployment", path: "/deployments/311", ready: "css=.waves" },
  { name: "projects", path: "/p", ready: "css=tbody tr" },
  { name: "project", path: "/p/orders-api", ready: "css=.br" },
  { name: "project-delivery", path: "/p/orders-api/deliveries/5122", ready: "css=.rules li.no" },
  { name: "project-hook", path: "/p/orders-api/settings/hook", ready: "css=#ho" },
  { name: "project-secrets", path: "/p/orders-api/settings/secrets", ready: "text=NPM_TOKEN" },
  { name: "deliveries", path: "/deliveries", ready: "css=.dlist li" },
  { name: "processes", path: "/processes", ready: "css=tbody tr" },
  { name: "settings-people", path: "/settings/people", ready: "css=tbody tr" },
  { name: "settings-tokens", path: "/settings/tokens", ready: "text=deploy script" },
  { name: "settings-runners", path: "/settings/runners", ready: "text=build-arm" },
  { name: "settings-notifications", path: "/settings/notifications", ready: "text=310000 sign not match" },
  { name: "settings-server", path: "/settings/server", ready: "text=https://git.example.com" },
  { name: "me", path: "/me", ready: "css=#pw" },
  { name: "menu", path: "/menu", ready: "css=#ap" },
  { name: "not-found", path: "/nonsense", ready: "css=main .btn" },
  {
    name: "first-run",
    path: "/",
    ready: "css=#todo",
    prepare: (stage) => {
      const home = z.looseObject({}).parse(stage.server.answers.get("GET /home"));
      stage.server.answers.set("GET /home", { ...home, projects: 0 });
    },
  },
  {
    name: "sign-in",
    path: "/gates/77",
    ready: "css=form input[type=password]",
    prepare: (stage) =>
      stage.server.answers.set("GET /me", new Refusal(problem(401, "not_signed_in", "sign in"))),
  },
  {
    name: "claim",
    path: "/welcome#claim=word",
    ready: "css=form input[type=password]",
    prepare: (stage) => stage.server.answers.set("GET /setup", { claimed: false, version: "1.0.0" }),
  },
];

const SIZES: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
};

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const Violations = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

async function violations(page: Page, rules: readonly string[] | undefined): Promise<string[]> {
  const options = { resultTypes: ["violations"], ...(rules === undefined ? {} : { runOnly: rules }) };
  const run = `axe.run(document, ${JSON.stringify(options)}).then((done) => done.violations)`;
  const found = Violations.parse(await page.evaluate(`${axe};${run}`));
  return found.map(
    (rule) => `${rule.id}: ${rule.help}\n  ${rule.nodes.map((node) => node.html.slice(0, 200)).join("\n  ")}`,
  );
}

/** How far the page reaches beyond the window, to the right. */
async function overhang(page: Page): Promise<unknown> {
  return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

describe("the pages", function () {
  this.timeout(180_000);
  let stage: Stage;
  before(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    stage = await startStage();
  });
  after(async () => await stage.close());

  for (const [size, options] of Object.entries(SIZES)) {
    describe(`on a ${size}`, () => {
      // One window for all pages, as a person has; a new one for each would cost more than the page itself.
      let opened: Opened;
      before(async () => {
        opened = await stage.open({ ...options, reducedMotion: "reduce" });
      });
      after(async () => await opened.context.close());
      for (const shown of PAGES) {
        it(`show ${shown.name}, light and dark, for every reader`, async () => {
          const { page, complaints } = opened;
          stage.reset();
          complaints.length = 0;
          shown.prepare?.(stage);
          await page.emulateMedia({ colorScheme: "light" });
          await page.goto("about:blank");
          await page.goto(`${stage.server.url}${shown.path}`);
          await page.locator(shown.ready).first().waitFor();
          // Dark differs by colours alone: at a desk it is looked at on every page, on a phone on the main ones.
          const schemes =
            (size === "desktop" && shown.wide !== true) || shown.main === true
              ? (["light", "dark"] as const)
              : (["light"] as const);
          for (const colorScheme of schemes) {
            await page.emulateMedia({ colorScheme });
            await page.screenshot({
              path: join(SCREENSHOTS, `${shown.name}.${size}.${colorScheme}.png`),
              fullPage: true,
            });
            // The theme changes colours and nothing else: the other rules are asked once.
            const rules = colorScheme === "dark" ? ["color-contrast"] : undefined;
            assert.deepEqual(await violations(page, rules), [], `${shown.name} ${colorScheme}`);
          }
          assert.equal(await overhang(page), 0, "the page scrolls sideways");
          const expected =
            shown.name === "sign-in" ? complaints.filter((text) => !text.includes("401")) : complaints;
          assert.deepEqual(expected, []);
          assert.deepEqual(stage.server.unknown, []);
        });
      }
    });
  }

  describe("in Chinese", () => {
    for (const shown of PAGES.filter((page) =>
      ["home", "build-failed", "gate", "environment", "project-delivery", "settings-people"].includes(
        page.name,
      ),
    )) {
      it(`show ${shown.name} in a small window without scrolling sideways`, async () => {
        stage.reset();
        const { page, context, complaints } = await stage.open({ ...SIZES["phone"], locale: "zh-CN" });
        try {
          await page.goto(`${stage.server.url}${shown.path}`);
          await page.locator(shown.ready).first().waitFor();
          assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
          await page.screenshot({ path: join(SCREENSHOTS, `${shown.name}.phone.zh-CN.png`), fullPage: true });
          assert.equal(await overhang(page), 0);
          assert.deepEqual(complaints, []);
        } finally {
          await context.close();
        }
      });
    }
  });
});
