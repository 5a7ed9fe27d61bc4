import { RunnerFailure } from "../failure.ts";
import { createOptions } from "./create-options.ts";
import type { ContainerPlan, Lack } from "./create-options.ts";
import { CREATE_DEADLINE_MS, statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** The label that proves a container ours: names and other labels could be anybody's. */
export const NONCE_LABEL = "sluice.nonce";
export const INSTANCE_LABEL = "sluice.instance";
export const SESSION_LABEL = "sluice.session";
/** Whose session it is: two runners of one server may share an engine, and neither may sweep the other's. */
export const RUNNER_LABEL = "sluice.runner";

/**
 * Makes the container of a plan, or finds the one that an earlier process made for the same plan.
 * Returns its id; it is not started.
 */
export async function createOrAdopt(engine: Engine, plan: ContainerPlan): Promise<string> {
  try {
    return await create(engine, plan);
  } catch (error) {
    if (statusOf(error) === 409) return adopt(engine, plan);
    if (statusOf(error) === 404) {
      throw new RunnerFailure(
        "image_missing",
        "file",
        `there is no image ${plan.image} on the runner`,
        error,
      );
    }
    throw error;
  }
}

/**
 * Makes and starts the container of a plan. What the engine turns out to lack is left out, for this and later containers;
 * `say` hears of it. Gives the id.
 */
export async function createAndStart(
  engine: Engine,
  plan: ContainerPlan,
  made: (id: string) => void,
  say: (text: string) => void,
): Promise<string> {
  // Of this container: others may find the same out meanwhile, and one that is adopted was made without knowing.
  const found = new Set<Lack>();
  for (;;) {
    const id = await createOrAdopt(engine, { ...plan, lacks: engine.lacks });
    made(id);
    try {
      await engine.start(id);
      return id;
    } catch (error) {
      const lack = lackIn(error);
      if (lack === null || found.has(lack)) throw error;
      found.add(lack);
      engine.lacks.add(lack);
      say(LACKS[lack]);
      await engine.remove(id);
    }
  }
}

const LACKS = {
  init: "The Docker Engine has no docker-init: ended background processes stay until the container ends\n",
  "file-limit": "The Docker Engine may not set the number of open files: its own limit holds\n",
} as const;

function lackIn(error: unknown): Lack | null {
  if (!(error instanceof RunnerFailure)) return null;
  if (error.message.includes("docker-init")) return "init";
  return /rlimit type 7|rlimits? for ready process|RLIMIT_NOFILE/i.test(error.message) ? "file-limit" : null;
}

async function create(engine: Engine, plan: ContainerPlan): Promise<string> {
  const options = createOptions(plan);
  const made = await engine.call(
    "docker.createContainer",
    (docker) => docker.createContainer(options),
    CREATE_DEADLINE_MS,
  );
  return made.id;
}

async function adopt(engine: Engine, plan: ContainerPlan): Promise<string> {
  const found = await engine.inspect(plan.name);
  // Gone meanwhile: the name is free again.
  if (found === null) return create(engine, plan);
  if (found.labels[NONCE_LABEL] === plan.labels[NONCE_LABEL]) return found.id;
  const message = `a container named ${plan.name} exists and is not this session's`;
  throw new RunnerFailure("docker_refused", "sluice", message);
}
