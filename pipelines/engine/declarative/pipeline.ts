import type { Flow } from "../../interpreter/flow.ts";
import { exception, type Site } from "../../interpreter/thrown.ts";
import { MapValue, type ClosureValue, type Value } from "../../interpreter/values.ts";
import type { Pipeline, Setting } from "../../model/pipeline.ts";
import type { ParameterDefinition, Stored } from "../../ports.ts";
import type { Run } from "../build.ts";
import { toStored } from "../convert.ts";
import { Description } from "../objects/description.ts";
import { applyParameters, definitionOf } from "../parameters.ts";
import { inStage } from "../stages.ts";
import { withAgent } from "./agent.ts";
import { withEnvironment } from "./environment.ts";
import { readFlags, withOptions } from "./options.ts";
import { runPost } from "./post.ts";
import { wrongTrigger } from "../../triggers/specs.ts";
import { errorOf, runStages } from "./stages.ts";
import { withTools } from "./tools.ts";
import { argumentsOf, type World } from "./world.ts";

/** Runs `pipeline { … }`. Its closure is never called: the model says what is in it, the closure in which scope. */
export function* runPipeline(run: Run, pipeline: Pipeline, scope: ClosureValue, site: Site): Flow<Value> {
  if (run.hasPipelineRun)
    throw exception(
      "java.lang.IllegalStateException",
      "Only one pipeline { ... } block can be executed in a single run.",
      site,
    );
  run.hasPipelineRun = true;
  return yield* run.within({ isDeclarative: true }, function* () {
    const start = { run, pipeline, scope, file: site.file };
    const world: World = { ...start, flags: yield* readFlags(start) };
    yield* applySettings(world);
    const post = { isDone: false };
    let error = yield* errorOf(() => wrapped(world, post));
    // Something outside failed (agent, secret, environment): post runs bare, on no agent.
    if (!post.isDone && error !== null) error = yield* pipelinePost(world, error);
    if (error !== null) throw error;
    return null;
  });
}

function* wrapped(world: World, post: { isDone: boolean }): Flow<Value> {
  const { pipeline, flags } = world;
  const checkout = flags.skipDefaultCheckout ? null : { dir: flags.checkoutDir };
  return yield* withAgent(world, pipeline.agent, { checkout, isRoot: true }, () =>
    withEnvironment(world, pipeline.environment, () =>
      withOptions(world, pipeline.options, () =>
        withTools(world, pipeline.tools, function* () {
          const error = yield* runStages(world, pipeline.stages, true);
          post.isDone = true;
          const last = yield* pipelinePost(world, error);
          if (last !== null) throw last;
          return null;
        }),
      ),
    ),
  );
}

function* pipelinePost(world: World, error: unknown): Flow<unknown> {
  const { run, pipeline } = world;
  if (pipeline.post.length === 0) return error;
  return yield* runPost(world, pipeline.post, { error, stage: null }, function* (body) {
    run.print("[Pipeline] stage");
    yield* inStage(run, "Declarative: Post Actions", body);
    run.print("[Pipeline] // stage");
  });
}

function* applySettings(world: World): Flow<void> {
  const { run, pipeline } = world;
  const definitions: ParameterDefinition[] = [];
  for (const setting of pipeline.parameters) {
    const args = yield* argumentsOf(world, setting);
    definitions.push(
      definitionOf(new Description(setting.name, args.named ?? new MapValue()), (value) => run.textOf(value)),
    );
  }
  applyParameters(run, definitions);
  const properties: { name: string; args: Stored }[] = [];
  for (const option of pipeline.options)
    properties.push({ name: option.name, args: yield* storedArguments(world, option) });
  const triggers: { name: string; args: Stored }[] = [];
  for (const trigger of pipeline.triggers)
    triggers.push({ name: trigger.name, args: yield* storedArguments(world, trigger) });
  const wrong = wrongTrigger(triggers);
  if (wrong !== null) throw exception("java.lang.IllegalArgumentException", wrong);
  // A file that says nothing any more takes back what it said before.
  const saysNothing = definitions.length + properties.length + triggers.length === 0;
  if (!saysNothing || run.head.changes.includes("settings-said-always"))
    run.scheduler.mark({ kind: "settings", parameters: definitions, properties, triggers });
}

function* storedArguments(world: World, setting: Setting): Flow<Stored> {
  const { named, positional } = yield* argumentsOf(world, setting);
  const store = (value: Value): Stored =>
    toStored(
      value,
      (inner) => world.run.textOf(inner),
      () => {
        throw exception("java.lang.IllegalArgumentException", `${setting.name} takes plain values`);
      },
    );
  if (named === null) return positional.length === 1 ? store(positional[0] ?? null) : positional.map(store);
  const fields: Record<string, Stored> = {};
  for (const entry of named.entries.values()) fields[world.run.textOf(entry.entryKey)] = store(entry.value);
  return fields;
}
