import type { AgentContainer, Scm, SessionOpened } from "../../ports.ts";
import type { Flow } from "../../interpreter/flow.ts";
import type { Value } from "../../interpreter/values.ts";
import { exception } from "../../interpreter/thrown.ts";
import { INSTEAD_OF_KUBERNETES, NO_KUBERNETES } from "../../model/agent.ts";
import type { Agent } from "../../model/pipeline.ts";
import { done } from "../../steps/step.ts";
import { withContainer } from "../container.ts";
import type { SessionScope } from "../context.ts";
import { ABORT } from "../stored-errors.ts";
import { registryUse } from "../objects/docker.ts";
import { withSession } from "../session.ts";
import { shellWords } from "../shell-words.ts";
import { inStage } from "../stages.ts";
import { siteOf, valueOf, type World } from "./world.ts";

/** What an agent says, evaluated. */
type Fields = ReadonlyMap<string, string>;

/** How the default checkout goes for this agent; null: none. */
export type Checkout = { readonly dir: string } | null;

/** The project's own repository at the build's commit. */
export function ownScm(dir: string): Scm {
  return {
    url: null,
    credential: null,
    sha: null,
    ref: null,
    dir,
    depth: null,
    tags: true,
    submodules: "no",
    lfs: false,
    sparse: [],
    localBranch: null,
    clean: false,
  };
}

/** Runs `body` on an agent. Without one, or with `none`, on whatever is around. */
export function* withAgent(
  world: World,
  agent: Agent | undefined,
  options: { readonly checkout: Checkout; readonly isRoot: boolean },
  body: () => Flow<Value>,
): Flow<Value> {
  if (agent === undefined) return yield* body();
  if (agent.type === "kubernetes")
    throw exception(ABORT, `${NO_KUBERNETES}: ${INSTEAD_OF_KUBERNETES}`, siteOf(world, agent.span));
  if (agent.type === "none")
    return options.isRoot ? yield* body() : yield* world.run.within({ session: null }, body);
  const fields = yield* readFields(world, agent);
  const container = containerFor(world, agent, fields);
  const { session } = world.run.context;
  if (container !== null && session !== null && fields.get("reuseNode") === "true")
    return yield* inContainer(world, agent, session, container, body);
  if (options.isRoot && container !== null && world.flags.containerPerStage)
    return yield* onNode(world, agent, fields, null, options, body);
  return yield* onNode(world, agent, fields, container, options, body);
}

/** Runs `body` in a fresh container of the root agent's image, on its node. */
export function* withFreshContainer(world: World, body: () => Flow<Value>): Flow<Value> {
  const { agent } = world.pipeline;
  const { session } = world.run.context;
  const container = containerFor(world, agent, yield* readFields(world, agent));
  if (session === null || container === null) return yield* body();
  return yield* inContainer(world, agent, session, container, body);
}

function* readFields(world: World, agent: Agent): Flow<Fields> {
  const fields = new Map<string, string>();
  for (const field of agent.fields) {
    const value = yield* valueOf(world, field.value);
    if (value !== null) fields.set(field.name, world.run.textOf(value));
  }
  return fields;
}

function containerFor(world: World, agent: Agent, fields: Fields): AgentContainer | null {
  if (agent.type !== "docker" && agent.type !== "dockerfile") return null;
  const url = fields.get("registryUrl") ?? "";
  const credential = fields.get("registryCredentialsId") ?? null;
  const registry = url === "" && credential === null ? null : registryUse(url, credential);
  const image = fields.get("image") ?? "";
  const isPrefixed =
    registry === null || registry.host === "docker.io" || image.startsWith(`${registry.host}/`);
  return {
    source:
      agent.type === "docker"
        ? { kind: "image", image: isPrefixed || registry === null ? image : `${registry.host}/${image}` }
        : {
            kind: "dockerfile",
            dir: fields.get("dir") ?? ".",
            filename: filenameOf(fields.get("filename")),
            buildArgs: shellWords(fields.get("additionalBuildArgs") ?? ""),
          },
    pull: fields.get("alwaysPull") === "true" ? "always" : "missing",
    args: shellWords(fields.get("args") ?? ""),
    env: {},
    registry,
  };
}

/** `dockerfile true` names no file. */
function filenameOf(written: string | undefined): string {
  return written === undefined || written === "true" || written === "" ? "Dockerfile" : written;
}

function* inContainer(
  world: World,
  agent: Agent,
  session: SessionScope,
  container: AgentContainer,
  body: () => Flow<Value>,
): Flow<Value> {
  const { run } = world;
  run.print("[Pipeline] withDockerContainer");
  try {
    const want = { container, role: "inside" as const, command: [] };
    return yield* withContainer(run, session, want, siteOf(world, agent.span), () => run.block(null, body));
  } finally {
    run.print("[Pipeline] // withDockerContainer");
  }
}

function* onNode(
  world: World,
  agent: Agent,
  fields: Fields,
  container: AgentContainer | null,
  options: { readonly checkout: Checkout; readonly isRoot: boolean },
  body: () => Flow<Value>,
): Flow<Value> {
  const { run } = world;
  const label = fields.get("label") ?? "";
  const { checkout } = options;
  const want = {
    label: label === "" ? run.head.settings.defaultLabel : label,
    workspace: fields.get("customWorkspace") ?? null,
    beside: null,
    checkout: checkout === null || !run.head.hasScm ? null : ownScm(checkout.dir),
    container,
    attempts: Number(fields.get("retries") ?? "1") || 1,
    title: titleOf(agent, fields),
  };
  run.print("[Pipeline] node");
  try {
    return yield* withSession(run, want, siteOf(world, agent.span), function* (opened) {
      run.print(`Running on ${opened.node} in ${opened.workspace}`);
      return yield* run.block(null, function* () {
        if (want.checkout !== null) yield* showCheckout(world, opened, options.isRoot);
        return yield* inMainContainer(world, container, body);
      });
    });
  } finally {
    run.print("[Pipeline] // node");
  }
}

function titleOf(agent: Agent, fields: Fields): string {
  switch (agent.type) {
    case "any":
      return "any agent";
    case "none":
      return "no agent";
    case "docker":
      return `docker ${fields.get("image") ?? ""}`;
    case "kubernetes":
      return "kubernetes";
    case "dockerfile":
      return `dockerfile ${filenameOf(fields.get("filename"))}`;
    case "label":
    case "node":
      return `agent ${fields.get("label") ?? ""}`;
  }
}

/** The runner has checked out already; the console and the page show it where Jenkins does. */
function* showCheckout(world: World, opened: SessionOpened, isRoot: boolean): Flow<void> {
  const { run } = world;
  const commit = opened.scm?.["GIT_COMMIT"];
  const show = (): void => {
    run.print("[Pipeline] checkout");
    if (commit !== undefined) run.print(`Checking out Revision ${commit}`);
  };
  if (!isRoot) return show();
  run.print("[Pipeline] stage");
  yield* inStage(run, "Declarative: Checkout SCM", () => {
    show();
    return done(null);
  });
  run.print("[Pipeline] // stage");
}

function* inMainContainer(
  world: World,
  container: AgentContainer | null,
  body: () => Flow<Value>,
): Flow<Value> {
  if (container === null) return yield* body();
  const { run } = world;
  run.print("[Pipeline] withDockerContainer");
  try {
    return yield* run.block(null, body);
  } finally {
    run.print("[Pipeline] // withDockerContainer");
  }
}
