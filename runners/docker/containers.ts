import { RunnerFailure } from "../failure.ts";
import { createOptions } from "./create-options.ts";
import type { ContainerPlan } from "./create-options.ts";
import { asFailure, statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** The label that proves a container ours: names and other labels could be anybody's. */
export const NONCE_LABEL = "sluice.nonce";
export const INSTANCE_LABEL = "sluice.instance";
export const SESSION_LABEL = "sluice.session";

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
    throw asFailure("create", error);
  }
}

/**
 * Starts a created container. An engine without its init program refuses at this point: then `again` makes the container
 * without one, and zombies stay until the end.
 */
export async function startOrAgain(
  engine: Engine,
  id: string,
  again: () => Promise<string>,
): Promise<{ id: string; init: boolean }> {
  try {
    await engine.start(id);
    return { id, init: true };
  } catch (error) {
    if (!(error instanceof RunnerFailure) || !/docker-init/.test(error.message)) throw error;
    await engine.remove(id);
    const second = await again();
    await engine.start(second);
    return { id: second, init: false };
  }
}

async function create(engine: Engine, plan: ContainerPlan): Promise<string> {
  const made = await engine.docker.createContainer(createOptions(plan));
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
