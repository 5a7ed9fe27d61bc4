import type { AgentContainer, ContainerReady, EffectId, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Site } from "../interpreter/thrown.ts";
import type { Value } from "../interpreter/values.ts";
import type { Run } from "./build.ts";
import type { SessionScope } from "./context.ts";
import { fieldOf, textIn, variablesIn } from "./convert.ts";

/** Starts a container beside the agent's own, runs `body` and drops it. Role `inside`: steps of the body run in it. */
export function* withContainer(
  run: Run,
  session: SessionScope,
  want: {
    readonly container: AgentContainer;
    readonly role: "inside" | "run";
    readonly command: readonly string[];
  },
  site: Site,
  body: (ready: ContainerReady) => Flow<Value>,
): Flow<Value> {
  const started = yield* startContainer(run, session, want, site);
  try {
    if (want.role === "run") return yield* body(started.ready);
    const { opened } = session;
    const env = {
      ...started.ready.env,
      NODE_NAME: opened.node,
      NODE_LABELS: opened.labels,
      WORKSPACE: opened.workspace,
      WORKSPACE_TMP: opened.tmp,
    };
    return yield* run.within({ session: { ...session, container: started.name, env } }, () =>
      body(started.ready),
    );
  } finally {
    run.scheduler.leave({ kind: "container", id: started.id });
  }
}

/** Starts a container that stays until it is stopped or the session ends: dropped by its id, entered by its name. */
export function* startContainer(
  run: Run,
  session: SessionScope,
  want: {
    readonly container: AgentContainer;
    readonly role: "inside" | "run" | "service";
    readonly command: readonly string[];
  },
  site: Site,
): Flow<{ readonly id: EffectId; readonly name: string; readonly ready: ContainerReady }> {
  const stepNo = run.scheduler.nextStep();
  const { source } = want.container;
  const title = source.kind === "image" ? source.image : source.filename;
  let id: EffectId = "";
  const begin = run.scheduler.current.count + 1;
  const request = {
    kind: "container" as const,
    session: session.id,
    name: `c${run.scheduler.current.path}-${begin}`.replaceAll(".", "-"),
    role: want.role,
    container: want.container,
    command: want.command,
  };
  const args: Stored = { image: title, args: [...want.container.args], command: [...want.command] };
  try {
    const value = yield* run.effect(
      { kind: "container", name: "withDockerContainer", args, request, policy: "reattach", stepNo, site },
      (begun) => {
        id = begun;
        run.markStep(stepNo, "docker run", title, "running", begun);
        run.scheduler.mark({ kind: "log", stepNo });
      },
    );
    run.markStep(stepNo, "docker run", title, "succeeded", id);
    return { id, name: request.name, ready: readReady(value) };
  } catch (error) {
    run.markStep(stepNo, "docker run", title, "failed", id);
    if (id !== "") run.scheduler.leave({ kind: "container", id });
    throw error;
  }
}

function readReady(value: Stored): ContainerReady {
  const ports: Record<string, number> = {};
  const given = fieldOf(value, "ports");
  if (given !== null && typeof given === "object")
    for (const [port, at] of Object.entries(given)) if (typeof at === "number") ports[port] = at;
  const digest = fieldOf(value, "digest");
  return {
    id: textIn(fieldOf(value, "id")),
    digest: typeof digest === "string" ? digest : null,
    env: variablesIn(fieldOf(value, "env")),
    ports,
  };
}
