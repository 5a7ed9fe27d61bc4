import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { CommandLog } from "./command-log.ts";
import type { RunnerContext } from "./context.ts";
import { WORKSPACE, WORKSPACE_TEMP } from "./docker/create-options.ts";
import { removeNetwork } from "./docker/network.ts";
import { Exec, dropExecRecord, prepareExecFolders, readExecRecords, recordOf } from "./exec.ts";
import type { ExecPlace } from "./exec.ts";
import { acrossOutages } from "./docker/outage.ts";
import { RunnerFailure, failureOf } from "./failure.ts";
import type { Caller } from "./link.ts";
import type {
  CancelCommand,
  Command,
  CommandState,
  CommandValue,
  ContainerCommand,
  ExecCommand,
  HelloRequest,
  OpenCommand,
  Outcome,
  SecretRef,
} from "./protocol.ts";
import { SessionContainer } from "./session-container.ts";
import { SessionSecrets, refsOfExec } from "./session-secrets.ts";
import { StateFile, removeFolder } from "./state.ts";
import type { SessionState } from "./state.ts";
import { DEFAULT_LOG_LIMITS } from "./step-log.ts";
import type { LogLimits } from "./step-log.ts";
import { pause } from "./pause.ts";
import { unreachable } from "./unreachable.ts";
import { checkout } from "./workspace/checkout.ts";
import { appendOnce, forgetAppend, withPieces } from "./workspace/append-once.ts";
import { blobWork } from "./workspace/blobs.ts";
import { fileWork } from "./workspace/file-work.ts";
import { imageWork } from "./workspace/image-work.ts";
import { placeOf } from "./workspace/paths.ts";
import type { Mirror } from "./workspace/mirrors.ts";
import { own } from "./workspace/slots.ts";
import type { Slot } from "./workspace/slots.ts";

// Looks at a container that was said to have died.
const DEATH_LOOKS = 25;
const DEATH_LOOK_MS = 200;
const PROGRESS_EVERY_MS = 10_000;

type Recorded = Exclude<Command, ExecCommand | CancelCommand>;

/**
 * One agent session: a workspace, containers, and the commands carried out in them. What it knows is in its folder before it
 * acts, so another process can take it up at any instant; a command known by its id is answered, never done twice.
 */
export class Session {
  readonly #context: RunnerContext;
  readonly #state: SessionState;
  readonly #file: StateFile;
  readonly #folder: string;
  readonly #caller: Caller;
  readonly #secrets: SessionSecrets;
  readonly #containers = new Map<string, SessionContainer>();
  /** Why it is ending itself; null while it is not. */
  #givingUp: RunnerFailure | null = null;
  readonly #execs = new Map<string, Exec>();
  /** What every command of this process came to; null while it is at work. */
  readonly #outcomes = new Map<string, Outcome | null>();
  /** Commands whose outcome is with the server; one that comes again crossed the answer on the way. */
  readonly #settled = new Set<string>();
  readonly #aborts = new Map<string, AbortController>();
  readonly #logs = new Set<CommandLog>();
  #opened: Promise<void> = Promise.resolve();
  #slot: Slot | null = null;
  #mirror: Mirror | null = null;
  #checkouts: Promise<unknown> = Promise.resolve();
  #over = false;
  #onStepsTold: (() => void) | null = null;
  /** Called when the session is no more and the server knows it. */
  onForgotten: () => void = () => undefined;

  constructor(context: RunnerContext, state: SessionState) {
    this.#context = context;
    this.#state = state;
    this.#folder = path.join(context.folders.sessions, state.id);
    this.#file = new StateFile(this.#folder);
    this.#caller = { session: state.id, fence: state.fence };
    this.#secrets = new SessionSecrets(context.link, this.#caller);
    if (state.slot !== "") this.#slot = context.slots.retake(state.slot);
    for (const known of state.containers) this.#containers.set(known.name, this.#containerOf(known));
  }

  get id(): string {
    return this.#state.id;
  }

  get fence(): number {
    return this.#state.fence;
  }

  /** What is said of this session in a hello. */
  hello(): HelloRequest["sessions"][number] {
    const commands: { id: string; state: CommandState }[] = [];
    for (const [id, outcome] of this.#outcomes)
      commands.push({ id, state: outcome === null ? "running" : "ended" });
    return { id: this.id, fence: this.fence, parked: this.#state.parked, commands };
  }

  /** Carries out a command, or answers it again. Never rejects. */
  handle(command: Command): void {
    if (command.fence < this.fence) {
      const message = "this command belongs to an earlier placement of the session";
      return this.#tell(command.id, {
        ok: false,
        failure: { code: "stale_fence", message, fault: "sluice" },
      });
    }
    if (this.#settled.has(command.id)) return;
    if (this.#outcomes.has(command.id)) {
      const outcome = this.#outcomes.get(command.id) ?? null;
      if (outcome !== null) this.#tell(command.id, outcome);
      return;
    }
    this.#outcomes.set(command.id, null);
    void this.#carryOut(command).catch((error: unknown) => {
      // Stopped on the way: the next process does it.
      if (this.#over) return;
      this.#context.log.error(
        { session: this.id, command: command.id, err: error },
        "a command was not carried out",
      );
      // Nobody would ever hear of it.
      const outcome: Outcome = { ok: false, failure: failureOf(error) };
      this.#outcomes.set(command.id, outcome);
      this.#tell(command.id, outcome);
    });
  }

  /** Takes up what an earlier process left: containers, steps, commands. */
  async resume(): Promise<void> {
    const state = this.#state;
    const { scm, trust, project } = state.open;
    if (scm !== null && trust === "trusted") {
      this.#mirror = await this.#context.mirrors.place(project, scm, this.#context.link.signal);
    }
    for (const { command, outcome } of state.commands) {
      if (outcome === null) continue;
      this.#outcomes.set(command.id, outcome);
      this.#tell(command.id, outcome);
    }
    if (!state.parked && !state.lost) await this.#lookAtContainers("container_gone");
    this.#resumeSteps();
    for (const { command, outcome } of state.commands) {
      if (outcome !== null || command.type === "exec" || command.type === "cancel") continue;
      this.#outcomes.set(command.id, null);
      void this.#perform(command, true).catch((error: unknown) =>
        this.#context.log.error({ session: this.id, err: error }, "a command was not taken up"),
      );
    }
  }

  /** The server has the outcome of a command. */
  acked(command: string): void {
    this.#outcomes.delete(command);
    this.#settled.add(command);
    const exec = this.#execs.get(command);
    if (exec !== undefined) {
      this.#execs.delete(command);
      if (!this.#over) exec.forget();
      if (this.#execs.size === 0) this.#onStepsTold?.();
      return;
    }
    const done = this.#state.commands.find((known) => known.command.id === command);
    if (done === undefined || done.outcome === null) return;
    if (done.command.type === "close") return this.onForgotten();
    if (done.command.type === "file") forgetAppend(this.#folder, command);
    this.#state.commands = this.#state.commands.filter((known) => known !== done);
    if (!this.#over) void this.#save().catch(() => undefined);
  }

  /** Calls back once the server has the outcome of every step that was begun: at once, where there is none. */
  whenStepsAreTold(then: () => void): void {
    if (this.#execs.size === 0) then();
    else this.#onStepsTold = then;
  }

  /** The engine says that a container ended. */
  containerDied(containerId: string): void {
    for (const container of this.#containers.values()) {
      if (container.isRunning(containerId)) void this.#lookUntilEnded(container);
    }
  }

  /** The engine was away: whatever is not running now was stopped by it. */
  engineIsBack(): void {
    if (!this.#state.parked && !this.#state.lost) void this.#lookAtContainers("docker_daemon");
  }

  /** Stops working without ending anything: containers and steps go on for the next process. */
  stop(): void {
    this.#over = true;
    for (const abort of this.#aborts.values()) abort.abort();
    for (const log of this.#logs) log.abandon();
    for (const exec of this.#execs.values()) exec.stop();
    for (const container of this.#containers.values()) container.close();
  }

  /** Removes the session and everything of it: it ended, or is not this runner's any more. */
  async remove(): Promise<void> {
    this.stop();
    await Promise.all([...this.#containers.values()].map((container) => container.remove()));
    if (this.#state.network !== null) {
      await removeNetwork(this.#context.engine, this.#state.network).catch((error: unknown) =>
        this.#context.log.warn({ session: this.id, err: error }, "a network was not removed"),
      );
    }
    if (this.#slot !== null) {
      await this.#checkouts.catch(() => undefined);
      const { open, lost } = this.#state;
      await this.#context.slots.giveBack(this.#slot, open.scm?.ref ?? "", !lost);
      this.#slot = null;
    }
    await removeFolder(this.#folder);
    await removeFolder(path.join(this.#context.folders.inputs, this.id));
  }

  // ---- commands ----

  async #carryOut(command: Command): Promise<void> {
    if (command.type === "exec") return this.#exec(command);
    if (command.type === "cancel") return this.#cancel(command);
    this.#state.commands.push({ command, outcome: null });
    // Before anything is waited for: a cancel may come while this is written down.
    this.#aborts.set(command.id, new AbortController());
    if (command.type === "open") {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      prepareExecFolders(this.#folder);
    }
    await this.#save();
    await this.#perform(command, false);
  }

  /** `repeated`: an earlier process may have done it, or a part of it, and could not say so. */
  async #perform(command: Recorded, repeated: boolean): Promise<void> {
    const abort = this.#aborts.get(command.id) ?? new AbortController();
    this.#aborts.set(command.id, abort);
    const log = new CommandLog(
      (at, bytes) => this.#context.link.putLog(this.#caller, command.id, at, bytes),
      this.#secrets.needles(this.#state.masks),
    );
    this.#logs.add(log);
    this.#context.link.emit({ type: "started", ...this.#caller, command: command.id, pid: null }, true);
    const say = this.#sayingProgress(command.id, log.say);
    let outcome: Outcome;
    try {
      outcome = { ok: true, result: await this.#valueOf(command, { repeated, say, signal: abort.signal }) };
    } catch (error) {
      const failure = abort.signal.aborted ? CANCELLED : failureOf(error);
      if (failure.code === "internal")
        this.#context.log.error({ session: this.id, err: error }, "a command failed for a reason of ours");
      outcome = { ok: false, failure };
    }
    // Whoever stops us leaves the command to the next process; only close goes on to its end.
    if (this.#over && command.type !== "close") return;
    await log.end();
    this.#logs.delete(log);
    this.#aborts.delete(command.id);
    const known = this.#state.commands.find((one) => one.command.id === command.id);
    if (known !== undefined) known.outcome = outcome;
    if (command.type !== "close") await this.#save();
    this.#outcomes.set(command.id, outcome);
    this.#tell(command.id, outcome);
  }

  // A long command that says something lives; how it goes is in its log.
  #sayingProgress(command: string, say: (text: string) => void): (text: string) => void {
    let toldAtMs = Date.now();
    return (text) => {
      say(text);
      if (Date.now() - toldAtMs < PROGRESS_EVERY_MS) return;
      toldAtMs = Date.now();
      this.#context.link.emit({ type: "progress", ...this.#caller, command, text: "" });
    };
  }

  async #valueOf(
    command: Recorded,
    attempt: { repeated: boolean; say: (text: string) => void; signal: AbortSignal },
  ): Promise<CommandValue> {
    const { say, signal } = attempt;
    if (command.type === "open") {
      const opening = this.#open(command, signal);
      this.#opened = opening.then(() => undefined);
      this.#opened.catch(() => undefined);
      return opening;
    }
    if (command.type === "close") return this.#close();
    await this.#opened;
    if (this.#state.lost) throw sessionLost();
    // What was cancelled before it began is not begun.
    signal.throwIfAborted();
    const across = (work: () => Promise<void>): Promise<void> =>
      acrossOutages(this.#context.engine, work, { say, signal });
    switch (command.type) {
      case "container":
        return { of: "container", value: await this.#enter(command, say, signal) };
      case "checkout":
        return { of: "checkout", value: await this.#inTurn(() => this.#checkout(command, say, signal)) };
      case "file":
        return { of: "file", value: await fileWork(command, { ...this.#work(), signal }) };
      case "blob":
        return { of: "blob", value: await blobWork(command, { ...this.#work(), say, signal }) };
      case "image":
        return { of: "image", value: await imageWork(command, { ...this.#work(), ...attempt }) };
      case "drop":
        await across(() => this.#drop(command.container));
        return { of: "drop", value: {} };
      case "park":
        await across(() => this.#park());
        return { of: "park", value: {} };
      case "unpark":
        await across(() => this.#unpark(signal));
        return { of: "unpark", value: {} };
      default:
        return unreachable(command);
    }
  }

  async #open(command: OpenCommand, signal: AbortSignal): Promise<CommandValue> {
    const ref = command.scm?.ref ?? "";
    const { project, trust, workspace } = command;
    this.#slot ??= await this.#context.slots.take({ project, trust, workspace, ref });
    this.#state.slot = this.#slot.name;
    if (command.scm !== null && trust === "trusted") {
      this.#mirror = await this.#context.mirrors.place(project, command.scm, signal);
    }
    const node = this.#context.node();
    return {
      of: "open",
      value: {
        workspace: WORKSPACE,
        temp: WORKSPACE_TEMP,
        node,
        slot: this.#slot.name,
        dockerApi: false,
        env: { NODE_NAME: node, WORKSPACE, WORKSPACE_TMP: WORKSPACE_TEMP, EXECUTOR_NUMBER: "0" },
      },
    };
  }

  async #enter(
    command: ContainerCommand,
    say: (text: string) => void,
    signal: AbortSignal,
  ): ReturnType<SessionContainer["enter"]> {
    const known = this.#containers.get(command.name);
    const container =
      known ??
      this.#containerOf({
        name: command.name,
        role: command.role,
        id: null,
        ready: null,
        uid: null,
      });
    if (known === undefined) {
      this.#containers.set(command.name, container);
      this.#state.containers.push(container.state);
    }
    const { login, main } = {
      login: await this.#secrets.registryLogin(command.credential),
      main: [...this.#containers.values()].find((one) => one.state.role === "main") ?? null,
    };
    const value = await container.enter(command, {
      login,
      slot: this.#takenSlot(),
      mirror: this.#mirror,
      main,
      useNetwork: async (name) => {
        this.#state.network = name;
        await this.#save();
      },
      save: () => this.#save(),
      say,
      signal,
    });
    // The build must be able to write where its files are.
    const { uid, gid } = container.owner();
    if (container.isSupervised && uid !== process.getuid?.()) {
      await this.#inTurn(async () => {
        const slot = this.#takenSlot();
        await own(slot.src, uid, gid);
        await own(slot.tmp, uid, gid);
      });
    }
    return value;
  }

  async #checkout(
    command: Extract<Command, { type: "checkout" }>,
    say: (text: string) => void,
    signal: AbortSignal,
  ): ReturnType<typeof checkout> {
    const { open } = this.#state;
    const login = await this.#secrets.gitLogin(command.scm.credential);
    const slot = this.#takenSlot();
    const value = await checkout({
      command,
      project: open.project,
      untrusted: open.trust === "untrusted",
      slot,
      mirrors: this.#context.mirrors,
      mounted: this.#mirror,
      login,
      say,
      signal,
    });
    const owner = this.#mainOwner();
    if (owner !== null && owner.uid !== process.getuid?.()) await own(slot.src, owner.uid, owner.gid);
    return value;
  }

  async #exec(command: ExecCommand): Promise<void> {
    const exec = this.#execOf(recordOf(command, this.#state.masks, this.#state.open.nonce));
    this.#execs.set(command.id, exec);
    let outcome: Outcome;
    try {
      await this.#opened;
      const refs = refsOfExec(command.secrets, command.masks);
      const all = exec.record.masks;
      if (all.length > 0) {
        await this.#secrets.learn(all);
        await this.#remember(refs);
      }
      const place = await this.#placeFor(command.container);
      this.#context.link.emit({ type: "started", ...this.#caller, command: command.id, pid: null }, true);
      outcome = await exec.begin(place, command);
    } catch (error) {
      outcome = { ok: false, failure: failureOf(error) };
    }
    this.#ended(exec, outcome);
  }

  #ended(exec: Exec, outcome: Outcome): void {
    if (this.#over) return;
    this.#outcomes.set(exec.record.id, outcome);
    this.#tell(exec.record.id, outcome);
  }

  #cancel(command: CancelCommand): void {
    this.#execs.get(command.command)?.cancel(command.graceMs);
    this.#aborts.get(command.command)?.abort();
    const outcome: Outcome = { ok: true, result: { of: "cancel", value: {} } };
    this.#outcomes.set(command.id, outcome);
    this.#tell(command.id, outcome);
  }

  async #drop(name: string): Promise<void> {
    const container = this.#containers.get(name);
    if (container === undefined) return;
    container.gone(new RunnerFailure("container_gone", "sluice", `the container ${name} was removed`));
    await container.remove();
    this.#containers.delete(name);
    this.#state.containers = this.#state.containers.filter((known) => known.name !== name);
  }

  async #park(): Promise<void> {
    this.#state.parked = true;
    await this.#save();
    await Promise.all([...this.#containers.values()].map((container) => container.park()));
  }

  async #unpark(signal: AbortSignal): Promise<void> {
    // Services first: the main container's steps count on them.
    const order = [...this.#containers.values()].sort(
      (a, b) => Number(a.isSupervised) - Number(b.isSupervised),
    );
    for (const container of order) await container.unpark(signal);
    this.#state.parked = false;
    await this.#save();
  }

  async #close(): Promise<CommandValue> {
    await this.remove();
    return { of: "close", value: {} };
  }

  // ---- steps and containers ----

  #resumeSteps(): void {
    for (const record of readExecRecords(this.#folder)) {
      const container = this.#containers.get(record.container);
      const exec = this.#execOf(record);
      if (container === undefined || !container.isSupervised || !exec.isWritten(container.supervised)) {
        // It never began; its command comes again.
        dropExecRecord(this.#folder, record.n);
        continue;
      }
      this.#execs.set(record.id, exec);
      this.#outcomes.set(record.id, null);
      void this.#resumeStep(exec, container).catch((error: unknown) =>
        this.#context.log.error({ session: this.id, err: error }, "a step was not taken up"),
      );
    }
  }

  async #resumeStep(exec: Exec, container: SessionContainer): Promise<void> {
    let outcome: Outcome;
    try {
      await this.#secrets.learn(exec.record.masks);
      const following = exec.follow(container.place());
      if (container.goneBecause !== null) exec.containerGone(container.goneBecause);
      outcome = await following;
    } catch (error) {
      outcome = { ok: false, failure: failureOf(error) };
    }
    this.#ended(exec, outcome);
  }

  async #placeFor(name: string): Promise<ExecPlace> {
    const container = this.#containers.get(name);
    if (container === undefined || !container.isSupervised) {
      throw new RunnerFailure(
        "container_gone",
        "sluice",
        `the session has no container ${name} that runs steps`,
      );
    }
    await container.entered();
    if (container.goneBecause !== null) throw container.goneBecause;
    return container.place();
  }

  // The engine may say that a container died a moment before it says that it does not run.
  async #lookUntilEnded(container: SessionContainer): Promise<void> {
    for (let look = 0; look < DEATH_LOOKS && !this.#over; look += 1) {
      await this.#lookAt(container, "container_exited");
      if (container.goneBecause !== null || this.#state.parked) return;
      await pause(DEATH_LOOK_MS, this.#context.link.signal);
    }
  }

  async #lookAtContainers(code: "container_gone" | "docker_daemon"): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => this.#lookAt(container, code)));
  }

  async #lookAt(
    container: SessionContainer,
    code: "container_gone" | "container_exited" | "docker_daemon",
  ): Promise<void> {
    let found: RunnerFailure | null;
    try {
      found = await container.lookForEnd(code);
    } catch {
      // The engine is away; we look again when it is back.
      return;
    }
    if (found === null || this.#over || this.#state.parked) return;
    const reason = this.#givingUp ?? found;
    container.gone(reason);
    for (const exec of this.#execs.values()) {
      if (exec.record.container === container.state.name) exec.containerGone(reason);
    }
    if (container.state.role === "main") await this.#lose(reason);
  }

  /** Ids of its containers that are there. */
  get containerIds(): string[] {
    return this.#state.containers.flatMap(({ id }) => (id === null ? [] : [id]));
  }

  /** Ends by itself for a reason of the machine: its containers stop, its steps fail, and the server hears that it is lost. */
  async giveUp(reason: RunnerFailure): Promise<void> {
    // Set before anything stops: whoever sees a container end from now on knows why.
    this.#givingUp = reason;
    await Promise.all(this.containerIds.map((id) => this.#context.engine.stop(id, 0)));
    for (const exec of this.#execs.values()) exec.containerGone(reason);
    await this.#lose(reason);
  }

  async #lose(reason: RunnerFailure): Promise<void> {
    if (this.#state.lost) return;
    this.#state.lost = true;
    await this.#save();
    // Its steps tell their own ends first.
    setImmediate(() => {
      if (!this.#over) this.#context.link.emit({ type: "lost", ...this.#caller, failure: failureOf(reason) });
    });
  }

  #execOf(record: Exec["record"]): Exec {
    return new Exec({
      record,
      folder: this.#folder,
      caller: this.#caller,
      link: this.#context.link,
      secrets: this.#secrets,
      limits: this.#logLimits(),
      append: (file, id, from) =>
        withPieces(from, (piece) =>
          appendOnce(placeOf(this.#takenSlot(), "/", file), id, piece, {
            owner: this.#mainOwner(),
            folder: this.#folder,
          }),
        ),
    });
  }

  #logLimits(): LogLimits {
    const { logHeadBytes, logTailBytes } = this.#state.open.limits;
    return {
      headBytes: logHeadBytes ?? DEFAULT_LOG_LIMITS.headBytes,
      tailBytes: logTailBytes ?? DEFAULT_LOG_LIMITS.tailBytes,
    };
  }

  #containerOf(state: SessionState["containers"][number]): SessionContainer {
    const container = new SessionContainer(this.#context, {
      state,
      session: this.id,
      fence: this.fence,
      open: this.#state.open,
      marker: this.#state.marker,
      folder: path.join(this.#folder, "c", state.name),
      inFolder: path.join(this.#context.folders.inputs, this.id, state.name),
    });
    container.supervised.onUnheard = () => void this.#lookAt(container, "container_exited");
    return container;
  }

  #mainOwner(): { uid: number; gid: number } | null {
    for (const container of this.#containers.values()) {
      if (container.state.role === "main" && container.state.ready !== null) return container.owner();
    }
    return null;
  }

  #work(): {
    context: RunnerContext;
    caller: Caller;
    slot: Slot;
    folder: string;
    secrets: SessionSecrets;
    untrusted: boolean;
    build: string;
    owner: { uid: number; gid: number } | null;
  } {
    return {
      context: this.#context,
      caller: this.#caller,
      slot: this.#takenSlot(),
      folder: this.#folder,
      secrets: this.#secrets,
      untrusted: this.#state.open.trust === "untrusted",
      build: this.#state.open.build,
      owner: this.#mainOwner(),
    };
  }

  #takenSlot(): Slot {
    if (this.#slot !== null) return this.#slot;
    throw new RunnerFailure("session_unknown", "sluice", "the session has no workspace");
  }

  // Checkouts and changes of owner touch the same files: one at a time.
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#checkouts.then(work, work);
    this.#checkouts = mine;
    return mine;
  }

  async #remember(refs: readonly SecretRef[]): Promise<void> {
    const fresh = refs.filter((ref) => !this.#state.masks.includes(ref));
    if (fresh.length === 0) return;
    this.#state.masks.push(...fresh);
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#file.save(this.#state);
  }

  #tell(command: string, outcome: Outcome): void {
    this.#context.link.emit({ type: "ended", ...this.#caller, command, outcome });
  }
}

/** The state of a session that is opened now. The marker is in no argument list and no file that the build can read. */
export function newSessionState(command: OpenCommand): SessionState {
  return {
    version: 1,
    id: command.session,
    fence: command.fence,
    open: command,
    marker: `sluice-${randomBytes(16).toString("hex")}`,
    slot: "",
    network: null,
    parked: false,
    lost: false,
    containers: [],
    masks: [],
    commands: [],
  };
}

const CANCELLED = { code: "cancelled", message: "cancelled", fault: "person" } as const;

function sessionLost(): RunnerFailure {
  return new RunnerFailure("agent_lost", "sluice", "the agent of this session is gone");
}
