import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { z } from "zod";
import { until } from "../support/services/until.ts";
import { aGate, FAILING_LINE, NOW, RUNNING_BUILD } from "./support/fixtures.ts";
import { OUTSIDE_BUILD } from "./support/wide-fixtures.ts";
import { problem, Refusal, type Said } from "./support/page-server.ts";
import { startStage, type Opened, type Stage } from "./support/stage.ts";

const MAX_BUNDLE_BYTES = 160 * 1024;

/** Whether an element is wholly within the window, without anybody scrolling. */
async function inWindow(element: Locator): Promise<boolean> {
  const box = await element.boundingBox();
  const size = element.page().viewportSize();
  return box !== null && size !== null && box.y >= 0 && box.y + box.height <= size.height;
}

async function number(page: Page, script: string): Promise<number> {
  return z.number().parse(await page.evaluate(script));
}

/**
 * Turns the wheel over the log until something is seen: once, or `more` than that. The page may move the log away from
 * under the pointer while it is still being filled.
 */
async function turnWheel(
  page: Page,
  px: number,
  fact: string,
  seen: () => Promise<boolean>,
  more = false,
): Promise<void> {
  let turned = false;
  await until(fact, async () => {
    if (turned && (await seen())) return true;
    const isOver = (await page.locator(".lv .log:hover").count()) === 1;
    if (!isOver) await page.locator(".lv .log").hover();
    // Not waited for: on a busy machine the browser may leave a turn of the wheel unconfirmed.
    if (!turned || !isOver || more) page.mouse.wheel(0, px).catch(() => undefined);
    turned = true;
    return false;
  });
}

describe("the page", function () {
  this.timeout(180_000);
  let stage: Stage;
  let opened: Opened | undefined;
  before(async () => {
    stage = await startStage();
  });
  after(async () => await stage.close());
  beforeEach(() => stage.reset());
  afterEach(async () => {
    await opened?.context.close();
    opened = undefined;
  });

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    opened = await stage.open(options);
    await opened.page.goto(`${stage.server.url}${path}`);
    return opened.page;
  }

  it("is small: everything in all languages fits the budget, compressed", () => {
    const assets = join(stage.folder, "assets");
    const bytes = readdirSync(assets).reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length,
      0,
    );
    assert.ok(bytes < MAX_BUNDLE_BYTES, `${bytes} bytes`);
  });

  describe("of a failed build", () => {
    it("shows the failing line at once, marked and without scrolling", async () => {
      const page = await visit("/p/orders-api/b/412");
      const line = page.locator(`.fc .ln.bad[data-n="${FAILING_LINE}"]`);
      await line.waitFor();
      assert.ok(await inWindow(line));
      await page.locator(`.lv .ln.bad[data-n="${FAILING_LINE}"]`).waitFor();
      assert.match(await page.title(), /^✗ #412 failed/);
    });

    it("leads to the failing line with one press", async () => {
      const page = await visit("/p/orders-api/b/412");
      await page.getByRole("link", { name: `Open line ${FAILING_LINE}` }).click();
      const line = page.locator(`.lv .ln.pick[data-n="${FAILING_LINE}"]`);
      await line.waitFor();
      await until("the line is in the window", async () => await inWindow(line));
      assert.ok(page.url().endsWith(`/p/orders-api/b/412/s/6#L${FAILING_LINE}`));
    });

    it("opens any line that a link names, on a cold browser", async () => {
      const page = await visit("/p/orders-api/b/412/s/6#L700-L702");
      await page.locator('.lv .ln.pick[data-n="702"]').waitFor();
      await until(
        "the lines are in the window",
        async () => await inWindow(page.locator('.lv .ln[data-n="700"]')),
      );
      assert.equal(await page.locator(".ln.pick").count(), 3);
    });

    it("keeps a linked line in the window while what stands above is still filled, until the reader moves", async () => {
      const page = await visit("/p/orders-api/b/412/s/6#L700");
      const line = page.locator('.lv .ln.pick[data-n="700"]');
      await line.waitFor();
      // Where the page is too short to be moved yet, the browser itself holds nothing in its place.
      await page.evaluate(
        `for (const element of document.querySelectorAll("*")) element.style.overflowAnchor = "none"`,
      );
      const fill = (px: number) =>
        page.evaluate(
          `document.querySelector("main").prepend(Object.assign(document.createElement("div"), { style: "height: ${px}px" }))`,
        );
      for (const px of [900, 2000]) {
        await fill(px);
        await until("the line is in the window", async () => await inWindow(line));
      }
      await page.mouse.move(5, 5);
      await until("the reader is at the top", async () => {
        page.mouse.wheel(0, -10_000).catch(() => undefined);
        return (await number(page, "window.scrollY")) === 0;
      });
      await fill(3000);
      await page.waitForTimeout(300);
      assert.equal(await number(page, "window.scrollY"), 0, "the page moved by itself");
    });
  });

  describe("of a log", () => {
    it("gives every line an address: a press chooses one, Shift a range", async () => {
      const page = await visit("/p/orders-api/b/412/s/6#L700");
      const line = page.locator('.lv .ln[data-n="704"]');
      await line.waitFor();
      await line.click({ position: { x: 10, y: 8 } });
      await page.waitForURL(/#L704$/);
      await page.locator('.lv .ln[data-n="707"]').click({ position: { x: 10, y: 8 }, modifiers: ["Shift"] });
      await page.waitForURL(/#L704-L707$/);
      assert.equal(await page.locator(".ln.pick").count(), 4);
      assert.equal(await page.getByRole("button", { name: "Copy lines 704 to 707" }).count(), 1);
    });

    it("searches the whole log and goes from hit to hit", async () => {
      const page = await visit("/p/orders-api/b/412/s/6");
      await page.getByLabel("Search the whole log").fill("NUMBER 77 ");
      await page.locator('.lv .ln[data-n="77"] mark.cur').first().waitFor();
      await page.getByText("1 of 1").waitFor();
      await page.getByLabel("Search the whole log").fill("test number 5");
      await page.getByText("1 of 111").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("2 of 111").waitFor();
    });

    it("draws only what is near, whatever the length, and reaches both ends", async () => {
      const lines = 30_000;
      stage.server.logs.set(
        "412.6",
        Buffer.from(Array.from({ length: lines }, (_, at) => `line ${at + 1}\n`).join("")),
      );
      const page = await visit("/p/orders-api/b/412/s/6");
      await page.locator(".lv .ln").first().waitFor();
      await page.locator(".lv .log").focus();
      await page.keyboard.press("End");
      await page.locator(`.lv .ln[data-n="${lines}"]`).waitFor();
      assert.ok((await page.locator(".lv .ln").count()) < 2000);
      await page.keyboard.press("Home");
      await page.locator('.lv .ln[data-n="1"]').waitFor();
    });

    it("opens a line in the middle of a million and stays there", async () => {
      const lines = 1_000_000;
      stage.server.logs.set(
        "412.6",
        Buffer.from(Array.from({ length: lines }, (_, at) => `${at + 1}\n`).join("")),
      );
      const page = await visit("/p/orders-api/b/412/s/6#L500000");
      const line = page.locator('.lv .ln.pick[data-n="500000"]');
      await line.waitFor();
      // A press on a line far below what was read first, and the text around it, say that nothing was swapped.
      const below = page.locator('.lv .ln[data-n="500030"]');
      await turnWheel(page, 400, "what is below is drawn", async () => (await below.count()) === 1);
      await until("what is around it stays", async () => await line.isVisible());
      await page.getByLabel("Search the whole log").fill("777777");
      await page.locator('.lv .ln[data-n="777777"] mark.cur').waitFor();
      await page.locator(".lv .log").focus();
      await page.keyboard.press("End");
      await page.locator(`.lv .ln[data-n="${lines}"]`).waitFor();
    });

    it("loads what stands above when the reader scrolls up, and keeps their place", async () => {
      const page = await visit(`/p/orders-api/b/412/s/6#L1400`);
      await page.locator('.lv .ln[data-n="1400"]').waitFor();
      const first = page.locator('.lv .ln[data-n="1"]');
      await turnWheel(page, -4000, "line 1 is drawn", async () => (await first.count()) === 1, true);
      const numbers = z
        .array(z.number())
        .parse(
          await page.evaluate(
            "[...document.querySelectorAll('.lv .ln[data-n]')].map((line) => Number(line.dataset.n))",
          ),
        );
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    });

    it("follows a running step live, and stays where the reader went", async () => {
      const page = await visit("/p/orders-api/b/413");
      await page.getByText("first line").waitFor();
      await until("the page follows the log", () => stage.server.streams > 0);
      stage.server.append(413, 3, Array.from({ length: 300 }, (_, at) => `number ${at}\n`).join(""));
      await page.getByText("number 299").waitFor();
      await until("the end is in view", async () => await page.getByText("number 299").isVisible());
      const left = page.locator('button[aria-pressed="false"]:has-text("Follow")');
      await turnWheel(page, -1200, "the page follows no more", async () => (await left.count()) === 1);
      const before = await number(page, "document.querySelector('.lv .log').scrollTop");
      stage.server.append(413, 3, "the very last line\n");
      await page.getByText("302 lines").waitFor();
      const now = await number(page, "document.querySelector('.lv .log').scrollTop");
      assert.ok(Math.abs(now - before) < 40, `moved from ${before} to ${now}`);
      await page.getByRole("button", { name: "Follow" }).click();
      await until(
        "the last line is in view",
        async () => await page.getByText("the very last line").isVisible(),
      );
    });

    it("shows text as text, never as markup", async () => {
      stage.server.logs.set("412.6", Buffer.from("<script>document.title='hacked'</script><b>bold</b>\n"));
      const page = await visit("/p/orders-api/b/412/s/6#L1");
      await page.getByText("<script>").waitFor();
      assert.ok(!(await page.title()).includes("hacked"));
    });
  });

  describe("of a running build", () => {
    it("changes its state when the server says so, and not before", async () => {
      const page = await visit("/p/orders-api/b/413");
      await page.locator("h1").getByRole("img", { name: "running" }).waitFor();
      await until("the stream stands", () => stage.server.streams > 0);
      stage.server.answers.set("GET /projects/orders-api/builds/413", {
        ...RUNNING_BUILD,
        state: "succeeded",
        endedAtMs: NOW,
      });
      stage.server.tell({
        type: "build.changed",
        seq: 1,
        project: "orders-api",
        build: 413,
        id: 413,
        atMs: NOW,
      });
      await page.locator("h1").getByRole("img", { name: "succeeded" }).waitFor();
    });

    it("asks before it aborts, and says what is not stopped", async () => {
      stage.server.answering = () => ({ status: 202, body: { done: true } });
      const page = await visit("/p/orders-api/b/413");
      await page.getByRole("button", { name: "Abort build…" }).click();
      await page.getByText("A deployment that has begun goes on").waitFor();
      await page.getByRole("button", { name: "Abort build", exact: true }).click();
      await until("it was asked", () => stage.server.asked.length === 1);
      assert.deepEqual(stage.server.asked[0], {
        method: "POST",
        path: "/builds/413/abort",
        body: { level: 1 },
        csrf: "word",
      });
    });
  });

  describe("of a build from outside", () => {
    const PATH = "/p/orders-api/b/414";

    it("says what it is and runs it after a second question, at the commit that was read", async () => {
      stage.server.answering = () => {
        stage.server.answers.set("GET /projects/orders-api/builds/414", {
          ...OUTSIDE_BUILD,
          state: "running",
          startedAtMs: NOW,
          waits: [],
        });
        stage.server.tell({
          type: "build.changed",
          seq: 1,
          project: "orders-api",
          build: 414,
          id: 414,
          atMs: NOW,
        });
        return { status: 200, body: { done: true } };
      };
      const page = await visit(PATH);
      const card = page.getByRole("region", { name: "May this build run?" });
      await card.getByText("a fork").waitFor();
      await card.getByText("fix/rounding").waitFor();
      await until("the stream stands", () => stage.server.streams > 0);
      await card.getByRole("button", { name: "Run this build…" }).click();
      assert.equal(stage.server.asked.length, 0);
      await page.getByRole("dialog").getByRole("button", { name: "Run this build" }).click();
      await card.waitFor({ state: "detached" });
      assert.deepEqual(stage.server.asked, [
        { method: "POST", path: "/builds/414/approve", body: { sha: OUTSIDE_BUILD.sha }, csrf: "word" },
      ]);
    });

    it("shows why the server does not let it run, and stays where it was", async () => {
      stage.server.answering = () =>
        problem(409, "conflict", "build #414 cannot be approved so: it is of another commit");
      const page = await visit(PATH);
      await page.getByRole("button", { name: "Run this build…" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Run this build" }).click();
      await dialog.getByText("it is of another commit").waitFor();
      await page.getByRole("heading", { name: "May this build run?" }).waitFor();
    });

    it("gives no button to those who may not let it run", async () => {
      const me = z.looseObject({}).parse(stage.server.answers.get("GET /me"));
      stage.server.answers.set("GET /me", { ...me, role: "developer" });
      const page = await visit(PATH);
      await page.getByText("A maintainer can let it run.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Run this build…" }).count(), 0);
    });
  });

  describe("of a gate", () => {
    const approved = (): Said => {
      const gate = aGate({
        state: "approved",
        decidedBy: "ada",
        decidedAtMs: Date.now(),
        reason: "looks right",
      });
      stage.server.answers.set("GET /gates/77", gate);
      return { status: 200, body: gate };
    };

    it("asks for a reason where one is required, and sends what was seen with the decision", async () => {
      stage.server.answering = approved;
      const page = await visit("/gates/77");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.getByText("A reason is required here.").waitFor();
      assert.equal(stage.server.asked.length, 0);
      // By keyboard alone from here: the field has the focus.
      await page.keyboard.type("looks right");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByText("ada approved this").waitFor();
      assert.deepEqual(stage.server.asked, [
        {
          method: "POST",
          path: "/gates/77/decision",
          body: { decision: "approve", planHash: "9f31c2aa00", reason: "looks right" },
          csrf: "word",
        },
      ]);
    });

    it("never says approved before the server has", async () => {
      const { promise, resolve } = Promise.withResolvers<Said>();
      stage.server.answering = () => promise;
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.locator(".dep-b:has-text('Sending…')").waitFor();
      assert.equal(await page.getByText("approved this").count(), 0);
      assert.ok(await page.getByRole("button", { name: "Reject…" }).first().isDisabled());
      resolve(approved());
      await page.getByText("ada approved this").waitFor();
    });

    it("shows the renewed plan when the old one no longer holds, and decides nothing", async () => {
      stage.server.answering = () => {
        stage.server.answers.set("GET /gates/77", aGate({ planHash: "11112222aa" }));
        return problem(409, "plan_stale", "the plan changed");
      };
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.getByText("The plan was renewed").waitFor();
      await page.getByText("11112222").waitFor();
      assert.equal(await page.getByLabel("Why").inputValue(), "looks right");
    });

    it("shows who was quicker", async () => {
      stage.server.answering = () => {
        stage.server.answers.set(
          "GET /gates/77",
          aGate({ state: "rejected", decidedBy: "mo", decidedAtMs: Date.now(), reason: "wait for the fix" }),
        );
        return problem(409, "already_decided", "decided");
      };
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.getByText("mo rejected this").waitFor();
      await page.getByText("Somebody else was quicker.").waitFor();
    });

    it("asks the server for the truth when the answer is lost, and sends nothing twice", async () => {
      stage.server.answering = () => {
        approved();
        return { status: 0, body: undefined };
      };
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.getByText("ada approved this").waitFor();
      assert.equal(stage.server.asked.length, 1);
    });

    it("says so when a lost decision did not arrive", async () => {
      stage.server.answering = () => ({ status: 0, body: undefined });
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await page.getByRole("button", { name: "Deploy to production" }).first().click();
      await page.getByText("It did not arrive").waitFor();
      assert.equal(stage.server.asked.length, 1);
    });

    it("rejects only after a second question", async () => {
      stage.server.answering = () => {
        const gate = aGate({
          state: "rejected",
          decidedBy: "ada",
          decidedAtMs: Date.now(),
          reason: "not today",
        });
        return { status: 200, body: gate };
      };
      const page = await visit("/gates/77");
      await page.getByRole("button", { name: "Reject…" }).first().click();
      const dialog = page.getByRole("dialog");
      assert.ok(await dialog.getByRole("button", { name: "Reject" }).isDisabled());
      await dialog.getByLabel("Why").fill("not today");
      await dialog.getByRole("button", { name: "Reject" }).click();
      await page.getByText("ada rejected this").waitFor();
    });

    it("gives no button to those who may not decide, and the reason why", async () => {
      stage.server.answers.set(
        "GET /gates/77",
        aGate({ mayDecide: false, whyNot: "You started this build." }),
      );
      const page = await visit("/gates/77");
      await page.getByText("You started this build.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Deploy to production" }).count(), 0);
    });

    it("opens the button at the foot of a small screen only when the changes were on screen", async () => {
      stage.server.answering = approved;
      const page = await visit("/gates/77", {
        viewport: { width: 360, height: 480 },
        hasTouch: true,
        isMobile: true,
      });
      const deploy = page.locator(".dock").getByRole("button", { name: "Deploy to production" });
      await deploy.waitFor();
      assert.ok(await deploy.isDisabled());
      await page.locator("#cm").scrollIntoViewIfNeeded();
      await until("the button is open", async () => await deploy.isEnabled());
    });

    it("sends the answers of an input's form", async () => {
      stage.server.answering = () => ({
        status: 200,
        body: aGate({ id: 78, state: "approved", decidedBy: "ada", decidedAtMs: Date.now() }),
      });
      const page = await visit("/gates/78");
      await page.getByLabel("Region").selectOption("us");
      await page.getByLabel("Drain first").uncheck();
      await page.getByRole("button", { name: "Go on" }).first().click();
      await until("it was sent", () => stage.server.asked.length === 1);
      assert.deepEqual(stage.server.asked[0]?.body, {
        decision: "approve",
        values: { REGION: "us", DRAIN: false, NOTE: "" },
      });
    });
  });

  it("draws a stage that waits as a sign of its own size, however few stages there are", async () => {
    const page = await visit("/");
    await page.locator(".bar .c-w").first().waitFor();
    // With all the room of the bar to itself.
    const shape = z.object({ width: z.number(), height: z.number() }).parse(
      await page.evaluate(`(() => {
        const sign = document.querySelector(".bar .c-w");
        for (const other of [...sign.parentElement.children]) if (other !== sign) other.remove();
        return { width: sign.offsetWidth, height: sign.offsetHeight };
      })()`),
    );
    assert.deepEqual(shape, { width: 10, height: 10 });
  });

  describe("without its server", () => {
    afterEach(async () => {
      await stage.server.stop();
      await stage.server.start();
    });

    it("says that it is gone, shuts what would decide, and catches up when it is back", async () => {
      const page = await visit("/gates/77");
      await page.getByLabel("Why").fill("looks right");
      await until("the stream stands", () => stage.server.streams > 0);
      await stage.server.stop();
      await page.getByText("The server does not answer.").waitFor();
      assert.ok(await page.getByRole("button", { name: "Deploy to production" }).first().isDisabled());
      assert.equal(await page.getByLabel("Why").inputValue(), "looks right");
      // What happened meanwhile came by no event: only reading again can find it.
      stage.server.answers.set(
        "GET /gates/77",
        aGate({ state: "approved", decidedBy: "mo", decidedAtMs: Date.now() }),
      );
      await stage.server.start();
      await page.getByText("mo approved this").waitFor();
      await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    });
  });

  it("lets go of its connection in a tab that nobody sees, and catches up when it is seen", async () => {
    opened = await stage.open();
    const { page } = opened;
    await page.clock.install();
    await page.goto(`${stage.server.url}/gates/77`);
    await page.getByRole("button", { name: "Deploy to production" }).first().waitFor();
    await until("the stream stands", () => stage.server.streams === 1);
    const hide = (hidden: boolean): string =>
      `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`;
    await page.evaluate(hide(true));
    await page.clock.runFor(20_000);
    await until("the stream is closed", () => stage.server.streams === 0);
    stage.server.answers.set(
      "GET /gates/77",
      aGate({ state: "approved", decidedBy: "mo", decidedAtMs: Date.now() }),
    );
    await page.evaluate(hide(false));
    await page.getByText("mo approved this").waitFor();
    assert.equal(stage.server.streams, 1);
  });

  describe("for a stranger", () => {
    const stranger = (): void => {
      stage.server.answers.set("GET /me", new Refusal(problem(401, "not_signed_in", "sign in")));
    };

    it("asks for name and password and leads back to where they were going", async () => {
      const me = stage.server.answers.get("GET /me");
      stranger();
      let tries = 0;
      stage.server.answering = () => {
        tries += 1;
        return tries === 1 ? problem(401, "not_signed_in", "wrong") : { status: 200, body: me };
      };
      const page = await visit("/gates/77");
      await page.getByText("You come back to /gates/77").waitFor();
      await page.getByLabel("Name").fill("ada");
      await page.getByLabel("Password").fill("wrong one");
      await page.keyboard.press("Enter");
      await page.getByText("Name or password is wrong.").waitFor();
      await page.getByLabel("Password").fill("right one");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: /Deploy orders-api/ }).waitFor();
      assert.ok(page.url().endsWith("/gates/77"));
    });

    it("lets the holder of the printed link take over a new server", async () => {
      const me = stage.server.answers.get("GET /me");
      stage.server.answers.set("GET /setup", { claimed: false, version: "1.0.0" });
      stage.server.answering = () => ({ status: 200, body: me });
      const page = await visit("/welcome#claim=7Qm4-word");
      await page.getByLabel("Sign-in name").fill("ada");
      await page.getByLabel("Password").fill("long enough");
      await page.getByRole("button", { name: "Take over and sign in" }).click();
      await page.getByText("Waiting for you").waitFor();
      assert.deepEqual(stage.server.asked[0]?.body, {
        claim: "7Qm4-word",
        login: "ada",
        name: "ada",
        password: "long enough",
      });
      assert.ok(!page.url().includes("claim"));
    });
  });

  it("takes a secret's value and never shows it again", async () => {
    stage.server.answering = (asked) => ({
      status: 200,
      body: {
        name: "TOKEN",
        scope: "orders-api",
        type: "string",
        updatedAtMs: NOW,
        updatedBy: asked.path,
        lastUsedAtMs: null,
      },
    });
    const page = await visit("/p/orders-api/settings/secrets");
    await page.getByRole("button", { name: "Add a secret" }).click();
    await page.getByLabel("Name").fill("TOKEN");
    await page.getByLabel("Value").fill("s3cret-value");
    await page.getByRole("button", { name: "Store" }).click();
    await page.getByText("TOKEN is stored.").waitFor();
    assert.deepEqual(stage.server.asked[0]?.body, { type: "string", text: "s3cret-value" });
    assert.ok(!(await page.content()).includes("s3cret-value"));
  });

  it("rolls back after asking, and goes to what comes of it", async () => {
    stage.server.answering = () => ({ status: 201, body: { deployment: 311, gate: null } });
    const page = await visit("/environments/production");
    await page.getByRole("button", { name: "Roll back to 84…" }).count();
    const button = page.getByRole("button", { name: /^Roll back to \d+…$/ }).first();
    await button.click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Roll back to release/ })
      .click();
    await page.waitForURL(/\/deployments\/311$/);
  });

  it("keeps language and theme that were chosen", async () => {
    const page = await visit("/me");
    await page.getByRole("combobox", { name: "Theme" }).selectOption("dark");
    await page.getByLabel("Language").selectOption("zh-CN");
    await page.getByRole("button", { name: "退出登录" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "退出登录" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  });

  it("moves the focus to the heading of a page that was gone to", async () => {
    const page = await visit("/builds");
    await page.locator(".br").first().waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Environments" }).click();
    await page.getByRole("heading", { level: 1, name: "Environments" }).waitFor();
    await until(
      "the heading has the focus",
      async () => (await page.evaluate("document.activeElement.tagName")) === "H1",
    );
  });
});
