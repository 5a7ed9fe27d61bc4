import { randomUUID } from "node:crypto";
import type { RunnerContext } from "./context.ts";
import type { DiskKeeper } from "./disk-keeper.ts";
import { watchDisk } from "./watch-disk.ts";
import { ensureSharedBridge } from "./docker/network.ts";
import { sweep } from "./docker/sweep.ts";
import { watchContainers } from "./docker/watch.ts";
import type { Caller } from "./link.ts";
import type { Command, Control, HelloAnswer, HelloRequest, RunnerEvent } from "./protocol.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { Session, newSessionState } from "./session.ts";
import { readStates, removeFolder } from "./state.ts";
import { startUpkeep } from "./workspace/upkeep.ts";
import path from "node:path";

/** With the age that a leftover must have, what a dead run left is gone within a minute. */
const SWEEP_EVERY_MS = 25_000;
const VERSION = "0.1.0";

/** What a runner says of itself. */
export interface RunnerFacts {
  readonly labels: readonly string[];
  readonly places: number;
  readonly gitVersion: string;
}

/** All sessions of one runner, and what it hears from its server and its engine. */
export class Runner {
  readonly #context: RunnerContext;
  readonly #facts: RunnerFacts;
  readonly #sessions = new Map<string, Session>();
  readonly boot = randomUUID();
  #identity: { instance: string; name: string } | null = null;
  #bridge: Promise<string> | null = null;
  /** Sessions that are being removed: they answer nothing any more. */
  readonly #leaving = new Map<string, Promise<void>>();
  #watching: Promise<void> | null = null;
  #sweeping: NodeJS.Timeout | null = null;
  #disk: DiskKeeper | null = null;
  #upkeep: { stop(): Promise<void> } | null = null;
  #draining = false;
  #engine = { engine: "unknown", api: "unknown", hasAgentImage: false };
  #whenEmpty: (() => void)[] = [];

  constructor(makeContext: (runner: Runner) => RunnerContext, facts: RunnerFacts) {
    this.#context = makeContext(this);
    this.#facts = facts;
  }

  /** The letters of the server's instance; known from the first hello on. */
  get instance(): string {
    if (this.#identity === null) throw new Error("the runner has not said hello yet");
    return this.#identity.instance;
  }

  get name(): string {
    return this.#identity?.name ?? "";
  }

  async bridge(): Promise<string> {
    this.#bridge ??= ensureSharedBridge(this.#context.engine, this.instance, this.name).catch(
      (error: unknown) => {
        this.#bridge = null;
        throw error;
      },
    );
    return this.#bridge;
  }

  /** Reads what an earlier process left; it is taken up after the first hello. */
  async load(): Promise<void> {
    const { states, broken } = await readStates(this.#context.folders.sessions);
    for (const state of states) {
      const session = new Session(this.#context, state);
      session.onForgotten = () => this.#forget(session);
      this.#sessions.set(state.id, session);
    }
    for (const name of broken) {
      this.#context.log.warn({ session: name }, "a session without readable state is removed");
      await removeFolder(path.join(this.#context.folders.sessions, name));
      await removeFolder(path.join(this.#context.folders.inputs, name));
    }
  }

  /** Talks to the server until the link stops. */
  async run(): Promise<void> {
    const resumed = new Set<string>();
    await this.#context.link.run(
      {
        command: (command) => this.#command(command),
        control: (control) => this.#control(control),
        refused: (sessions) => this.#refuse(sessions),
        acked: (event) => this.#acked(event),
      },
      () => this.#introduce(),
      (answer) => this.#welcome(answer, resumed),
    );
  }

  /** Takes no new session; resolves when the last one is closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#context.link.reconnect();
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Ends every call to the server. */
  halt(): void {
    this.#context.link.stop();
  }

  /** Stops working; containers and steps go on. */
  async stop(): Promise<void> {
    if (this.#sweeping !== null) clearInterval(this.#sweeping);
    await this.#disk?.stop();
    await this.#upkeep?.stop();
    for (const session of this.#sessions.values()) session.stop();
    await this.#watching;
  }

  async #introduce(): Promise<HelloRequest> {
    const { agentImage } = this.#context;
    await this.#lookAtEngine();
    return {
      protocol: PROTOCOL_VERSION,
      boot: this.boot,
      labels: [...this.#facts.labels],
      places: this.#facts.places,
      draining: this.#draining,
      versions: {
        runner: VERSION,
        engine: this.#engine.engine,
        api: this.#engine.api,
        git: this.#facts.gitVersion,
      },
      agentImage: { name: agentImage, present: this.#engine.hasAgentImage },
      sessions: [...this.#sessions.values()].map((session) => session.hello()),
    };
  }

  // While the daemon is away steps go on, and so does the link: what was seen last is told.
  async #lookAtEngine(): Promise<void> {
    const { engine, images, agentImage, log } = this.#context;
    try {
      const hasAgentImage = (await images.inspect(agentImage)) !== null;
      this.#engine = { ...(await engine.version()), hasAgentImage };
    } catch (error) {
      log.warn({ err: error }, "the Docker Engine does not answer");
    }
  }

  async #welcome(answer: HelloAnswer, resumed: Set<string>): Promise<void> {
    const isFirst = this.#identity === null;
    this.#identity = { instance: answer.instance, name: answer.name };
    await Promise.all(answer.close.map((id) => this.#remove(id)));
    for (const session of this.#sessions.values()) {
      if (!isFirst || resumed.has(session.id)) continue;
      resumed.add(session.id);
      await session.resume();
    }
    if (!isFirst) return;
    const { engine, link } = this.#context;
    this.#watching = watchContainers(
      engine,
      answer.instance,
      {
        died: (id) => this.#eachSession((session) => session.containerDied(id)),
        unsure: () => this.#eachSession((session) => session.engineIsBack()),
      },
      link.signal,
    );
    this.#disk = watchDisk(this.#context, answer.instance, () => [...this.#sessions.values()]);
    this.#disk.start();
    this.#upkeep = startUpkeep(this.#context);
    this.#sweeping = setInterval(() => void this.#sweep(), SWEEP_EVERY_MS);
    void this.#sweep();
  }

  #command(command: Command): void {
    const known = this.#sessions.get(command.session);
    if (command.type === "open" && (known === undefined || known.fence < command.fence)) {
      void this.#open(command, known);
      return;
    }
    const leaving = this.#leaving.get(command.session);
    if (command.type === "close" && leaving !== undefined) {
      void leaving.then(() => this.#command(command));
      return;
    }
    if (known !== undefined) return known.handle(command);
    const caller: Caller = { session: command.session, fence: command.fence };
    // What is not here needs no closing.
    if (command.type === "close") {
      const result = { of: "close", value: {} } as const;
      this.#context.link.emit({
        type: "ended",
        ...caller,
        command: command.id,
        outcome: { ok: true, result },
      });
      return;
    }
    const failure = {
      code: "session_unknown",
      message: "the runner does not have this session (any more)",
      fault: "sluice",
    } as const;
    this.#context.link.emit({
      type: "ended",
      ...caller,
      command: command.id,
      outcome: { ok: false, failure },
    });
  }

  async #open(command: Extract<Command, { type: "open" }>, older: Session | undefined): Promise<void> {
    const session = new Session(this.#context, newSessionState(command));
    session.onForgotten = () => this.#forget(session);
    this.#sessions.set(session.id, session);
    // A new placement of the same session begins with nothing of the old one.
    if (older !== undefined) await older.remove();
    session.handle(command);
  }

  #control(control: Control): void {
    if (control.type === "drain") this.#draining = true;
    if (control.type === "resume") this.#draining = false;
    this.#context.link.reconnect();
  }

  #refuse(ids: readonly string[]): void {
    for (const id of ids) void this.#remove(id);
  }

  #acked(event: RunnerEvent): void {
    const session = this.#sessions.get(event.session);
    if (event.type === "ended") session?.acked(event.command);
    // Nobody closes what is lost. A later placement of the session is another one.
    if (event.type === "lost" && session?.fence === event.fence)
      session.whenStepsAreTold(() => void this.#remove(event.session));
  }

  async #remove(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    const leaving = this.#leave(session);
    this.#leaving.set(id, leaving);
    await leaving;
    if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
  }

  async #leave(session: Session): Promise<void> {
    try {
      await session.remove();
    } catch (error) {
      const message = "a session was not removed; the sweep will do it";
      this.#context.log.error({ session: session.id, err: error }, message);
    }
    this.#forget(session);
  }

  #forget(session: Session): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
    if (this.#sessions.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #eachSession(work: (session: Session) => void): void {
    for (const session of this.#sessions.values()) work(session);
  }

  async #sweep(): Promise<void> {
    try {
      const { engine, log } = this.#context;
      const removed = await sweep(
        engine,
        { instance: this.instance, runner: this.name },
        {
          knows: (session) => this.#sessions.has(session),
          over: (sessions) => this.#context.link.sessionsOver(sessions),
        },
        Date.now(),
      );
      if (removed.length > 0) log.warn({ removed }, "leftovers of earlier sessions were removed");
    } catch (error) {
      this.#context.log.debug({ err: error }, "the sweep did not reach the engine");
    }
  }
}
