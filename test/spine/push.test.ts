import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { TestCases } from "../../server/http/contract/builds.ts";
import { Deliveries } from "../../server/http/contract/deliveries.ts";
import { startChat } from "../support/fakes/chat.ts";
import type { Chat } from "../support/fakes/chat.ts";
import { startMailCatcher } from "../support/services/smtp.ts";
import type { MailCatcher } from "../support/services/smtp.ts";
import { assertRules } from "../support/growth.ts";
import { until } from "../support/services/until.ts";
import { PATIENCE } from "../support/api.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const AUTHOR = "ada@example.test";
const SECRET = "s3cr3t-of-the-shop";

const WHOLE = `pipeline {
  agent none
  environment { WHO = 'spine' }
  stages {
    stage('Build') {
      agent { docker 'sluice-demo/busybox:1' }
      steps {
        echo "building $WHO at \${env.GIT_COMMIT.take(8)}"
        sh 'cat greeting.txt; echo made > product.txt; for i in 1 2 3 4 5; do echo line $i; done'
        sh '''
          printf '%s' '<testsuite name="cart" tests="3"><testcase classname="cart" name="adds" time="0.01"/><testcase classname="cart" name="counts"/><testcase classname="cart" name="waits"><skipped/></testcase></testsuite>' > report.xml
        '''
        stash name: 'product', includes: 'product.txt'
        archiveArtifacts artifacts: 'product.txt'
      }
      post { always { junit 'report.xml' } }
    }
    stage('Both') {
      parallel {
        stage('Left') {
          agent { docker 'sluice-demo/busybox:1' }
          steps { unstash 'product'; sh 'echo left has $(cat product.txt)' }
        }
        stage('Right') {
          agent { docker 'sluice-demo/busybox:1' }
          steps { sh 'echo right; ls product.txt 2>/dev/null || echo right has no product' }
        }
      }
    }
    stage('Secret') {
      agent { docker 'sluice-demo/busybox:1' }
      steps {
        withCredentials([string(credentialsId: 'token', variable: 'TOKEN')]) {
          sh 'echo the token is $TOKEN.; test "$TOKEN" = "${SECRET}"'
        }
        withCredentials([gitUsernamePassword(credentialsId: 'forge-login', gitToolName: 'Default')]) {
          sh 'test "$("$GIT_ASKPASS" "Username for https://git.example.test: ")" = ada'
          sh 'test "$("$GIT_ASKPASS" "Password for https://ada@git.example.test: ")" = "${SECRET}" && echo git is answered'
        }
      }
    }
  }
}
`;

const FAILING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Test') {
      steps { sh 'echo one; echo two; echo "Error: the cart is empty"; exit 3' }
    }
    stage('After') { steps { sh 'echo never' } }
  }
}
`;
const MENDED = FAILING.replace("exit 3", "exit 0");
const INVALID = `pipeline {
  agent any
  stages {
    stage('Test') {
      stepz { sh 'true' }
    }
  }
}
`;

describe("a push", function () {
  this.timeout(180_000);
  let spine: Spine;
  let mail: MailCatcher;
  let chat: Chat;

  before(async () => {
    mail = await startMailCatcher();
    chat = await startChat();
    spine = await startSpine({
      file: `channels:
  mail: { type: email, host: 127.0.0.1, port: ${mail.port}, from: 'sluice@example.test' }
  chat: { type: slack, url: { secret: chat-url } }
notify:
  - { project: '*', on: [failed, fixed], to: ['mail:author', chat] }
`,
    });
    await spine.server.api.putSecret("chat-url", { type: "string", text: chat.hookUrl });
    await spine.server.api.putSecret("token", { type: "string", text: SECRET });
    const login = { type: "usernamePassword" as const, username: "ada", password: SECRET };
    await spine.server.api.putSecret("forge-login", login);
  });
  after(async () => {
    await spine?.stop();
    await chat?.stop();
    await mail?.stop();
  });

  it("becomes a build that does all its file says, with results, files and a console as Jenkins prints it", async () => {
    const { api } = spine.server;
    const commit = await spine.push("Sell things", {
      Jenkinsfile: WHOLE.replaceAll("${SECRET}", SECRET),
      "greeting.txt": "hello from the repository\n",
    });
    const build = await api.buildEnded(PROJECT, 1);
    const console = await api.console(build.id);
    assert.equal(build.state, "succeeded", console);
    assert.equal(build.sha, commit);
    assert.equal(build.trigger, "push");

    const [delivery] = (await api.read(Deliveries, "/deliveries")).items;
    assert.equal(delivery?.status, 202);
    assert.deepEqual(
      delivery.builds.map(({ number }) => number),
      [1],
    );

    for (const line of [
      "[Pipeline] Start of Pipeline",
      "[Pipeline] stage",
      "[Pipeline] { (Build)",
      `building spine at ${commit.slice(0, 8)}`,
      "hello from the repository",
      "[Pipeline] { (Branch: Left)",
      "[Pipeline] End of Pipeline",
    ])
      assert.ok(console.split("\n").includes(line), `the console lacks "${line}":\n${console}`);
    assert.match(console, /left has made/u);
    assert.match(console, /right has no product/u);
    assert.match(console.trimEnd(), /Finished: SUCCESS$/u);
    assert.ok(!console.includes(SECRET), "the secret is in the console");
    assert.match(console, /the token is \*{4}\./u);
    assert.match(console, /^git is answered$/mu);

    const names = build.stages.map(({ name, state }) => `${name} ${state}`);
    for (const name of ["Build", "Both", "Left", "Right", "Secret"])
      assert.ok(names.includes(`${name} succeeded`), names.join(", "));
  });

  it("leaves test results, an archived file and logs that are read in ranges", async () => {
    const { api, url, token } = spine.server;
    const build = await api.build(PROJECT, 1);
    assert.deepEqual(build.tests && [build.tests.passed, build.tests.failed, build.tests.skipped], [2, 0, 1]);
    const tests = await api.read(TestCases, `/builds/${build.id}/tests`);
    assert.deepEqual(tests.items.map(({ name }) => name).toSorted(), ["adds", "counts", "waits"]);

    const file = build.artifacts.find(({ name }) => name === "product.txt");
    assert.ok(file?.path, "the archived file is not listed");
    const got = await fetch(`${url}${file.path}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(await got.text(), "made\n");

    const step = build.stages.flatMap(({ steps }) => steps).find(({ name }) => name === "sh");
    assert.ok(step, "no step with that log");
    const all = await api.stepLog(build.id, step.n);
    assert.ok(all.complete);
    assert.equal(all.sizeBytes, step.logBytes);
    const at = Buffer.from(all.text).indexOf("line 3");
    const part = await api.stepLog(build.id, step.n, `?from=${at}&to=${at + 6}`);
    assert.match(part.text, /line 3/u);
    assert.ok(!part.text.includes("line 5"));
    const line = all.text.split("\n").indexOf("line 4") + 1;
    const around = await api.stepLog(build.id, step.n, `?line=${line}&lines=1`);
    assert.match(around.text, /line 4/u);
  });

  it("that breaks the build is told by mail and chat, with a link to the failing line", async () => {
    const { api, url } = spine.server;
    await spine.push("Empty the cart", { Jenkinsfile: FAILING });
    const build = await api.buildEnded(PROJECT, 2);
    assert.equal(build.state, "failed");
    assert.equal(build.reason?.fault, "command");
    const failure = build.failure;
    assert.ok(failure?.step && failure.line, JSON.stringify(failure));
    const range = await api.stepLog(build.id, failure.step, `?line=${failure.line}&lines=1`);
    assert.match(range.text, /the cart is empty/u);
    assert.deepEqual(
      build.stages.map(({ name, state }) => `${name} ${state}`),
      ["Declarative: Checkout SCM succeeded", "Test failed", "After not_built"],
    );
    const console = await api.console(build.id);
    assert.match(console, /ERROR: script returned exit code 3\nFinished: FAILURE\n?$/u);

    const caught = await mail.waitFor("build 2 failed", ({ to, parsed }) => {
      return to.includes(AUTHOR) && (parsed.subject ?? "").includes("#2 failed");
    });
    const link = `${url}${build.path}/s/${failure.step}#L${failure.line}`;
    assert.ok((caught.parsed.text ?? "").includes(link), caught.parsed.text);
    assert.match(caught.parsed.text ?? "", /the cart is empty/u);
    const message = await until("the chat hears of build 2", () =>
      chat.messages.find((body) => body.includes("#2 failed")),
    );
    assert.ok(message.includes(link), message);
  });

  it("that mends the build is told as well, once", async () => {
    const { api } = spine.server;
    await spine.push("Fill the cart", { Jenkinsfile: MENDED });
    const build = await api.buildEnded(PROJECT, 3);
    assert.equal(build.state, "succeeded", await api.console(build.id));
    const about = ({ parsed }: { parsed: { subject?: string | undefined } }): boolean =>
      (parsed.subject ?? "").includes("#3 is fixed");
    await mail.waitFor("build 3 is fixed", about);
    await until("the chat hears of build 3", () => chat.messages.some((body) => body.includes("#3")));
    assert.equal(mail.mails.filter(about).length, 1);
  });

  it("of a file that cannot be read is a failed build whose console names line, column and what is wrong", async () => {
    const { api } = spine.server;
    await spine.push("Mistype", { Jenkinsfile: INVALID });
    const build = await api.buildIs(PROJECT, 4, "has failed", ({ state }) => state === "failed");
    assert.equal(build.reason?.fault, "file");
    const console = await api.console(build.id);
    assert.match(console, /^WorkflowScript: 5: .*"stepz".* @ line 5, column 7\.$/mu);
    assert.match(console.trimEnd(), /Finished: FAILURE$/u);
    const places = build.diagnostics.map(({ line, column }) => `${line}:${column}`);
    assert.ok(places.includes("5:7"), places.join(", "));
  });

  it("to a branch that nothing stands in, but another file, is built there too", async () => {
    const { api } = spine.server;
    await spine.push("Try", { Jenkinsfile: 'node { echo "on ${env.BRANCH_NAME}" }\n' }, "feature/try");
    const build = await api.buildIs(PROJECT, 5, "has succeeded", ({ state }) => state === "succeeded");
    assert.deepEqual(build.ref, { kind: "branch", name: "feature/try" });
    await until(
      "its console is whole",
      async () => (await api.console(build.id)).includes("Finished"),
      PATIENCE,
    );
    assert.match(await api.console(build.id), /^on feature\/try$/mu);
  });

  it("leaves no file or folder on the server and its runner of which no rule says why it does not grow", async () => {
    const { dataFolder } = spine.server;
    await assertRules("server", dataFolder);
    await assertRules("runner", join(dataFolder, "runner"));
  });
});
