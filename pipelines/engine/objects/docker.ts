import type { Eventual, Flow } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import { illegalArgument, type Site } from "../../interpreter/thrown.ts";
import { ClosureValue, type Value } from "../../interpreter/values.ts";
import type { AgentContainer, EffectId, ImageRequest, RegistryUse, Stored } from "../../ports.ts";
import type { Run } from "../build.ts";
import { startContainer, withContainer } from "../container.ts";
import type { SessionScope } from "../context.ts";
import { noteOutward, PLAIN_AGENT, withSession } from "../session.ts";
import { shellWords } from "../shell-words.ts";

/** `docker`: images built, pulled, pushed and entered from a script. */
export class DockerObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.docker.workflow.Docker";
  readonly #run: Run;

  constructor(run: Run) {
    super();
    this.#run = run;
  }

  getProperty(): Eventual | undefined {
    return undefined;
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments, site: Site): Eventual | undefined {
    const run = this.#run;
    const { texts, body } = split(run, args);
    const [first = "", second] = texts;
    switch (name) {
      case "image":
        return new ImageObject(run, checked(first), null);
      case "build":
        return inAgent(run, site, (session) => build(run, session, checked(first), second ?? ".", site));
      case "withRegistry":
        return withRegistry(run, first, second ?? null, site, body);
      case "withServer":
        throw illegalArgument(
          "docker.withServer is not available: images are built and run by the engine of the agent's runner",
        );
      case "withTool":
        return body === null ? null : run.block(null, () => run.evaluator.callClosure(body));
      case "node":
        return body === null
          ? null
          : withSession(run, PLAIN_AGENT, site, () => run.evaluator.callClosure(body));
      default:
        return undefined;
    }
  }

  toText(): string {
    return "docker";
  }
}

/** What `docker.image` and `docker.build` give. */
class ImageObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.docker.workflow.Docker$Image";
  readonly id: string;
  readonly #run: Run;
  readonly #built: EffectId | null;

  constructor(run: Run, id: string, built: EffectId | null) {
    super();
    this.#run = run;
    this.id = id;
    this.#built = built;
  }

  getProperty(name: string): Eventual | undefined {
    return name === "id" ? this.id : undefined;
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments, site: Site): Eventual | undefined {
    const run = this.#run;
    const { texts, body } = split(run, args);
    const [first = "", second = ""] = texts;
    switch (name) {
      case "getId":
        return this.id;
      case "imageName":
        return prefixed(run, this.id);
      case "inside":
        return inAgent(run, site, (session) => this.#inside(session, first, body, site));
      case "pull":
        return inAgent(run, site, (session) => this.#pull(session, site));
      case "push":
        return inAgent(run, site, (session) => this.#push(session, first, site));
      case "tag":
        return inAgent(run, site, (session) => this.#tag(session, first, site));
      case "run":
        return inAgent(run, site, (session) => this.#start(session, first, second, site));
      case "withRun":
        return inAgent(run, site, (session) => this.#withRun(session, first, second, body, site));
      default:
        return undefined;
    }
  }

  toText(): string {
    return this.id;
  }

  *#inside(session: SessionScope, args: string, body: ClosureValue | null, site: Site): Flow<Value> {
    const run = this.#run;
    run.print("[Pipeline] withDockerContainer");
    try {
      const want = {
        container: containerOf(run, prefixed(run, this.id), args),
        role: "inside" as const,
        command: [],
      };
      return yield* withContainer(run, session, want, site, () =>
        run.block(null, () => (body === null ? nothing() : run.evaluator.callClosure(body))),
      );
    } finally {
      run.print("[Pipeline] // withDockerContainer");
    }
  }

  *#pull(session: SessionScope, site: Site): Flow<Value> {
    const image = prefixed(this.#run, this.id);
    const registry = this.#run.context.registry;
    yield* imageEffect(
      this.#run,
      { kind: "image", session: session.id, op: "pull", image, registry },
      `docker pull ${image}`,
      site,
    );
    return null;
  }

  *#push(session: SessionScope, tag: string, site: Site): Flow<Value> {
    const run = this.#run;
    const image = prefixed(run, tag === "" ? this.id : withTag(this.id, tag));
    noteOutward(run);
    const { registry } = run.context;
    yield* imageEffect(
      run,
      { kind: "image", session: session.id, op: "push", image, built: this.#built, registry },
      `docker push ${image}`,
      site,
    );
    return null;
  }

  *#tag(session: SessionScope, tag: string, site: Site): Flow<Value> {
    const run = this.#run;
    const to = prefixed(run, withTag(this.id, tag === "" ? "latest" : tag));
    yield* imageEffect(
      run,
      { kind: "image", session: session.id, op: "tag", image: this.id, to },
      `docker tag ${this.id} ${to}`,
      site,
    );
    return null;
  }

  *#start(session: SessionScope, args: string, command: string, site: Site): Flow<Value> {
    const run = this.#run;
    const want = {
      container: containerOf(run, prefixed(run, this.id), args),
      role: "run" as const,
      command: shellWords(command),
    };
    const { id, ready } = yield* startContainer(run, session, want, site);
    return new ContainerObject(run, id, ready.id, ready.ports);
  }

  *#withRun(
    session: SessionScope,
    args: string,
    command: string,
    body: ClosureValue | null,
    site: Site,
  ): Flow<Value> {
    const run = this.#run;
    const want = {
      container: containerOf(run, prefixed(run, this.id), args),
      role: "run" as const,
      command: shellWords(command),
    };
    const started = yield* startContainer(run, session, want, site);
    try {
      const container = new ContainerObject(run, started.id, started.ready.id, started.ready.ports);
      return body === null ? null : yield* run.evaluator.callClosure(body, [container]);
    } finally {
      run.scheduler.leave({ kind: "container", id: started.id });
    }
  }
}

/** What `image.run` gives. */
class ContainerObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.docker.workflow.Docker$Container";
  readonly #run: Run;
  readonly #effect: EffectId;
  readonly #id: string;
  readonly #ports: Readonly<Record<string, number>>;

  constructor(run: Run, effect: EffectId, id: string, ports: Readonly<Record<string, number>>) {
    super();
    this.#run = run;
    this.#effect = effect;
    this.#id = id;
    this.#ports = ports;
  }

  getProperty(name: string): Eventual | undefined {
    return name === "id" ? this.#id : undefined;
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments): Eventual | undefined {
    switch (name) {
      case "getId":
        return this.#id;
      case "stop":
        this.#run.scheduler.leave({ kind: "container", id: this.#effect });
        return null;
      case "port": {
        const port = this.#run.textOf(args.positional[0] ?? "");
        const at = this.#ports[port] ?? this.#ports[`${port}/tcp`];
        return at === undefined ? null : `localhost:${at}`;
      }
      default:
        return undefined;
    }
  }

  toText(): string {
    return this.#id;
  }
}

// oxlint-disable-next-line require-yield
function* nothing(): Flow<Value> {
  return null;
}

function split(run: Run, args: CallArguments): { texts: string[]; body: ClosureValue | null } {
  const last = args.positional.at(-1);
  const body = last instanceof ClosureValue ? last : null;
  const plain = body === null ? args.positional : args.positional.slice(0, -1);
  return { texts: plain.map((value) => (value === null ? "" : run.textOf(value))), body };
}

/** Outside an agent the calls of `docker` take one for themselves. */
function* inAgent(run: Run, site: Site, body: (session: SessionScope) => Flow<Value>): Flow<Value> {
  const { session } = run.context;
  if (session !== null) return yield* body(session);
  run.print("[Pipeline] node");
  return yield* withSession(run, PLAIN_AGENT, site, (_opened, scope) => body(scope));
}

function* build(run: Run, session: SessionScope, tag: string, args: string, site: Site): Flow<Value> {
  const name = prefixed(run, tag);
  const env: Record<string, string> = {};
  for (const [variable, { value, isSecret }] of run.environment()) if (!isSecret) env[variable] = value;
  const { cwd, registry } = run.context;
  const request = {
    kind: "image" as const,
    session: session.id,
    op: "build" as const,
    tag: name,
    args: shellWords(args),
    cwd,
    registries: registry === null ? [] : [registry],
    env,
  };
  let built: EffectId | null = null;
  yield* imageEffect(run, request, `docker build -t ${name} ${args}`, site, (id) => {
    built = id;
  });
  return new ImageObject(run, tag, built);
}

function* imageEffect(
  run: Run,
  request: ImageRequest,
  command: string,
  site: Site,
  onBegin?: (id: EffectId) => void,
): Flow<Stored> {
  const stepNo = run.scheduler.nextStep();
  run.print("[Pipeline] sh");
  run.print(`+ ${command}`, stepNo);
  let effect: EffectId | null = null;
  const name = `docker ${request.op}`;
  const args: Stored = { command };
  try {
    const value = yield* run.effect(
      { kind: "image", name, args, request, policy: "reattach", stepNo, site },
      (id) => {
        effect = id;
        onBegin?.(id);
        run.markStep(stepNo, name, command, "running", id);
        run.scheduler.mark({ kind: "log", stepNo });
      },
    );
    run.markStep(stepNo, name, command, "succeeded", effect);
    return value;
  } catch (error) {
    run.markStep(stepNo, name, command, "failed", effect);
    throw error;
  }
}

function* withRegistry(
  run: Run,
  url: string,
  credential: string | null,
  site: Site,
  body: ClosureValue | null,
): Flow<Value> {
  if (body === null) throw illegalArgument("docker.withRegistry needs a block");
  const registry = registryUse(url, credential);
  run.print("[Pipeline] withDockerRegistry");
  try {
    return yield* run.block(null, () => run.within({ registry }, () => run.evaluator.callClosure(body)));
  } finally {
    run.print("[Pipeline] // withDockerRegistry");
  }
}

/** The registry behind an address; none written means Docker's own. */
export function registryUse(url: string, credential: string | null): RegistryUse {
  const host = url.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
  const isHub =
    host === "" || host === "index.docker.io" || host === "docker.io" || host === "registry-1.docker.io";
  return { url, host: isHub ? "docker.io" : host, credential: credential === "" ? null : credential };
}

/** The name with the registry's host in front, unless it has one or the registry is Docker's own. */
function prefixed(run: Run, image: string): string {
  const { registry } = run.context;
  if (registry === null || registry.host === "docker.io" || image.startsWith(`${registry.host}/`))
    return image;
  return `${registry.host}/${image}`;
}

/** What `docker run` would get: image and the words of its options. */
export function containerOf(run: Run, image: string, args: string): AgentContainer {
  return {
    source: { kind: "image", image },
    pull: "missing",
    args: shellWords(args),
    env: {},
    registry: run.context.registry,
  };
}

function withTag(image: string, tag: string): string {
  const slash = image.lastIndexOf("/");
  const colon = image.indexOf(":", slash + 1);
  return `${colon < 0 ? image : image.slice(0, colon)}:${tag}`;
}

const IMAGE =
  /^(?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

function checked(image: string): string {
  if (!IMAGE.test(image)) throw illegalArgument(`"${image}" is not a name of an image`);
  return image;
}
