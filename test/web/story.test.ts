import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { pino } from "pino";
import type { Page } from "playwright-core";
import { loadConfig } from "../../server/config.ts";
import { startServer, type RunningServer } from "../../server/main.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { git as runGit, startGitServer, type GitServer } from "../support/services/git.ts";
import { freePort } from "../support/services/ports.ts";
import { until } from "../support/services/until.ts";
import { SCREENSHOTS, startStage, type Opened, type Stage } from "./support/stage.ts";

const ASKS = `pipeline {
  agent none
  stages {
    stage('Say') { steps { echo 'said by the first stage' } }
    stage('Ask') { steps { input message: 'Go on?', ok: 'Go on' } }
    stage('End') { steps { echo 'said after the gate' } }
  }
}
`;
const FAILS = `pipeline {
  agent none
  stages {
    stage('Say') { steps { echo 'fine so far' } }
    stage('Break') { steps { error 'expected 90 to equal 81' } }
  }
}
`;

/** A repository whose pushes are announced, and a working copy of it. */
async function workingCopy(server: GitServer, folder: string) {
  const url = await server.createRepository("shop");
  await mkdir(folder, { recursive: true });
  const git = async (...args: string[]): Promise<string> => await runGit(folder, args);
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", url);
  return {
    async push(jenkinsfile: string, message: string): Promise<void> {
      await writeFile(join(folder, "Jenkinsfile"), jenkinsfile);
      await git("add", "--all");
      await git("commit", "--quiet", "--message", message);
      await git("push", "--quiet", "origin", "main");
    },
  };
}

describe("the page on a real server", function () {
  this.timeout(300_000);
  let stage: Stage;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let repositories: GitServer;
  let copy: Awaited<ReturnType<typeof workingCopy>>;
  let server: RunningServer;
  let url = "";
  let start: () => Promise<RunningServer>;
  let opened: Opened;
  before(async () => {
    stage = await startStage();
    folder = await temporaryFolder("story");
    repositories = await startGitServer();
    copy = await workingCopy(repositories, join(folder.path, "work"));
    await writeFile(
      join(folder.path, "sluice.yml"),
      `forges:
  here: { type: git, url: '${repositories.url}', insecureHttp: true }
projects:
  shop:
    forge: here
    repo: shop
    routes: [{ on: branch, match: main, build: true }]
`,
    );
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const env = {
      ...process.env,
      SLUICE_DATA: join(folder.path, "data"),
      SLUICE_CONFIG: join(folder.path, "sluice.yml"),
      SLUICE_PORT: String(port),
      SLUICE_PUBLIC_URL: url,
    };
    const log = pino({ level: "silent" });
    start = async () =>
      await startServer({ config: loadConfig(env, folder.path), log, webFolder: stage.folder });
    server = await start();
    opened = await stage.open();
  });
  after(async () => {
    await opened.context.close();
    await server.stop();
    await repositories.stop();
    await folder.remove();
    await stage.close();
  });

  it("is taken over by the holder of the link, and connects a repository", async () => {
    const { page } = opened;
    assert.ok(server.claimUrl !== null);
    await page.goto(server.claimUrl);
    await page.getByLabel("Sign-in name").fill("ada");
    await page.getByLabel("Password").fill("a long enough word");
    await page.getByRole("button", { name: "Take over and sign in" }).click();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Projects" }).click();
    await page.getByRole("link", { name: "shop" }).first().click();
    await page.getByRole("link", { name: "Hook", exact: true }).click();
    await page.getByRole("button", { name: "Make the hook" }).click();
    const [address, secret] = await shownOnce(page);
    await repositories.setHook("shop", { url: address, secret });
  });

  it("shows a push as a build that waits for a person, and goes on after the press", async () => {
    const { page } = opened;
    await copy.push(ASKS, "Ask before the end");
    await page.goto(`${url}/gates`);
    await page
      .getByRole("link", { name: /^Review/ })
      .first()
      .click();
    await page.getByRole("heading", { level: 1, name: "Go on?" }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "story-gate.png"), fullPage: true });
    await page.getByRole("button", { name: "Go on" }).first().click();
    await page.getByText("ada approved this").waitFor();
    await page.getByRole("link", { name: "See the build" }).click();
    await page.locator("h1").getByRole("img", { name: "succeeded" }).waitFor();

    await page.goto(`${url}/p/shop/b/1`);
    await page.locator(".steps code", { hasText: "said after the gate" }).waitFor();

    await copy.push(FAILS, "Break it");
    await page.goto(`${url}/p/shop/b/2`);
    await page.locator("h1").getByRole("img", { name: "failed" }).waitFor();
    await page.locator(".fc").getByText("expected 90 to equal 81").first().waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "story-failed.png"), fullPage: true });
    await page.goto(`${url}/p/shop/deliveries`);
    await page.locator(".dlist li a").first().click();
    await page.locator(".rules li").first().waitFor();
  });

  it("says within seconds that the server is gone, and is live again without a reload", async () => {
    const { page, complaints } = opened;
    await copy.push(ASKS, "Ask across a restart");
    await page.goto(`${url}/p/shop/b/3`);
    await page.getByRole("button", { name: "Go on" }).first().waitFor();
    await page.evaluate("window.sameDocument = true");
    await server.stop();
    await page.getByText("The server does not answer.").waitFor();
    assert.ok(await page.getByRole("button", { name: "Go on" }).first().isDisabled());
    server = await start();
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    // The engine of the build is loaded anew by this server, and goes on from where the other one was.
    await page.getByRole("button", { name: "Go on" }).first().click();
    await page.locator("h1").getByRole("img", { name: "succeeded" }).waitFor();
    assert.equal(await page.evaluate("window.sameDocument"), true);
    complaints.length = 0;
  });

  it("shows every page without a complaint of the browser", async () => {
    const { page, complaints } = opened;
    complaints.length = 0;
    for (const path of [
      "/",
      "/builds",
      "/processes",
      "/environments",
      "/p",
      "/p/shop",
      "/p/shop/settings/secrets",
      "/deliveries",
      "/settings/people",
      "/settings/tokens",
      "/settings/runners",
      "/settings/notifications",
      "/settings/server",
    ]) {
      await page.goto(`${url}${path}`);
      await page.locator("main .card, main .note").first().waitFor();
      await page.screenshot({
        path: join(SCREENSHOTS, `story${path.replaceAll("/", "-")}.png`),
        fullPage: true,
      });
      await until(`${path} is read`, async () => (await page.locator(".skeleton").count()) === 0);
      assert.equal(
        await page.locator(".note.bad").count(),
        0,
        `${path}: ${await page.locator("main").innerText()}`,
      );
    }
    assert.deepEqual(complaints, []);
  });
});

/** Address and secret from the boxes that show them this one time. */
async function shownOnce(page: Page): Promise<readonly [string, string]> {
  await page.getByText("Shown this once").waitFor();
  const boxes = await page.locator(".card .box-copy code").allInnerTexts();
  const [address = "", secret = ""] = boxes;
  return [address, secret];
}
