import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { Deployments } from "../../server/http/contract/deployments.ts";
import { ENDED, PATIENCE } from "../support/api.ts";
import { startChat } from "../support/fakes/chat.ts";
import type { Chat } from "../support/fakes/chat.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { startEngineProxy } from "../support/services/engine-proxy.ts";
import type { EngineProxy } from "../support/services/engine-proxy.ts";
import { busyboxImage } from "../support/services/images.ts";
import { startRegistry } from "../support/services/registry.ts";
import type { Registry } from "../support/services/registry.ts";
import { startRegistryProxy } from "../support/services/registry-proxy.ts";
import type { RegistryProxy } from "../support/services/registry-proxy.ts";
import { startMailCatcher } from "../support/services/smtp.ts";
import type { MailCatcher } from "../support/services/smtp.ts";
import { createSwarmService } from "../support/services/swarm-service.ts";
import type { SwarmService } from "../support/services/swarm-service.ts";
import { joinOrMakeSwarm } from "../support/services/swarm.ts";
import { until } from "../support/services/until.ts";
import { instanceOf } from "../support/server.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

/** Calls to the outside that one build makes on its way to an environment, in which server and runner die one by one. */
const POINTS = [
  "outbox.send",
  "queue.add",
  "docker.createContainer",
  "docker.startContainer",
  "docker.pullImage",
  "docker.buildImage",
  "docker.pushImage",
  "swarm.updateService",
  "mail.send",
  "chat.send",
] as const;

/** A build whose answer was lost is not sent once more: its context was read as it was sent. */
const ANSWERS = POINTS.filter((point) => point !== "docker.buildImage");

describe("a build that pushes and deploys, with its server dying at each call to the outside", function () {
  this.timeout(600_000);
  const stops = createStops();
  let docker: Docker;
  let registry: Registry;
  let images: RegistryProxy;
  let swarm: EngineProxy;
  let idle: SwarmService;
  let mails: MailCatcher;
  let chat: Chat;
  let spine: Spine;
  /** Containers of this server that were started since the last look, by name. */
  let started: string[] = [];
  let number = 0;

  before(async () => {
    docker = dockerForTests();
    const image = await busyboxImage(docker);
    const joined = await joinOrMakeSwarm(docker);
    stops.add(() => joined.leave());
    registry = await startRegistry({ isOpen: true });
    stops.add(() => registry.stop());
    images = await startRegistryProxy(registry.port);
    stops.add(() => images.stop());
    swarm = await startEngineProxy();
    stops.add(() => swarm.stop());
    mails = await startMailCatcher();
    stops.add(() => mails.stop());
    chat = await startChat();
    stops.add(() => chat.stop());
    idle = await createSwarmService(docker, { name: `sluice-outside-${process.pid}`, image, replicas: 0 });
    stops.add(() => idle.remove());
    spine = await startSpine({
      project: "registry: here, images: [shop/web]",
      file: `registries:
  here: { host: '${images.host}', insecure: true }
targets:
  swarm: { type: swarm, host: '${swarm.address}' }
environments:
  production: { policy: auto, waves: [[swarm]], services: { web: ${idle.name} }, soak: 0s, limit: 2m }
channels:
  mail: { type: email, host: 127.0.0.1, port: ${mails.port}, from: 'sluice@example.test', to: [team@example.test] }
  chat: { type: slack, url: '${chat.hookUrl}' }
notify:
  - { project: '*', on: [succeeded], to: [mail, chat] }
`,
    });
    stops.add(() => spine.stop());
    // What is pulled lies in the registry.
    await docker.getImage(image).tag({ repo: `${images.host}/base`, tag: "1" });
    stops.add(() => docker.getImage(`${images.host}/base:1`).remove({ force: true }));
    await text(await docker.getImage(`${images.host}/base`).push({ tag: "1", authconfig: {} }));
    stops.add(() => removeImages(docker, `${images.host}/shop/web`));
    images.takeManifests();
    const watching = await watchStarts(docker, await instanceOf(spine.server.dataFolder, undefined));
    stops.add(async () => watching.stop());
    started = watching.names;
    number += 1;
    await spine.push("Begin", { Jenkinsfile: "echo 'begun'\n" });
    await spine.server.api.buildEnded(PROJECT, number);
    await until("the first build was told of", () => mails.mails.length === 1 && chat.messages.length === 1);
    assert.deepEqual(started, []);
  });
  after(async () => await stops.all());

  const files = (what: string): Record<string, string> => ({
    Jenkinsfile: jenkinsfile(what),
    Dockerfile: `FROM ${images.host}/base:1\nLABEL of="${what}"\n`,
  });
  const jenkinsfile = (what: string): string => `// ${what}
node {
  checkout scm
  docker.image('${images.host}/base:1').pull()
  sh 'echo once >> ran'
  docker.withRegistry('http://${images.host}') {
    docker.build("shop/web:${number}").push()
  }
  echo "ran: \${readFile('ran').trim()}"
}
deploy environment: 'production'
`;

  /** Starts the server with these faults; gives the point of the first one that killed it. */
  async function untilItDies(faults: readonly string[]): Promise<string> {
    const said = await spine.server.restart({ SLUICE_FAULT: faults.join(",") }).then(
      async () => {
        const ended = hasEnded(spine.server.ended());
        await until(
          `one of ${faults.join(", ")} has killed it`,
          async () => ended() || (await isOver()),
          PATIENCE,
        );
        return ended() ? spine.server.output() : `${faults.join(", ")} are never passed: ${await story()}`;
      },
      (error: unknown) => String(error), // before it could answer at all
    );
    const point = /SLUICE_FAULT: killed (?:before|after) (\S+)/u.exec(said)?.[1];
    assert.ok(point !== undefined, `it ended, and not by a fault: ${said}`);
    return point;
  }

  async function isOver(): Promise<boolean> {
    const mine = (await spine.server.api.builds(PROJECT)).find((build) => build.number === number);
    return mine !== undefined && ENDED.includes(mine.state) && mine.state !== "succeeded";
  }

  async function story(): Promise<string> {
    const { api } = spine.server;
    return await api.console((await api.build(PROJECT, number)).id);
  }

  /** Whoever takes a message to send it has 90 s for that: they have passed. */
  function letMessagesBeDue(): void {
    const database = new DatabaseSync(join(spine.server.dataFolder, "sluice.sqlite"));
    database.exec("update notifications set next_at_ms = 0 where state in ('pending', 'retrying')");
    database.close();
  }

  /** What is told of build `number`: each message may have come twice, always under its one id. */
  function told(): { mails: string[]; chats: number } {
    const title = `${PROJECT} #${number} `;
    const mine = mails.mails.filter(({ parsed }) => parsed.subject?.includes(title) === true);
    return {
      mails: mine.map(({ parsed }) => parsed.messageId ?? ""),
      chats: chat.messages.filter((message) => message.includes(title)).length,
    };
  }

  async function holds(copies: number): Promise<void> {
    const { api } = spine.server;
    const build = await api.buildEnded(PROJECT, number);
    const console = await api.console(build.id);
    assert.equal(build.state, "succeeded", console);
    assert.match(console, /^ran: once$/mu, console);
    assert.equal(console.match(/Finished: /gu)?.length, 1);
    assert.equal((await api.builds(PROJECT)).length, number, "one push has become two builds");
    assert.equal(started.splice(0).length, 1, "not one container");
    const digest = await registry.digestOf("shop/web", String(number));
    assert.deepEqual(images.takeManifests(), [String(number)], "not pushed once");
    const { items } = await api.read(Deployments, "/deployments");
    const mine = items.filter((one) => one.build?.id === build.id);
    assert.deepEqual(
      mine.map(({ state }) => state),
      ["succeeded"],
    );
    assert.equal(swarm.takeUpdates(), 1, "not written once");
    assert.ok((await idle.image()).endsWith(`@${digest ?? "?"}`), await idle.image());
    await until("people are told", () => told().mails.length >= copies && told().chats >= copies, PATIENCE);
    assert.equal(new Set(told().mails).size, 1, "a mail was repeated under another id");
  }

  // A mail that was sent and not noted is sent again; one that was not sent comes once.
  for (const { points, moment, copies } of [
    { points: "", moment: "before", copies: 1 },
    { points: "kill point 3, kill point 21, kill point 22, kill point 23: ", moment: "after", copies: 2 },
  ])
    it(`${points}ends right, each thing done once, when that is ${moment} each of ${POINTS.length} calls`, async () => {
      let left = POINTS.map((point) => `${point}:${moment}`);
      // The first death is seen by whoever pushes; what follows is found by the next starts.
      await spine.server.kill();
      number += 1;
      const pushing = pushOnceItRuns(`Die ${moment}`);
      while (left.length > 0) {
        const point = await untilItDies(left);
        left = left.filter((fault) => fault !== `${point}:${moment}`);
        if (point === "mail.send" || point === "chat.send") letMessagesBeDue();
      }
      await pushing;
      await spine.server.restart({});
      await holds(copies);
    });

  it(`ends right, each thing done once, when the answers of ${ANSWERS.length} calls are lost`, async () => {
    const faults = ANSWERS.map((point) => `${point}:after-but-error`);
    await spine.server.restart({ SLUICE_FAULT: faults.join(",") });
    number += 1;
    await spine.push("Lose answers", files("Lose answers"));
    await holds(2);
  });

  async function pushOnceItRuns(what: string): Promise<void> {
    const { url } = spine.server;
    await until("the server listens", async () => (await fetch(`${url}/healthz`)).ok, PATIENCE);
    await spine.push(what, files(what));
  }
});

async function removeImages(docker: Docker, repository: string): Promise<void> {
  for (const { Id } of await docker.listImages({ filters: { reference: [repository] } }))
    await docker.getImage(Id).remove({ force: true });
}

const Started = z.object({ Actor: z.object({ Attributes: z.object({ name: z.string() }) }) });

/** Hears of every container of a server that is started; one that the engine could not start is not. */
async function watchStarts(
  docker: Docker,
  instance: string | undefined,
): Promise<{ names: string[]; stop: () => void }> {
  const names: string[] = [];
  const abort = new AbortController();
  const filters = { type: ["container" as const], event: ["start"], label: [`sluice.instance=${instance}`] };
  const events = await docker.getEvents({ filters, abortSignal: abort.signal });
  let rest = "";
  events.on("data", (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) names.push(Started.parse(JSON.parse(line)).Actor.Attributes.name);
  });
  events.on("error", () => {}); // the end of the watch
  return { names, stop: () => abort.abort() };
}

function hasEnded(end: Promise<void>): () => boolean {
  let ended = false;
  void end.then(() => (ended = true));
  return () => ended;
}
