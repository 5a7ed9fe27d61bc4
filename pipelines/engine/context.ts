import type {
  EffectId,
  RegistryUse,
  Result,
  SecretRef,
  SessionOpened,
  StageState,
  Stored,
} from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Value } from "../interpreter/values.ts";
import type { PodScope } from "./pod.ts";
import type { TimerScope } from "./scheduler.ts";

/** Variables that a block adds to what its steps see. */
export type EnvLayer = {
  readonly parent: EnvLayer | null;
  readonly values: ReadonlyMap<string, string>;
  /** The values are secrets: an exec gets them by reference. */
  readonly isSecret: boolean;
};

/** The agent a flow is in. `outward` remembers acts that forbid running its block again by ourselves. */
export type SessionScope = {
  readonly id: EffectId;
  readonly container: string;
  readonly opened: SessionOpened;
  /** Environment of the container that steps run in. */
  readonly env: Readonly<Record<string, string>>;
  readonly label: string | null;
  readonly acts: { outward: number };
};

/** The stage a flow is in. `worst` gathers what catchError, unstable and junit recorded inside. */
export type StageScope = {
  readonly path: string;
  readonly name: string;
  readonly parent: StageScope | null;
  readonly children: { count: number };
  worst: Result;
  state: StageState;
};

/** An `environment { }` in the making: its values may name each other in any order. */
export type EnvBlock = {
  /** Is this a name of the block that can be asked for now? */
  readonly has: (name: string) => boolean;
  readonly read: (name: string) => Flow<Value>;
};

/** What a step sees, and a block may change for the steps inside. Never changed in place. */
export type Context = {
  readonly layers: EnvLayer | null;
  readonly session: SessionScope | null;
  readonly cwd: string;
  readonly stage: StageScope | null;
  readonly timers: readonly TimerScope<Context, Value>[];
  readonly secrets: readonly SecretRef[];
  readonly registry: RegistryUse | null;
  /** Files that the `tee { }` around append to, outermost first, absolute in their session. */
  readonly tees: readonly { readonly session: EffectId; readonly path: string }[];
  /** The `podTemplate { }` around. */
  readonly pod: PodScope | null;
  readonly inParallel: boolean;
  /** True inside `pipeline { }`: an agent none there has its own message. */
  readonly isDeclarative: boolean;
  /** The `environment { }` whose values are being worked out. */
  readonly envBlock: EnvBlock | null;
};

/** A variable as an exec needs it. */
export type EffectiveVariable = { readonly value: string; readonly isSecret: boolean };

/**
 * The whole environment: what the container has, what the build adds, then the layers from outside in. An empty value in
 * a layer takes a variable away, `X+NAME` puts a value in front of X.
 */
export function effectiveEnv(
  base: Readonly<Record<string, string>>,
  build: Iterable<readonly [string, string]>,
  layers: EnvLayer | null,
): Map<string, EffectiveVariable> {
  const found = new Map<string, EffectiveVariable>();
  for (const [name, value] of Object.entries(base)) found.set(name, { value, isSecret: false });
  for (const [name, value] of build) found.set(name, { value, isSecret: false });
  for (const layer of outsideIn(layers)) addLayer(found, layer);
  return found;
}

function addLayer(found: Map<string, EffectiveVariable>, layer: EnvLayer): void {
  for (const [name, value] of layer.values) {
    const plus = name.indexOf("+");
    if (plus > 0) {
      const target = name.slice(0, plus);
      const before = found.get(target);
      const joined = before === undefined || before.value === "" ? value : `${value}:${before.value}`;
      found.set(target, { value: joined, isSecret: false });
    } else if (value === "" && !layer.isSecret) found.delete(name);
    else found.set(name, { value, isSecret: layer.isSecret });
  }
}

function outsideIn(layer: EnvLayer | null): EnvLayer[] {
  const layers: EnvLayer[] = [];
  for (let at = layer; at !== null; at = at.parent) layers.push(at);
  return layers.reverse();
}

/** The innermost layer's value of a name, which `env.X = …` cannot override; undefined when no layer has it. */
export function layerValue(layers: EnvLayer | null, name: string): string | undefined {
  for (let at = layers; at !== null; at = at.parent) {
    const value = at.values.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Values at rest that a script may have handed over as text or as a list of texts. */
export function textsIn(stored: Stored): string[] {
  if (typeof stored === "string") return [stored];
  return Array.isArray(stored) ? stored.filter((item): item is string => typeof item === "string") : [];
}
