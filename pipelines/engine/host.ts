import type { Eventual, Flow } from "../interpreter/flow.ts";
import {
  flatArguments,
  type CallArguments,
  type Host,
  type HostObject,
  type Reading,
} from "../interpreter/host.ts";
import { exception, illegalArgument, type Site, type ThrownValue } from "../interpreter/thrown.ts";
import { ClosureValue, LongValue, MapValue, type Value } from "../interpreter/values.ts";
import { STEPS, findStep } from "../steps/catalogue.ts";
import { passedOver } from "../steps/passed-over.ts";
import { insteadOf, nearestStep } from "../steps/unavailable.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Run } from "./build.ts";
import { toValue } from "./convert.ts";
import { runPipeline } from "./declarative/pipeline.ts";
import { invokeStep } from "./invoke.ts";
import type { Libraries } from "./libraries.ts";
import { LIMITS } from "./limits.ts";
import { callOfMetaStep } from "./meta-step.ts";
import { CurrentBuildObject } from "./objects/current-build.ts";
import { Description } from "./objects/description.ts";
import { DockerObject } from "./objects/docker.ts";
import { EnvObject } from "./objects/env.ts";
import { ScmObject } from "./objects/scm.ts";
import { StepsObject } from "./objects/steps.ts";
import { SYMBOLS } from "./symbols.ts";

/** What the language sees of the build: steps, symbols, library functions, `env` and its like. */
export function createHost(
  run: Run,
  libraries: Libraries,
  pipelineAt: (site: Site) => Pipeline | undefined,
): Host {
  const objects = new Map<string, HostObject>([
    ["env", new EnvObject(run)],
    ["currentBuild", new CurrentBuildObject(run)],
    ["docker", new DockerObject(run)],
  ]);
  if (run.head.hasScm) objects.set("scm", new ScmObject(run.head));

  const callFunction = (name: string, args: CallArguments, site: Site): Eventual | undefined => {
    if (name === "pipeline") return startPipeline(run, pipelineAt(site), args, site);
    const library = libraries.call(name, args, site);
    if (library !== undefined) return library;
    if (name === "println") return printed(run, args, site);
    if (name === "evaluate") return evaluateText(run, args, site);
    if (name === "step") {
      const meant = callOfMetaStep(args, (value) => run.textOf(value));
      if (meant !== undefined) return callFunction(meant.name, meant.args, site);
    }
    const step = findStep(name);
    if (step !== undefined) return invokeStep(run, step, args, site);
    const reason = passedOver(name);
    if (reason !== undefined) return passOver(run, name, reason, args);
    return SYMBOLS.has(name) ? describe(run, name, args) : undefined;
  };
  objects.set("steps", new StepsObject(callFunction));

  return {
    callFunction,
    readName(name) {
      const object = objects.get(name);
      if (object !== undefined) return object;
      if (name === "params") return run.params;
      const { envBlock } = run.context;
      if (envBlock?.has(name) === true) return envBlock.read(name);
      const library = libraries.object(name);
      if (library !== undefined) return library;
      const variable = run.variable(name);
      if (variable !== undefined) return variable;
      return envBlock === null ? undefined : (run.params.get(name) ?? null);
    },
    assignName: () => false,
    missingFunction: (name, args, site) => missing(name, args, site),
    read: (reading, site) => readWorld(run, reading, site),
    print(text) {
      run.evaluator.meter.tick(LIMITS.stepCost);
      run.print("[Pipeline] echo");
      run.print(text.replace(/\n$/, ""));
    },
  };
}

/** `evaluate(text)`: Groovy made at run time, with the variables of the script. */
function evaluateText(run: Run, args: CallArguments, site: Site): Flow<Value> {
  const { program, problem } = run.parse(run.textOf(args.positional[0] ?? ""));
  if (problem !== null)
    throw exception(
      "org.codehaus.groovy.control.MultipleCompilationErrorsException",
      `startup failed:\n${problem}`,
      site,
    );
  const { evaluator, script } = run;
  return evaluator.runScript(
    script === null ? evaluator.load(program, "Script1") : evaluator.load(program, "Script1", script),
  );
}

function* passOver(run: Run, name: string, reason: string, args: CallArguments): Flow<Value> {
  run.print(`[Pipeline] ${name}`);
  run.print(`WARNING: ${name} is passed over: ${reason}`);
  const body = args.positional.at(-1);
  return body instanceof ClosureValue ? yield* run.evaluator.callClosure(body) : null;
}

function startPipeline(
  run: Run,
  pipeline: Pipeline | undefined,
  args: CallArguments,
  site: Site,
): Flow<Value> {
  const [closure] = args.positional;
  if (pipeline === undefined || !(closure instanceof ClosureValue))
    throw illegalArgument("pipeline { } must be written out in the file");
  return runPipeline(run, pipeline, closure, site);
}

function printed(run: Run, args: CallArguments, site: Site): Flow<Value> {
  const echo = findStep("echo");
  if (echo === undefined) throw new Error("there is no step echo");
  const [value = ""] = args.positional;
  return invokeStep(run, echo, { named: null, positional: [run.textOf(value)] }, site);
}

function describe(run: Run, name: string, args: CallArguments): Value {
  const fields = new MapValue();
  if (args.named !== null)
    for (const entry of args.named.entries.values()) fields.set(run.textOf(entry.entryKey), entry.value);
  const [first] = args.positional;
  if (first !== undefined) fields.set("value", first);
  return new Description(name, fields);
}

function* readWorld(run: Run, reading: Reading, site: Site): Flow<Value> {
  const op = reading === "seed" ? "random" : reading;
  const stored = yield* run.effect({
    kind: "read",
    name: op,
    args: null,
    request: { kind: "read", op },
    policy: "repeat",
    stepNo: null,
    site,
  });
  if (reading === "uuid") return toValue(stored);
  return new LongValue(BigInt(typeof stored === "number" ? Math.trunc(stored) : 0));
}

/** A function nobody knows: Jenkins' own words, then what to do about it. */
function missing(name: string, args: CallArguments, site: Site): ThrownValue {
  const instead = insteadOf(name);
  if (instead !== undefined)
    return exception(
      "java.lang.NoSuchMethodError",
      `No such DSL method '${name}': the step ${name} of Jenkins is not available; ${instead}`,
      site,
    );
  const near = nearestStep(name);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  const names = STEPS.map((step) => step.name).toSorted();
  const count = flatArguments(args).length;
  return exception(
    "java.lang.NoSuchMethodError",
    `No such DSL method '${name}' found among steps [${names.join(", ")}] or symbols [${[...SYMBOLS].join(", ")}] or globals [currentBuild, docker, env, params, pipeline, scm] (called with ${count} argument${count === 1 ? "" : "s"})${hint}`,
    site,
  );
}
