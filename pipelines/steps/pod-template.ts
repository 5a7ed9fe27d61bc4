import { startContainer } from "../engine/container.ts";
import { containerOf } from "../engine/objects/docker.ts";
import { type PodContent, type PodScope, readPodArguments, readPodYaml } from "../engine/pod.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

const NO_EFFECT = "Has no effect here: there is no cluster.";

const OF_A_CLUSTER = [
  "cloud",
  "inheritFrom",
  "namespace",
  "name",
  "serviceAccount",
  "serviceAccountName",
  "nodeSelector",
  "nodeUsageMode",
  "annotations",
  "imagePullSecrets",
  "idleMinutes",
  "idleMinutesStr",
  "instanceCap",
  "instanceCapStr",
  "slaveConnectTimeout",
  "slaveConnectTimeoutStr",
  "activeDeadlineSeconds",
  "activeDeadlineSecondsStr",
  "podRetention",
  "workspaceVolume",
  "workingDir",
  "yamlMergeStrategy",
  "inheritYamlMergeStrategy",
  "showRawYaml",
  "runAsUser",
  "runAsGroup",
  "hostNetwork",
  "supplementalGroups",
  "schedulerName",
  "supportsWorkspaces",
  "agentContainer",
  "agentInjection",
  "yamlFile",
];

/** Containers of a pod, as Docker containers beside the agent. */
export const podTemplate = step({
  name: "podTemplate",
  doc: "Names containers for the block: a node of this label is any agent, and container('x') runs its steps in a Docker container of that image beside it, with the same workspace. Of the volumes only Docker's socket is there; the rest of a pod means nothing here.",
  parameters: [
    optional("label", "string", "Label by which node asks for it; absent: POD_LABEL."),
    optional("containers", "list", "containerTemplate(name: …, image: …)."),
    optional(
      "volumes",
      "list",
      "hostPathVolume(hostPath: '/var/run/docker.sock', …); others are left out, saying so.",
    ),
    optional("envVars", "list", "envVar(key: …, value: …) of all containers."),
    optional("yaml", "string", "Or a pod in YAML, of which name, image and env of the containers are read."),
    ...OF_A_CLUSTER.map((name) => optional(name, "any", NO_EFFECT)),
  ],
  positional: null,
  block: "required",
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const { args, run } = call;
    const around = run.context.pod;
    const label = args.optionalText("label") ?? around?.label ?? "pod";
    const containers = new Map(around?.containers);
    for (const content of contentsOf(call)) {
      for (const what of content.leftOut)
        call.print(`WARNING: ${what} is left out: there is no cluster here`);
      const socket = content.hasDocker ? "-v /var/run/docker.sock:/var/run/docker.sock" : "";
      for (const { name, image, env } of content.containers)
        containers.set(name, { ...containerOf(run, image, socket), env });
    }
    const pod: PodScope = { label, containers, started: new Map() };
    const values = new Map([["POD_LABEL", label]]);
    return yield* call.body({ pod, layers: { parent: run.context.layers, values, isSecret: false } });
  },
});

function contentsOf(call: StepCall): PodContent[] {
  const { args, run } = call;
  const lists = {
    containers: args.list("containers"),
    volumes: args.list("volumes"),
    env: args.list("envVars"),
  };
  const contents = [readPodArguments(lists, (value) => run.textOf(value))];
  const yaml = args.optionalText("yaml");
  if (yaml === null || yaml === "") return contents;
  const read = readPodYaml(yaml);
  return read === null ? call.refuse("yaml is no pod in YAML") : [...contents, read];
}

/** A container of the pod around, for the steps of a block. */
export const container = step({
  name: "container",
  doc: "Runs the steps of the block in a container of the podTemplate around. It is started when it is first entered and stays until the agent is left.",
  parameters: [
    required("name", "string", "Name of the containerTemplate; jnlp is the agent itself."),
    optional("shell", "string", "Has no effect here."),
  ],
  positional: "name",
  block: "required",
  needsAgent: true,
  kind: "container",
  policy: "reattach",
  *behave(call) {
    const { run } = call;
    const { pod } = run.context;
    const name = call.args.text("name");
    const session = call.session();
    const wanted = pod?.containers.get(name);
    if (wanted === undefined && name === "jnlp") return yield* call.body();
    if (pod === null || wanted === undefined) {
      const known =
        pod === null
          ? "no podTemplate is around"
          : `there are ${[...pod.containers.keys()].join(", ") || "none"}`;
      return call.fail(
        `there is no container "${name}" here: ${known}. Without a pod use docker.image('…').inside { }`,
      );
    }
    const key = `${session.id} ${name}`;
    const known = pod.started.get(key);
    const want = { container: wanted, role: "inside" as const, command: [] };
    const started = known ?? (yield* startContainer(run, session, want, call.site));
    const env = known === undefined && "ready" in started ? started.ready.env : (known?.env ?? {});
    pod.started.set(key, { name: started.name, env });
    const { opened } = session;
    return yield* call.body({
      session: {
        ...session,
        container: started.name,
        env: {
          ...env,
          NODE_NAME: opened.node,
          NODE_LABELS: opened.labels,
          WORKSPACE: opened.workspace,
          WORKSPACE_TMP: opened.tmp,
        },
      },
    });
  },
});
