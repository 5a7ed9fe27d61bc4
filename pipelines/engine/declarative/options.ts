import type { Flow } from "../../interpreter/flow.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Setting } from "../../model/pipeline.ts";
import { bindArguments } from "../../steps/arguments.ts";
import { findStep } from "../../steps/catalogue.ts";
import { runStep } from "../invoke.ts";
import { argument, argumentsOf, siteOf, type PipelineFlags, type World } from "./world.ts";

/** Runs `body` inside those options that are blocks (timeout, retry, lock …), in the order written. */
export function* withOptions(
  world: World,
  options: readonly Setting[],
  body: () => Flow<Value>,
): Flow<Value> {
  const [option, ...rest] = options;
  if (option === undefined) return yield* body();
  const step = findStep(option.name);
  if (step === undefined || step.isOption !== true) return yield* withOptions(world, rest, body);
  const { bound } = bindArguments(step, yield* argumentsOf(world, option), (value) =>
    world.run.textOf(value),
  );
  const inner = (): Flow<Value> => withOptions(world, rest, body);
  return yield* runStep(world.run, step, bound, inner, siteOf(world, option.span));
}

/** Reads the options that change how stages run. */
export function* readFlags(world: Omit<World, "flags">): Flow<PipelineFlags> {
  const { options } = world.pipeline;
  const dir = yield* checkoutDir(world, options);
  return {
    skipDefaultCheckout: (yield* skipsCheckout(world, options)) ?? false,
    checkoutDir: dir ?? "",
    failFast: options.some((option) => option.name === "parallelsAlwaysFailFast"),
    skipAfterUnstable: options.some((option) => option.name === "skipStagesAfterUnstable"),
    containerPerStage: options.some((option) => option.name === "newContainerPerStage"),
  };
}

const NO_FLAGS: PipelineFlags = {
  skipDefaultCheckout: false,
  checkoutDir: "",
  failFast: false,
  skipAfterUnstable: false,
  containerPerStage: false,
};

/** `skipDefaultCheckout()`: undefined when these options do not say. */
export function* skipsCheckout(
  world: Omit<World, "flags">,
  options: readonly Setting[],
): Flow<boolean | undefined> {
  const option = options.find((candidate) => candidate.name === "skipDefaultCheckout");
  if (option === undefined) return undefined;
  const whole = { ...world, flags: NO_FLAGS };
  const value = (yield* argument(whole, option, "skipDefaultCheckout", "skipDefaultCheckout")) ?? true;
  return value !== false && world.run.textOf(value) !== "false";
}

/** `checkoutToSubdirectory('d')`; undefined when these options do not say. */
export function* checkoutDir(
  world: Omit<World, "flags">,
  options: readonly Setting[],
): Flow<string | undefined> {
  const option = options.find((candidate) => candidate.name === "checkoutToSubdirectory");
  if (option === undefined) return undefined;
  const value = yield* argument({ ...world, flags: NO_FLAGS }, option, "subdirectory", "subdirectory");
  return value === undefined || value === null ? undefined : world.run.textOf(value);
}
