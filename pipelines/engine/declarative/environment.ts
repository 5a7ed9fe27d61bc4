import type { Flow } from "../../interpreter/flow.ts";
import { illegalArgument } from "../../interpreter/thrown.ts";
import type { EnvironmentEntry } from "../../model/pipeline.ts";
import type { Value } from "../../interpreter/values.ts";
import type { WantedSecret } from "../../ports.ts";
import type { EnvBlock } from "../context.ts";
import { storedErrorOf } from "../convert.ts";
import { bindSecrets } from "../credentials.ts";
import { siteOf, textOf, type World } from "./world.ts";

/** Runs `body` with the variables of an `environment { }`: secrets first, then values, which may name each other. */
export function* withEnvironment(
  world: World,
  entries: readonly EnvironmentEntry[],
  body: () => Flow<Value>,
): Flow<Value> {
  const [first] = entries;
  if (first === undefined) return yield* body();
  const { run } = world;
  const block = createBlock(world, entries);
  const wanted: WantedSecret[] = [];
  for (const entry of entries) {
    const { credentialsId } = entry;
    if (credentialsId === undefined) continue;
    const secret = yield* run.within({ envBlock: block }, () => textOf(world, credentialsId));
    wanted.push({ secret, kind: null, variables: { text: entry.name } });
  }
  const secrets = wanted.length === 0 ? {} : yield* bindSecrets(run, wanted, siteOf(world, first.span));
  return yield* run.within(secrets, function* () {
    const values = new Map<string, string>();
    yield* run.within({ envBlock: block }, function* () {
      for (const entry of entries)
        if (entry.credentialsId === undefined) values.set(entry.name, yield* evaluated(block, entry.name));
    });
    run.print("[Pipeline] withEnv");
    try {
      return yield* run.block(null, () => run.withVariables(values, body));
    } finally {
      run.print("[Pipeline] // withEnv");
    }
  });
}

/** Values are worked out when first asked for, in whatever order they stand; while X is worked out, X is the outer one. */
function createBlock(world: World, entries: readonly EnvironmentEntry[]): EnvBlock {
  const done = new Map<string, string>();
  const working = new Set<string>();
  const block: EnvBlock = {
    has: (name) =>
      !working.has(name) && entries.some((entry) => entry.name === name && entry.credentialsId === undefined),
    *read(name) {
      const known = done.get(name);
      if (known !== undefined) return known;
      const entry = entries.find((candidate) => candidate.name === name);
      if (entry === undefined) return null;
      working.add(name);
      try {
        const text = yield* world.run.within({ envBlock: block }, () => textOf(world, entry.value));
        done.set(name, text);
        return text;
      } finally {
        working.delete(name);
      }
    },
  };
  return block;
}

function* evaluated(block: EnvBlock, name: string): Flow<string> {
  try {
    const value = yield* block.read(name);
    return typeof value === "string" ? value : "null";
  } catch (error) {
    if (storedErrorOf(error)?.class === "java.lang.NullPointerException")
      throw illegalArgument(`One or more variables have some issues with their values: ${name}`);
    throw error;
  }
}
