import { parseAllDocuments } from "yaml";
import { ListValue, MapValue, type Value } from "../interpreter/values.ts";
import type { AgentContainer, Stored } from "../ports.ts";
import { fieldOf, isList, textIn } from "./convert.ts";
import { Description } from "./objects/description.ts";

/** A `podTemplate { }` around a flow: its containers, started beside the agent when they are first entered. */
export type PodScope = {
  /** The label by which `node` asks for this pod. */
  readonly label: string;
  readonly containers: ReadonlyMap<string, AgentContainer>;
  /** Containers at work, by session and name. */
  readonly started: Map<string, { readonly name: string; readonly env: Readonly<Record<string, string>> }>;
};

/** What a pod says of one container, as far as it means something to Docker. */
export type PodContainer = {
  readonly name: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
};

/** The containers of a pod, whether its volumes hold Docker's socket, and what is left out. */
export type PodContent = {
  readonly containers: readonly PodContainer[];
  readonly hasDocker: boolean;
  readonly leftOut: readonly string[];
};

const SOCKET = "/var/run/docker.sock";

/** The arguments `containers`, `volumes` and `envVars` of `podTemplate`. */
export function readPodArguments(
  lists: {
    readonly containers: readonly Value[];
    readonly volumes: readonly Value[];
    readonly env: readonly Value[];
  },
  textOf: (value: Value) => string,
): PodContent {
  const env = envOf(lists.env, textOf);
  const leftOut: string[] = [];
  let hasDocker = false;
  for (const volume of lists.volumes) {
    const path = text(volume, "hostPath", textOf);
    if (path === SOCKET) hasDocker = true;
    else leftOut.push(`the volume at ${text(volume, "mountPath", textOf)}`);
  }
  const containers = lists.containers.map((value) => ({
    name: text(value, "name", textOf),
    image: text(value, "image", textOf),
    env: { ...env, ...envOf(listOf(field(value, "envVars")), textOf) },
  }));
  return { containers, hasDocker, leftOut };
}

function envOf(variables: readonly Value[], textOf: (value: Value) => string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const variable of variables) {
    const name = text(variable, "key", textOf);
    // Those of a secret have no value in the file.
    if (name !== "" && field(variable, "value") !== null) found[name] = text(variable, "value", textOf);
  }
  return found;
}

function field(value: Value, name: string): Value {
  if (value instanceof Description) return value.field(name);
  return value instanceof MapValue ? (value.get(name) ?? null) : null;
}

function text(value: Value, name: string, textOf: (value: Value) => string): string {
  const found = field(value, name);
  return found === null ? "" : textOf(found);
}

function listOf(value: Value): readonly Value[] {
  return value instanceof ListValue ? value.items : [];
}

/** A pod written in YAML, as Kubernetes has it; null when it is none. */
export function readPodYaml(yaml: string): PodContent | null {
  const [document] = parseAllDocuments(yaml);
  if (document === undefined || document.errors.length > 0) return null;
  const pod: Stored = JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 })) ?? "null");
  const spec = fieldOf(pod, "spec");
  const containers = items(fieldOf(spec, "containers")).map((one) => ({
    name: textIn(fieldOf(one, "name")),
    image: textIn(fieldOf(one, "image")),
    env: Object.fromEntries(
      items(fieldOf(one, "env")).flatMap((variable) => {
        const value = fieldOf(variable, "value");
        // What has a valueFrom instead is known to a cluster only.
        return typeof value !== "string" && typeof value !== "number"
          ? []
          : [[textIn(fieldOf(variable, "name")), String(value)]];
      }),
    ),
  }));
  const volumes = items(fieldOf(spec, "volumes"));
  const isSocket = (volume: Stored): boolean =>
    textIn(fieldOf(fieldOf(volume, "hostPath"), "path")) === SOCKET;
  return {
    containers,
    hasDocker: volumes.some(isSocket),
    leftOut: volumes
      .filter((volume) => !isSocket(volume))
      .map((volume) => `the volume ${textIn(fieldOf(volume, "name"))}`),
  };
}

function items(value: Stored): readonly Stored[] {
  return isList(value) ? value : [];
}
