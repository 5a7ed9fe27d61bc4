import { createHash } from "node:crypto";
import path from "node:path";
import type { RunnerContext } from "./context.ts";
import {
  INSTANCE_LABEL,
  NONCE_LABEL,
  RUNNER_LABEL,
  SESSION_LABEL,
  createAndStart,
} from "./docker/containers.ts";
import { SPARE_HOME } from "./docker/create-options.ts";
import type { ContainerPlan } from "./docker/create-options.ts";
import { connect, ensureSessionNetwork } from "./docker/network.ts";
import { acrossOutages } from "./docker/outage.ts";
import type { RegistryLogin } from "./docker/images.ts";
import type { ExecPlace } from "./exec.ts";
import { RunnerFailure } from "./failure.ts";
import type { ContainerCommand, OpenCommand, ReadyValue } from "./protocol.ts";
import type { ContainerState } from "./state.ts";
import { useText } from "./memory-text.ts";
import { Supervised } from "./step/supervised.ts";
import type { Mirror } from "./workspace/mirrors.ts";
import type { Slot } from "./workspace/slots.ts";

const FENCE_LABEL = "sluice.fence";
const READY_WITHIN_MS = 60_000;
const PARK_GRACE_S = 5;
/** Ended by SIGTERM. Our supervisor ends so only when somebody stops its container: a command's own death is not its. */
const STOPPED = 143;

/** What entering a container needs of its session. */
export interface Entering {
  readonly login: RegistryLogin | null;
  readonly slot: Slot;
  readonly mirror: Mirror | null;
  /** The session's main container, null while this is it. */
  readonly main: SessionContainer | null;
  readonly useNetwork: (name: string) => Promise<void>;
  readonly save: () => Promise<void>;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** One container of a session: made or found again, entered, parked, removed. */
export class SessionContainer {
  readonly state: ContainerState;
  readonly supervised: Supervised;
  readonly #context: RunnerContext;
  readonly #session: string;
  readonly #fence: number;
  readonly #open: OpenCommand;
  #entering: Promise<unknown> = Promise.resolve();
  #parked = false;
  /** While it is started the engine's answer says how that went: what it refused is tried once more in another form. */
  #starting = false;
  /** Why it is gone, once it is. */
  goneBecause: RunnerFailure | null = null;
  #onGone: ((reason: RunnerFailure) => void) | null = null;

  constructor(
    context: RunnerContext,
    options: {
      state: ContainerState;
      session: string;
      fence: number;
      open: OpenCommand;
      marker: string;
      folder: string;
      inFolder: string;
    },
  ) {
    this.#context = context;
    this.state = options.state;
    this.#session = options.session;
    this.#fence = options.fence;
    this.#open = options.open;
    this.supervised = new Supervised({
      folder: path.join(options.folder, "s"),
      inFolder: options.inFolder,
      nonce: options.marker,
      faults: context.faults,
    });
  }

  /** Whether steps run in it. */
  get isSupervised(): boolean {
    return this.state.role === "main" || this.state.role === "inside";
  }

  isRunning(id: string): boolean {
    return this.state.id === id && !this.#parked;
  }

  /** Resolves when the container can run steps; rejects if it could not be entered. */
  async entered(): Promise<void> {
    await this.#entering;
  }

  async enter(command: ContainerCommand, entering: Entering): Promise<ReadyValue> {
    let isFirst = true;
    const enter = async (): Promise<ReadyValue> => {
      if (!isFirst) await this.#removeUnstarted();
      isFirst = false;
      return await this.#enter(command, entering);
    };
    const work = acrossOutages(this.#context.engine, enter, entering);
    this.#entering = work;
    work.catch(() => undefined);
    return work;
  }

  /** Where steps run, and with what of ours in their environment. */
  place(): ExecPlace {
    const { uid, gid } = this.owner();
    const home = this.state.ready?.home === SPARE_HOME ? { HOME: SPARE_HOME } : {};
    return { supervised: this.supervised, uid, gid, env: home };
  }

  owner(): { uid: number; gid: number } {
    const uid = this.state.uid ?? process.getuid?.() ?? 0;
    return { uid, gid: Number(this.state.ready?.user.split(":")[1] ?? uid) };
  }

  /** Asks the engine: why the container is not running (any more), or null if it is. */
  async lookForEnd(
    code: "container_gone" | "container_exited" | "docker_daemon",
  ): Promise<RunnerFailure | null> {
    const { id, name } = this.state;
    if (id === null || this.#parked || this.#starting || this.goneBecause !== null) return null;
    const facts = await this.#context.engine.inspect(id);
    // The answer may be of a container that was replaced while the engine was asked.
    if (this.#starting || id !== this.state.id) return null;
    // Not ready yet: whoever enters it is at work, and may be making it anew, also for an earlier process that was killed.
    if (this.state.ready === null) return null;
    if (facts === null) {
      return new RunnerFailure("container_gone", "sluice", `the container ${name} was removed by somebody`);
    }
    if (facts.running) return null;
    const exit = `exit code ${String(facts.exitCode)}`;
    if (facts.oomKilled) {
      // Nobody is left to say how much was used; but the kernel kills only when all that may be used is used.
      const use = useText({ limitBytes: facts.memoryBytes, peakBytes: facts.memoryBytes });
      const message = `the container ${name} ran out of memory and was killed${use}, ${exit}`;
      return new RunnerFailure("oom", "command", message);
    }
    // An engine that ends stops its containers. They are looked at when it is back, and another agent can begin then.
    if (code === "container_exited" && (await this.#context.engine.isDeaf())) return null;
    if (facts.exitCode === STOPPED) {
      const who = "as the Docker daemon does when it ends or starts again without live-restore";
      const message = `the container ${name} was stopped from outside, ${who} (${exit})`;
      return new RunnerFailure("docker_daemon", "sluice", message);
    }
    if (code === "container_exited") {
      return new RunnerFailure(code, "command", `the container ${name} ended by itself (${exit})`);
    }
    const message = `the container ${name} was stopped while the runner or the Docker daemon was away (${exit})`;
    return new RunnerFailure("docker_daemon", "sluice", message);
  }

  /** Notes that it is gone; whoever is entering it hears of it. */
  gone(reason: RunnerFailure): void {
    this.goneBecause = reason;
    this.#onGone?.(reason);
  }

  async park(): Promise<void> {
    this.#parked = true;
    if (this.state.id !== null) await this.#context.engine.stop(this.state.id, PARK_GRACE_S);
    this.supervised.close();
  }

  async unpark(signal: AbortSignal): Promise<void> {
    if (this.state.id === null) return;
    if (this.isSupervised) this.supervised.forgetReady();
    await this.#context.engine.start(this.state.id);
    this.#parked = false;
    if (this.isSupervised) await this.#waitUntilReady(signal);
  }

  /** Stops following it; it goes on running. */
  close(): void {
    this.supervised.close();
  }

  async remove(): Promise<void> {
    this.close();
    // Whoever enters it was told to stop, and may be in the middle of making it.
    await this.#entering.catch(() => undefined);
    const { engine } = this.#context;
    // By its name: what is known by id may have been replaced by a process that could not write that down. By now the
    // name may be that of a later placement of the session, on a runner that shares the engine.
    const found = await engine.inspect(this.#dockerName());
    if (found !== null && this.#isOfThisPlacement(found.labels)) await engine.remove(found.id);
  }

  async #enter(command: ContainerCommand, entering: Entering): Promise<ReadyValue> {
    const { engine, images } = this.#context;
    const { say, signal } = entering;
    const wanted = command.image ?? this.#context.agentImage;
    const image = await images.ensure(wanted, command.pull, entering.login, say, signal);
    const network = await this.#network(entering);
    const plan = this.#plan(command, entering, image.id, network);
    if (this.isSupervised) this.supervised.prepare();
    const found = await engine.inspect(plan.name);
    if (found?.running === true && this.#isOfThisPlacement(found.labels)) {
      // An earlier process started it and could not say so.
      this.state.id = found.id;
      if (this.isSupervised) await this.#waitUntilReady(signal);
    } else {
      // Runners may share an engine: an earlier placement was on one that died before it could say that it was ready.
      if (found?.labels[NONCE_LABEL] === this.#open.nonce && !this.#isOfThisPlacement(found.labels))
        await engine.remove(found.id);
      await this.#start(plan, say, signal);
    }
    const user = this.isSupervised ? this.supervised.user() : { uid: 0, gid: 0, home: "" };
    const home = user.home === "" || (user.home === "/" && user.uid !== 0) ? SPARE_HOME : user.home;
    const ready: ReadyValue = {
      containerId: this.state.id ?? "",
      imageId: image.id,
      digest: image.digests.find((digest) => digest.startsWith(`${repositoryOf(wanted)}@`)) ?? null,
      user: `${String(user.uid)}:${String(user.gid)}`,
      home,
      env: image.env,
    };
    this.state.uid = user.uid;
    this.state.ready = ready;
    await entering.save();
    return ready;
  }

  /** An engine that ended while it started a container may have left it so that it never starts. */
  async #removeUnstarted(): Promise<void> {
    const { engine } = this.#context;
    const found = await engine.inspect(this.#dockerName());
    if (found?.running === false && this.#isOfThisPlacement(found.labels)) await engine.remove(found.id);
  }

  async #start(plan: ContainerPlan, say: (text: string) => void, signal: AbortSignal): Promise<void> {
    if (this.isSupervised) this.supervised.forgetReady();
    // The file comes before the engine's answer to the start: both are waited for at once.
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const waiting = this.isSupervised ? this.#waitUntilReady(either) : Promise.resolve();
    waiting.catch(() => undefined);
    this.#starting = true;
    try {
      const made = (id: string): void => {
        this.state.id = id;
      };
      this.state.id = await createAndStart(this.#context.engine, plan, made, say);
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      this.#starting = false;
    }
    await waiting;
  }

  async #waitUntilReady(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const forward = (): void => stop.abort(new RunnerFailure("cancelled", "person", "cancelled"));
    const timer = setTimeout(() => stop.abort(tooLate(this.state.name)), READY_WITHIN_MS);
    signal.addEventListener("abort", forward);
    // It may end before it is ready: a wrong architecture, a broken image.
    this.#onGone = (reason) => stop.abort(reason);
    const look = setInterval(() => {
      void this.#endedEarly().then(
        (reason) => {
          if (reason !== null) stop.abort(reason);
        },
        () => undefined,
      );
    }, 2000);
    try {
      await this.supervised.ready(stop.signal);
    } finally {
      clearTimeout(timer);
      clearInterval(look);
      signal.removeEventListener("abort", forward);
      this.#onGone = null;
    }
  }

  async #endedEarly(): Promise<RunnerFailure | null> {
    const { id, name } = this.state;
    const facts = id === null || this.#starting ? null : await this.#context.engine.inspect(id);
    // The answer may be of a container that was replaced while the engine was asked.
    if (
      facts === null ||
      this.#starting ||
      id !== this.state.id ||
      facts.running ||
      (facts.exitCode === 0 && facts.error === "")
    )
      return null;
    const message = `the container ${name} ended before it could run steps (exit code ${String(facts.exitCode)}${facts.error === "" ? "" : `, ${facts.error}`})`;
    return new RunnerFailure("container_exited", "sluice", message);
  }

  // The first container starts on the shared bridge; with a second one the session gets a network of its own.
  async #network(entering: Entering): Promise<string> {
    const { engine } = this.#context;
    const { main } = entering;
    if (main === null || main === this) return this.#context.bridge();
    const context = this.#context;
    const name = await ensureSessionNetwork(engine, context.instance(), context.node(), this.#session);
    await entering.useNetwork(name);
    await main.entered();
    if (main.state.id !== null) await connect(engine, name, main.state.id, [main.state.name]);
    return name;
  }

  #plan(command: ContainerCommand, entering: Entering, image: string, network: string): ContainerPlan {
    const { slot, mirror } = entering;
    const isSecond = entering.main !== null && entering.main !== this;
    return {
      name: this.#dockerName(),
      image,
      profile: this.#open.profile,
      args: command.args,
      env: command.env,
      limits: this.#open.limits,
      labels: {
        [INSTANCE_LABEL]: this.#context.instance(),
        [RUNNER_LABEL]: this.#context.node(),
        [SESSION_LABEL]: this.#session,
        [NONCE_LABEL]: this.#open.nonce,
        "sluice.build": this.#open.build,
        "sluice.container": this.state.name,
        [FENCE_LABEL]: String(this.#fence),
      },
      network,
      aliases: isSecond ? [this.state.name, ...command.args.aliases] : [],
      runnerUser: this.#context.runnerUser,
      lacks: new Set(),
      folders: this.isSupervised
        ? {
            bin: this.#context.folders.bin,
            session: this.supervised.folder,
            input: this.supervised.inFolder,
            workspace: slot.src,
            temp: slot.tmp,
            mirror: mirror?.folder ?? null,
          }
        : null,
      command: command.command,
      volumes: command.args.caches.map((cache) => ({
        name: `sl-${this.#context.instance()}-cache-${hashOf(this.#open.project, this.#open.trust, cache.name)}`,
        path: cache.path,
      })),
    };
  }

  /** Whether a container was made for this session here and now, not for an earlier placement of it or by another runner. */
  #isOfThisPlacement(labels: Readonly<Record<string, string>>): boolean {
    return (
      labels[NONCE_LABEL] === this.#open.nonce &&
      labels[RUNNER_LABEL] === this.#context.node() &&
      labels[FENCE_LABEL] === String(this.#fence)
    );
  }

  #dockerName(): string {
    return `sl-${this.#context.instance()}-${this.#session}-${this.state.name}`;
  }
}

function tooLate(name: string): RunnerFailure {
  return new RunnerFailure("docker_daemon", "sluice", `the container ${name} was not ready within a minute`);
}

function repositoryOf(image: string): string {
  const at = image.indexOf("@");
  if (at >= 0) return image.slice(0, at);
  const colon = image.lastIndexOf(":");
  return colon > image.lastIndexOf("/") ? image.slice(0, colon) : image;
}

function hashOf(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 24);
}
