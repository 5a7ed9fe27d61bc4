import assert from "node:assert/strict";

import { until } from "../../test/support/services/until.ts";
import type { Build, Gate } from "./api.ts";
import { buildEnded, buildStarted, deploymentEnded, gateOpened } from "./builds.ts";
import { PLACEHOLDER, serviceImage } from "./service.ts";
import { AUTHOR_MAIL, ENVIRONMENT, IMAGE, PROJECT } from "./settings.ts";
import type { World } from "./world.ts";

/** What a fact found that later ones need. */
interface Found {
  commit: string;
  build: Build;
  digest: string;
  gate: Gate;
  mailLink: URL;
}

/** One thing that must be so, seen from outside. It returns a word on what was seen, and throws with the reason. */
interface Fact {
  readonly text: string;
  readonly see: (world: World, found: Partial<Found>) => Promise<string>;
}

/** The demo's story as facts, in the order in which they come about. */
const FACTS: readonly Fact[] = [
  {
    text: "a push through git over HTTP is announced by its webhook and becomes build 1",
    see: pushBecomesBuild,
  },
  { text: "the gate of staging opens, with the plan", see: gateOpens },
  { text: "the tests ran, and their results are read", see: testsRan },
  { text: "the registry has the image of this commit", see: registryHasImage },
  { text: "the plan names exactly that digest", see: planNamesDigest },
  { text: "people hear of the open gate in the chat", see: chatHearsOfGate },
  { text: "nothing is deployed before the click", see: nothingDeployed },
  { text: "a click on Deploy makes the deployment succeed", see: clickDeploys },
  { text: "the Swarm service runs that digest", see: serviceRunsDigest },
  { text: "the sample answers", see: sampleAnswers },
  { text: "the environment shows that digest as live", see: environmentShowsDigest },
  { text: "build 1 ends as succeeded", see: buildSucceeds },
  { text: "a push with a failing test becomes build 2, failed by its command", see: brokenFails },
  { text: "the author gets a mail with the failing test in it", see: mailArrives },
  { text: "the mail's link opens the failing line", see: linkOpensLine },
  { text: "the chat is told of the failure", see: chatHearsOfFailure },
  { text: "the failed build changed nothing in the service", see: serviceUnchanged },
];

/** Tells the story unattended and prints a line per fact. Gives the number of facts that do not hold. */
export async function checkFacts(world: World, say: (line: string) => void): Promise<number> {
  const found: Partial<Found> = {};
  let failures = 0;
  for (const { text, see } of FACTS) {
    const startedAtMs = Date.now();
    try {
      const seen = await Promise.race([see(world, found), serverEnds(world)]);
      say(`ok    ${text}: ${seen} (${seconds(startedAtMs)})`);
    } catch (error) {
      failures += 1;
      say(
        `FAIL  ${text}: ${error instanceof Error ? error.message : String(error)} (${seconds(startedAtMs)})`,
      );
    }
  }
  return failures;
}

/** Without a server there is nothing to wait for. */
async function serverEnds({ server }: World): Promise<never> {
  throw new Error(`sluice serve has ended with ${await server.ended}`);
}

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** What an earlier fact found. @throws {Error} when that fact did not hold, so that this one cannot be seen */
function known<Name extends keyof Found>(found: Partial<Found>, name: Name): Found[Name] {
  const value: Found[Name] | undefined = found[name];
  if (value === undefined) throw new Error(`not seen, since there is no ${name}`);
  return value;
}

async function pushBecomesBuild({ api, sample }: World, found: Partial<Found>): Promise<string> {
  found.commit = await sample.pushFirst();
  found.build = await buildStarted(api, 1);
  assert.equal(found.build.sha, found.commit, "the build is of another commit");
  const delivery = (await api.deliveries()).find(({ builds }) => builds.some(({ number }) => number === 1));
  assert.equal(delivery?.status, 202, "no delivery answered 202 names it");
  return `${found.commit.slice(0, 8)}, ${delivery.verdict}`;
}

async function gateOpens({ api }: World, found: Partial<Found>): Promise<string> {
  found.gate = await gateOpened(api, 1);
  assert.equal(found.gate.environment, ENVIRONMENT);
  assert.notEqual(found.gate.planHash, null, "the gate has no plan");
  found.build = (await api.build(PROJECT, 1)) ?? known(found, "build");
  assert.equal(found.build.state, "waiting", "the build does not wait");
  return found.gate.url;
}

async function testsRan(_world: World, found: Partial<Found>): Promise<string> {
  const { tests, stages } = known(found, "build");
  assert.deepEqual(tests && { passed: tests.passed, failed: tests.failed }, { passed: 3, failed: 0 });
  assert.equal(stages.find(({ name }) => name === "Test")?.state, "succeeded");
  return "3 passed, 0 failed in JUnit's format";
}

async function registryHasImage({ places }: World, found: Partial<Found>): Promise<string> {
  const tag = known(found, "commit").slice(0, 8);
  const digest = await places.registry.digestOf(IMAGE, tag);
  assert.ok(
    digest !== undefined,
    `there is no ${IMAGE}:${tag}; tags: ${(await places.registry.tagsOf(IMAGE)).join(", ")}`,
  );
  found.digest = digest;
  return `${IMAGE}:${tag} is ${digest}`;
}

async function planNamesDigest(_world: World, found: Partial<Found>): Promise<string> {
  const images = known(found, "gate").plan?.targets.flatMap((target) => target.images) ?? [];
  const digest = known(found, "digest");
  const [image] = images;
  assert.ok(image !== undefined && images.length === 1, `the plan has ${images.length} images`);
  assert.ok(image.to.endsWith(`@${digest}`), `the plan says ${image.to}`);
  return `${image.service} from ${image.from} to ${image.to}`;
}

async function chatHearsOfGate({ places }: World, found: Partial<Found>): Promise<string> {
  known(found, "gate");
  return await chatMessage(places.chat.messages, "the gate", (body) => body.includes(ENVIRONMENT));
}

async function nothingDeployed({ docker, ports }: World): Promise<string> {
  const image = await serviceImage(docker);
  assert.ok(!image.includes(IMAGE), `the service runs ${image}`);
  const page = await (await fetch(`http://localhost:${ports.sample}/`)).text();
  assert.equal(page.trim(), PLACEHOLDER);
  return `the service still shows "${PLACEHOLDER}"`;
}

async function clickDeploys({ api }: World, found: Partial<Found>): Promise<string> {
  const gate = await api.approve(known(found, "gate"));
  assert.equal(gate.state, "approved");
  assert.ok(gate.deployment !== null, "the gate names no deployment");
  const { state, text } = await deploymentEnded(api, gate.deployment);
  assert.equal(state, "succeeded", `it ended as ${state}: ${text}`);
  const { release, approvedBy } = await api.deployment(gate.deployment);
  return `release ${release}, approved by ${approvedBy}`;
}

async function serviceRunsDigest({ docker }: Pick<World, "docker">, found: Partial<Found>): Promise<string> {
  const image = await serviceImage(docker);
  assert.ok(image.endsWith(`@${known(found, "digest")}`), `it runs ${image}`);
  return image;
}

async function sampleAnswers({ ports }: World): Promise<string> {
  const url = `http://localhost:${ports.sample}/`;
  const page = await until("the sample shows its version", async () => {
    const text = await (await fetch(url)).text();
    return text.startsWith("shop 1.0.0") ? text : undefined;
  });
  return `${url} says ${JSON.stringify(page.trim())}`;
}

async function environmentShowsDigest({ api }: World, found: Partial<Found>): Promise<string> {
  const { live } = await api.environment(ENVIRONMENT);
  const images = live.flatMap((release) => Object.values(release.images));
  assert.ok(
    images.some((image) => image.endsWith(`@${known(found, "digest")}`)),
    `it shows ${images.join(", ") || "nothing"}`,
  );
  return `release ${live[0]?.release}`;
}

async function buildSucceeds({ api }: World, found: Partial<Found>): Promise<string> {
  known(found, "gate");
  const build = await buildEnded(api, 1);
  assert.equal(build.state, "succeeded", `it ended as ${build.state}: ${build.reason?.text}`);
  const text = await api.console(build.id);
  assert.match(text.trimEnd(), /Finished: SUCCESS$/u);
  return "its console ends with Finished: SUCCESS";
}

async function brokenFails({ api, sample }: World, found: Partial<Found>): Promise<string> {
  const commit = await sample.pushBroken();
  const build = await buildEnded(api, 2);
  found.build = build;
  assert.equal(build.sha, commit);
  assert.equal(build.state, "failed", `it ended as ${build.state}`);
  assert.equal(build.reason?.fault, "command", `the fault is said to be ${build.reason?.fault}`);
  return build.reason.text;
}

async function mailArrives({ places, server }: World, found: Partial<Found>): Promise<string> {
  const mail = await places.mail.waitFor(
    "the failure of build 2",
    ({ to, parsed }) => to.includes(AUTHOR_MAIL) && (parsed.subject ?? "").includes("#2"),
  );
  const text = mail.parsed.text ?? "";
  assert.match(mail.parsed.subject ?? "", /shop.*failed/u);
  assert.match(text, /applies the discount once|81 !== 90/u, "the failing test is not in its text");
  const link = text.match(/https?:\/\/[^\s<>"]+/gu)?.find((url) => url.startsWith(server.url));
  assert.ok(link !== undefined, `no link to ${server.url} in: ${text.slice(0, 400)}`);
  found.mailLink = new URL(link);
  return `"${mail.parsed.subject}" to ${mail.to.join(", ")}`;
}

async function linkOpensLine({ api }: World, found: Partial<Found>): Promise<string> {
  const link = known(found, "mailLink");
  const page = await fetch(link);
  assert.equal(page.status, 200, `${link.href} was answered ${page.status}`);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/u);
  const { id, failure } = known(found, "build");
  assert.ok(
    failure !== null && failure.step !== null && failure.line !== null,
    "the build names no failing line",
  );
  assert.ok(
    link.href.includes(String(failure.line)),
    `the link ${link.href} does not lead to line ${failure.line} of step ${failure.step}`,
  );
  const around = await api.stepLogAround(id, failure.step, failure.line);
  assert.match(around, /applies the discount once|81 !== 90/u, "the failing test is not near that line");
  return `${link.href}, line ${failure.line} of step ${failure.step}`;
}

async function chatHearsOfFailure({ places }: World): Promise<string> {
  return await chatMessage(
    places.chat.messages,
    "the failure",
    (body) => /fail/iu.test(body) && body.includes("#2"),
  );
}

async function serviceUnchanged(world: World, found: Partial<Found>): Promise<string> {
  return await serviceRunsDigest(world, found);
}

async function chatMessage(
  messages: readonly { readonly body: string }[],
  what: string,
  isWanted: (body: string) => boolean,
): Promise<string> {
  const { body } = await until(`the chat is told of ${what}`, () =>
    messages.find((message) => message.body.includes(PROJECT) && isWanted(message.body)),
  );
  return body.length > 160 ? `${body.slice(0, 160)}…` : body;
}
