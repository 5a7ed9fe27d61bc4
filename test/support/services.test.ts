import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";

import { Redis } from "ioredis";
import { before, describe, it } from "mocha";
import nodemailer from "nodemailer";
import pg from "pg";

import { startBrowser } from "./services/chromium.ts";
import { dockerForTests } from "./services/docker.ts";
import { cloneForTests, git, startGitServer } from "./services/git.ts";
import { busyboxImage, nodeImage, pullAs } from "./services/images.ts";
import { startNamespace } from "./services/namespace.ts";
import { freePort, freePortNear } from "./services/ports.ts";
import { startDatabase } from "./services/postgres.ts";
import { runToEnd, startChild } from "./services/process.ts";
import { startRedis } from "./services/redis.ts";
import { startRegistry } from "./services/registry.ts";
import { startSecondEngine } from "./services/second-engine.ts";
import { startMailCatcher } from "./services/smtp.ts";
import { joinOrMakeSwarm } from "./services/swarm.ts";
import { until } from "./services/until.ts";

const PROCESS_MODULE = new URL("services/process.ts", import.meta.url).href;

describe("services for tests", function () {
  this.timeout(180_000);

  describe("until", () => {
    it("gives the first answer that is neither undefined nor false, whatever failed before", async () => {
      const answers = [undefined, false, new Error("not there yet"), 7] as const;
      let asked = 0;
      const got = await until("seven", () => {
        const answer = answers[asked++];
        if (answer instanceof Error) throw answer;
        return answer;
      });
      assert.equal(got, 7);
    });

    it("names the fact and the last failure after the deadline", async () => {
      const never = until("the moon is full", () => Promise.reject(new Error("clouds")), {
        deadlineMs: 50,
        everyMs: 10,
      });
      await assert.rejects(never, /the moon is full.*clouds/);
    });

    it("does not wait for a probe that hangs", async () => {
      const never = until("an answer comes", () => new Promise<true>(() => {}), { deadlineMs: 50 });
      await assert.rejects(never, /an answer comes/);
    });
  });

  describe("ports", () => {
    it("moves away from a port that is taken", async () => {
      const taken = createServer().listen(await freePort());
      await once(taken, "listening");
      const address = taken.address();
      assert.ok(address !== null && typeof address !== "string");
      assert.notEqual(await freePortNear(address.port), address.port);
      taken.close();
      await once(taken, "close");
    });
  });

  describe("child processes", () => {
    it("end with the process that started them, even if that is killed", async () => {
      const script = `import { startChild } from ${JSON.stringify(PROCESS_MODULE)};
        console.log((await startChild("sleep", ["600"])).pid); setInterval(() => {}, 1000);`;
      const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(parent.stdout, "data");
      const pid = Number(String(line));
      assert.ok(existsSync(`/proc/${pid}`));
      parent.kill("SIGKILL");
      await until("the child is gone", () => !isRunning(pid));
    });

    it("give their exit and their output", async () => {
      const child = await startChild("sh", ["-c", "echo heard; exit 3"]);
      assert.deepEqual(await child.exited, { code: 3, signal: null });
      await until("the output is there", () => child.output() === "heard\n");
    });

    it("say what they printed when they fail", async () => {
      await assert.rejects(runToEnd("sh", ["-c", "echo broken >&2; exit 4"]), /ended with 4: broken/);
    });
  });

  it("a network of its own reaches us, falls silent when it is cut, and goes on with what was sent meanwhile", async () => {
    const namespace = await startNamespace();
    const heard: string[] = [];
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    });
    try {
      server.listen(0, "0.0.0.0");
      await once(server, "listening");
      const address = server.address();
      assert.ok(address !== null && typeof address !== "string");
      const script = `const socket = require("node:net").connect(${address.port}, "${namespace.hostAddress}");
        socket.on("close", () => process.exit());
        setInterval(() => socket.write("line\\n"), 50);`;
      const { program, args } = namespace.inside(process.execPath, ["-e", script]);
      const child = await startChild(program, args);
      await until("it is heard", () => heard.length > 2);
      await namespace.cut();
      await until("it is silent", async () => {
        const before = heard.length;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return heard.length === before;
      });
      assert.equal(child.exit(), undefined);
      const before = heard.length;
      await namespace.mend();
      await until("it is heard again", () => heard.length > before);
      assert.match(heard.join(""), /^(line\n)+(l(i(ne?)?)?)?$/u);
      await child.stop("SIGKILL");
    } finally {
      server.close();
      await namespace.stop();
    }
  });

  it("Redis keeps what it acknowledged over a kill", async () => {
    const server = await startRedis();
    const client = new Redis(server.url, { lazyConnect: true });
    try {
      await client.set("a", "1");
      assert.deepEqual(await client.config("GET", "maxmemory-policy"), ["maxmemory-policy", "noeviction"]);
      client.disconnect();
      await server.kill();
      await server.startAgain();
      await client.connect();
      assert.equal(await client.get("a"), "1");
    } finally {
      client.disconnect();
      await server.stop();
    }
    assert.equal(existsSync(server.folder), false);
  });

  it("PostgreSQL gives each user an empty database of its own", async () => {
    const [one, two] = await Promise.all([startDatabase(), startDatabase()]);
    assert.notEqual(one.url, two.url);
    for (const database of [one, two]) {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query("create table t (a int)");
      await client.end();
      await database.drop();
    }
  });

  it("git takes pushes over HTTP, asks for the password, and announces what was pushed", async () => {
    const heard: { body: string; signature: string }[] = [];
    const listener = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        heard.push({ body, signature: String(request.headers["webhook-signature"]) });
        response.writeHead(202).end("{}");
      });
    });
    const port = await freePort();
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    const server = await startGitServer({ credentials: { username: "ada", password: "pass" } });
    const url = await server.createRepository("team/shop");
    await server.setHook("team/shop", { url: `http://127.0.0.1:${port}/webhooks/1`, secret: "s3cret" });
    try {
      await assert.rejects(cloneForTests(url), /Authentication failed|could not read Username/);
      const copy = await cloneForTests(url.replace("//", "//ada:pass@"));
      const first = await copy.commit("first", { "a/b.txt": "1\n" });
      await copy.tag("v1");
      await copy.push("main", "v1");
      await until("both refs were announced", () => heard.length === 2);
      const push: unknown = JSON.parse(heard[0]?.body ?? "");
      assert.deepEqual(push, {
        ref: "refs/heads/main",
        before: "0".repeat(40),
        after: first,
        repository: "team/shop",
      });
      assert.match(heard[0]?.signature ?? "", /^v1,/);
      assert.equal(await git(join(server.folder, "team/shop.git"), ["rev-parse", "main"]), first);
      await copy.remove();
    } finally {
      await server.stop();
      listener.close();
    }
  });

  it("the mail catcher keeps mails as a reader sees them, and refuses whom it is told to", async () => {
    const catcher = await startMailCatcher({ credentials: { username: "ci", password: "pass" } });
    catcher.refuse("gone@example.test");
    const sender = nodemailer.createTransport({
      host: "127.0.0.1",
      port: catcher.port,
      auth: { user: "ci", pass: "pass" },
    });
    try {
      await sender.sendMail({
        from: "ci@example.test",
        to: "ada@example.test",
        subject: "✗ shop",
        text: "red",
      });
      const mail = await catcher.waitFor("for ada", ({ to }) => to.includes("ada@example.test"));
      assert.equal(mail.parsed.subject, "✗ shop");
      assert.equal(mail.parsed.text?.trim(), "red");
      await assert.rejects(
        sender.sendMail({ from: "ci@example.test", to: "gone@example.test", text: "x" }),
        /550/,
      );
    } finally {
      sender.close();
      await catcher.stop();
    }
  });

  it("Chromium shows a page of this machine", async () => {
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      await page.setContent("<title>there</title>");
      assert.equal(await page.title(), "there");
    } finally {
      await browser.close();
    }
  });

  describe("with the Docker Engine", () => {
    const docker = dockerForTests();
    let busybox = "";
    before(async () => {
      busybox = await busyboxImage(docker);
    });

    it("small images are made on the spot, once", async () => {
      const node = await nodeImage(docker);
      const { Id } = await docker.getImage(node).inspect();
      await nodeImage(docker);
      assert.equal((await docker.getImage(node).inspect()).Id, Id);
      assert.match(await outputOf(node, ["node", "--version"]), /v24\./);
      assert.match(await outputOf(busybox, ["sh", "-c", "id -u agent; ls -d /tmp"]), /10001\s+\/tmp/);
    });

    it("a real image is pulled under the name that the samples use", async () => {
      const registry = await startRegistry({ isOpen: true });
      const real = `${registry.host}/library/busybox`;
      const ours = `sluice-test/pulled-${process.pid}:1`;
      try {
        await docker.getImage(busybox).tag({ repo: real, tag: "1" });
        assert.match(await push(real, registry), /"Digest":"sha256:/);
        await docker.getImage(`${real}:1`).remove();
        await pullAs(docker, `${real}:1`, ours);
        assert.match(await outputOf(ours, ["echo", "there"]), /there/);
        await assert.rejects(pullAs(docker, `${real}:2`, ours), /not found|manifest unknown/);
      } finally {
        await docker.getImage(`${real}:1`).remove();
        await docker.getImage(ours).remove();
        await registry.stop();
      }
    });

    it("the registry takes a push for the right password only, and names its digest", async () => {
      const registry = await startRegistry();
      const name = `${registry.host}/shop/web`;
      try {
        await docker.getImage(busybox).tag({ repo: name, tag: "1" });
        assert.match(
          await push(name, { username: registry.username, password: "wrong" }),
          /unauthorized|no basic auth/,
        );
        assert.match(await push(name, registry), /"Digest":"sha256:/);
        const digest = await registry.digestOf("shop/web", "1");
        assert.match(digest ?? "", /^sha256:[0-9a-f]{64}$/);
        assert.deepEqual(await registry.tagsOf("shop/web"), ["1"]);
        assert.equal(await registry.digestOf("shop/web", "2"), undefined);
      } finally {
        await docker.getImage(`${name}:1`).remove();
        await registry.stop();
      }
    });

    it("the engine runs a service whose port is published on this machine", async () => {
      const swarm = await joinOrMakeSwarm(docker);
      const port = await freePort();
      const service = await docker.createService({
        Name: `sluice-test-${process.pid}`,
        TaskTemplate: {
          ContainerSpec: {
            Init: true,
            Image: busybox,
            Command: ["sh", "-c", "echo here >/tmp/index.html; httpd -f -h /tmp"],
          },
        },
        EndpointSpec: {
          Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: port, PublishMode: "host" }],
        },
      });
      try {
        const page = await until("the service answers", async () => await fetch(`http://127.0.0.1:${port}/`));
        assert.equal(await page.text(), "here\n");
      } finally {
        await service.remove();
        await until(
          "its containers are gone",
          async () => (await tasksOf(`sluice-test-${process.pid}`)) === 0,
        );
        await swarm.leave();
      }
    });

    for (const liveRestore of [true, false]) {
      it(`a second engine may be killed; ${liveRestore ? "its containers live on" : "they end when it is back"}`, async () => {
        const engine = await startSecondEngine({ liveRestore });
        try {
          const image = await busyboxImage(engine.docker);
          const container = await engine.docker.createContainer({
            Image: image,
            Cmd: ["sleep", "600"],
            HostConfig: { Init: true },
          });
          await container.start();
          await engine.kill();
          await engine.startAgain();
          assert.equal((await container.inspect()).State.Running, liveRestore);
        } finally {
          await engine.stop();
        }
      });
    }

    async function tasksOf(service: string): Promise<number> {
      const label = [`com.docker.swarm.service.name=${service}`];
      return (await docker.listContainers({ all: true, filters: { label } })).length;
    }

    async function outputOf(image: string, command: string[]): Promise<string> {
      const container = await docker.createContainer({ Image: image, Cmd: command, Tty: true });
      try {
        await container.start();
        await container.wait();
        return (await container.logs({ stdout: true, stderr: true })).toString();
      } finally {
        await container.remove({ force: true });
      }
    }

    async function push(name: string, by: { username: string; password: string }): Promise<string> {
      const { username, password } = by;
      const stream = await docker
        .getImage(`${name}:1`)
        .push({ authconfig: { username, password, serveraddress: name } });
      let said = "";
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await once(stream, "end");
      return said;
    }
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
