import { setTimeout as pause } from "node:timers/promises";
import { Deployment } from "../../../server/http/contract/deployments.ts";
import { problemCode } from "../../../test/support/api.ts";
import { ENVIRONMENTS, REGISTRY_LABEL } from "../settings.ts";
import type { Expected, Order, Planned, Shape, Watched } from "../shape.ts";

/** An image is built and pushed: the registry has what the build says. */
export const image: Shape = { name: "image", weight: 7, plan: planImage };

/** An image is built, pushed and deployed after a person's click: written to the Swarm exactly once. */
export const release: Shape = { name: "deploy", weight: 10, plan: planRelease };

const AGAIN_MS = 500;
const OVER: readonly string[] = ["succeeded", "failed", "withdrawn", "rolled_back", "rollback_failed"];

function files({ n }: Order): Record<string, string> {
  return { Dockerfile: "FROM sluice-demo/busybox:1\nCOPY page /page\n", page: `page ${n}\n` };
}

function push({ n, project, world }: Order): string {
  return `script { docker.withRegistry('http://${world.registry.host}', 'registry') { docker.build('${project}/web:n${n}').push() } }`;
}

function planImage(order: Order): Planned {
  return {
    jenkinsfile: `pipeline {
  agent { label '${REGISTRY_LABEL}' }
  stages { stage('Image') { steps { ${push(order)} } } }
}
`,
    files: files(order),
    expected: { state: "succeeded" },
    check: async (watched) => await checkImage(watched),
  };
}

function planRelease(order: Order): Planned {
  const { n, random } = order;
  const environment = random.pick(ENVIRONMENTS);
  const decision = random.next() < 0.8 ? "approve" : "reject";
  return {
    jenkinsfile: `pipeline {
  agent none
  stages {
    stage('Image') { agent { label '${REGISTRY_LABEL}' }; steps { ${push(order)} } }
    stage('Deploy') { steps { deploy environment: '${environment}', env: [CAMPAIGN: '${n}'] } }
  }
}
`,
    files: files(order),
    attend: async (watched) => await decide(watched, decision),
    expected: { state: "succeeded" },
    check: async (watched) => await checkImage(watched),
    checkAnyEnd: async (watched) => await checkWrites(watched),
  };
}

/** The digest at the registry is the one that the build reports. */
async function checkImage({ order, latest }: Watched): Promise<string[]> {
  const { n, project, world } = order;
  const digest = await world.digestOf(`${project}/web`, `n${n}`);
  const reported = latest().artifacts.filter(({ kind }) => kind === "image");
  if (digest === undefined) return [`the registry has no ${project}/web:n${n}`];
  const [first] = reported;
  if (reported.length !== 1 || first?.digest !== digest)
    return [
      `the registry has ${digest}, the build reports ${reported.map((one) => one.digest).join(", ") || "no image"}`,
    ];
  return [];
}

/** A click, again whenever the gate shows a new plan or the target could not be looked at, and a look at what is unknown. */
async function decide(watched: Watched, decision: "approve" | "reject"): Promise<Expected | undefined> {
  const { person, buildId } = watched;
  if (!(await watched.until(({ waits }) => waits.some((wait) => wait.gate !== null)))) return undefined;
  const [open] = await person.openGates(buildId);
  if (open === undefined) throw new Error("it waits at a gate that is not in the list of open ones");
  for (;;) {
    const { planHash, state } = await person.gate(open.id);
    if (state !== "open") throw new Error(`the gate is ${state} before anybody has decided`);
    if (!(await isTaken(watched, { gate: open.id, planHash, decision }))) continue;
    if (decision === "reject") return { state: "aborted", fault: "person" };
    if (open.deployment === null || !(await isAskedAgain(watched, open.deployment, open.id)))
      return undefined;
  }
}

/** One click; false where another deployment has changed what the plan was made from. */
async function isTaken(
  { person }: Watched,
  click: { readonly gate: number; readonly planHash: string | null; readonly decision: string },
): Promise<boolean> {
  const { gate, planHash, decision } = click;
  const answer = await person.ask("POST", `/gates/${gate}/decision`, { decision, planHash });
  if (answer.status === 200) return true;
  if (answer.status === 409 && problemCode(answer) === "plan_stale") return false;
  throw new Error(`"${decision}" was answered ${answer.status}: ${answer.text}`);
}

/**
 * Looks after an approved deployment to its end; who is told that an outcome is unknown says: look again. True when the
 * gate is open once more: another deployment had its turn before.
 */
async function isAskedAgain(
  { person, hasEnded }: Watched,
  deployment: number,
  gate: number,
): Promise<boolean> {
  for (;;) {
    const { state } = await person.read(Deployment, `/deployments/${deployment}`);
    if (OVER.includes(state) || hasEnded()) return false;
    if (state === "pending" && (await person.gate(gate)).state === "open") return true;
    if (state === "unknown")
      await person.ask("POST", `/deployments/${deployment}/resolve`, { as: "look", reason: "campaign" });
    await pause(AGAIN_MS);
  }
}

/** What was approved was written exactly once, and nothing else was. */
async function checkWrites({ order, person, latest }: Watched): Promise<string[]> {
  const writes = order.world.swarmHost.proxy.updates.filter((body) =>
    body.includes(`"CAMPAIGN=${order.n}"`),
  ).length;
  const wrong: string[] = [];
  let approved = 0;
  for (const id of latest().deployments) {
    const { approvedBy, state, reason } = await person.read(Deployment, `/deployments/${id}`);
    if (approvedBy === null) continue;
    approved += 1;
    // Whether its build may end for that reason is judged with the build.
    const isOfBuild = reason !== null && reason.code === latest().reason?.code;
    if (state !== "succeeded" && !isOfBuild) wrong.push(`deployment ${id} was approved and is ${state}`);
  }
  if (writes !== approved) wrong.push(`${approved} approvals, and ${writes} writes at the Swarm`);
  return wrong;
}
