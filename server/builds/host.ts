import type { Logger } from "pino";
import type { Begin, Head, Mark, Outcome, StoredError, Turn } from "../../pipelines/ports.ts";
import { isStoreError } from "../store/errors.ts";
import { renewLeases } from "../store/leases.ts";
import type { Store } from "../store/store.ts";
import { type BuildFiles, type ConsoleFile, openConsole, writeConsole } from "./console.ts";
import { type EngineHandle, EngineGone, type EnginePool } from "./engine/pool.ts";
import {
  BUILD_LEASE_MS,
  type ClaimedBuild,
  type ClaimResult,
  claimBuild,
  type Hold,
} from "./journal/claim-build.ts";
import { commitTurn } from "./journal/commit-turn.ts";
import { endEffects } from "./journal/end-effects.ts";
import { abortBuild } from "./journal/abort-build.ts";
import { failBuild, MOST_BREAKS, noteBreak, noteStanding } from "./journal/fail-build.ts";
import { DamagedRecord } from "./damaged.ts";
import { SecretGone } from "./secret-delivery.ts";
import { failingLineIn } from "./failure.ts";
import { readHead } from "./head.ts";
import {
  type CommitFacts,
  type JournalRow,
  readJournal,
  readOutcomes,
  saveHead,
  unloadBuild,
} from "./journal/load-build.ts";
import type { StepLogs } from "./logs.ts";
import type { EndInput, TurnResult } from "./journal/turn-input.ts";
import { noteForgeAway } from "./journal/note-forge-away.ts";
import { type BeginPorts, type BeginScope, sealOutcome } from "./prepare-begin.ts";
import { type BuildSeal } from "./seal.ts";
import { outcomeFrom, replay, ReplayMismatch } from "./replay.ts";
import { refusal } from "./translate/failure.ts";
import type { EffectOutcome } from "./translate/outcome.ts";
import { turnInput } from "./turn-rows.ts";

const RENEW_MS = 5_000;
const LOOK_MS = 2_000;
const IDLE_MS = 30_000;
const AGAIN_MS = 50;
/** How long a forge may be away before a build that cannot be read from it fails. */
const FORGE_PATIENCE_MS = 15 * 60_000;

/** A build frozen for its run, or why it cannot be. */
export type Frozen =
  | { readonly kind: "head"; readonly head: Head; readonly facts: CommitFacts }
  | {
      readonly kind: "invalid";
      readonly console: readonly string[];
      readonly text: string;
      readonly commit: { readonly sha: string; readonly facts: CommitFacts };
    }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly text: string;
      /** The repository cannot be reached now: the same may succeed later without anybody doing anything. */
      readonly isAway?: boolean;
    };

/** What a host needs beside the database. */
export interface HostPorts extends BeginPorts {
  /** Reads file, libraries and settings once; the result is frozen and never read again. */
  freeze(build: ClaimedBuild): Promise<Frozen>;
  openSeal(build: { readonly id: number; readonly dataKey: Uint8Array }): BuildSeal;
  /** Values of secrets are added at each delivery; null: a version that was bound is gone. */
  withSecrets(scope: BeginScope, value: unknown): Promise<unknown>;
  /** Carries out a request to an outside address; never throws. */
  http(scope: BeginScope, begin: Begin, signal: AbortSignal): Promise<EffectOutcome>;
}

/** Those who must hear of what a turn wrote, once it is committed. */
export interface HostListeners {
  turned(buildId: number, result: Extract<TurnResult, { kind: "done" }>): void;
  ended(buildId: number, end: EndInput): void;
}

/** Hosts loaded engines: claims, replays, delivers outcomes, unloads. What it holds in memory may be lost at any time. */
export interface BuildHost {
  /** Carries out a nudge: loads the build if it may be loaded now and nobody has it. */
  handle(buildId: number): Promise<ClaimResult["kind"]>;
  /** Says that an outcome was committed; harmless for builds that are not here. */
  poke(buildId: number): void;
  loaded(): readonly number[];
  /** Stops delivering and gives builds back; running steps go on. */
  stop(): Promise<void>;
}

interface Loaded {
  readonly build: ClaimedBuild;
  readonly scope: BeginScope;
  readonly engine: EngineHandle;
  readonly console: ConsoleFile;
  readonly http: Map<string, AbortController>;
  readonly stageNumbers: Map<string, number>;
  /** Names of further containers by the effect that made them. */
  readonly containers: Map<string, string>;
  delivered: number;
  marksDone: number;
  consoleLength: number;
  quiet: boolean;
  idleSince: number;
  poked: boolean;
  /** Hosts have died under it, and this one has not come through yet what they died in. */
  mayBeDeadly: boolean;
  wake: (() => void) | null;
  gone: boolean;
}

interface Deps {
  readonly store: Store;
  readonly pool: EnginePool;
  readonly files: BuildFiles;
  readonly logs: StepLogs;
  readonly ports: HostPorts;
  readonly listeners: HostListeners;
  readonly log: Logger;
  readonly version: string;
  /** How many hosts in a row may die under a build before it is given up; a test that kills at random wants no such end. */
  readonly mostDeaths?: number;
  /** Why no queued build may start on this server now; null when they may. */
  readonly holdStarts?: () => Promise<Hold | null>;
}

export function createBuildHost(deps: Deps): BuildHost {
  const { store, pool, files, ports, listeners, log } = deps;
  const loaded = new Map<number, Loaded>();
  const claiming = new Map<number, Promise<ClaimResult["kind"]>>();
  const driving = new Set<Promise<void>>();
  let stopped = false;
  /** Since when builds could not be read from their forges, by this process's own clock. */
  const awaySince = new Map<number, number>();

  const renewal = setInterval(() => {
    void renew().catch((err: unknown) => log.warn({ err }, "leases of builds could not be renewed"));
  }, RENEW_MS);

  async function renew(): Promise<void> {
    if (loaded.size === 0) return;
    const leases = [...loaded.values()].map(({ build }) => ({
      name: `build:${build.id}`,
      fence: build.fence,
    }));
    const kept = new Set(
      await store.call(renewLeases, { leases, holder: store.holder, ttlMs: BUILD_LEASE_MS }),
    );
    for (const entry of loaded.values()) if (!kept.has(`build:${entry.build.id}`)) lost(entry);
  }

  /** Another host has it, or we slept for longer than a lease lasts: then it is free, and ours again. */
  function lost(entry: Loaded): void {
    drop(entry, "its lease was lost");
    loadAgain(entry.build.id);
  }

  function drop(entry: Loaded, why: string): void {
    if (entry.gone) return;
    entry.gone = true;
    for (const controller of entry.http.values()) controller.abort();
    entry.engine.drop();
    if (loaded.get(entry.build.id) === entry) loaded.delete(entry.build.id);
    entry.wake?.();
    log.debug({ build: entry.build.id, why }, "build unloaded");
  }

  async function handle(buildId: number): Promise<ClaimResult["kind"]> {
    const here = loaded.get(buildId);
    if (here !== undefined) {
      poke(buildId);
      return "claimed";
    }
    const already = claiming.get(buildId);
    if (already !== undefined) return await already;
    const mine = load(buildId).finally(() => claiming.delete(buildId));
    claiming.set(buildId, mine);
    return await mine;
  }

  async function load(buildId: number): Promise<ClaimResult["kind"]> {
    if (stopped) return "taken";
    const hold = (await deps.holdStarts?.()) ?? null;
    const asked = { buildId, holder: store.holder, hold };
    const claimed = await store.call(claimBuild, asked).catch(async (err: unknown) => {
      // Whether it was claimed is not known, but who holds a build may claim it again.
      if (!isStoreError(err, "outcome_unknown")) throw err;
      return await store.call(claimBuild, asked);
    });
    if (claimed.kind === "held") await supersede(buildId, claimed.hold.superseded ?? []);
    if (claimed.kind !== "claimed") return claimed.kind;
    await supersede(buildId, claimed.superseded);
    const { build } = claimed;
    if (build.infraAttempts >= (deps.mostDeaths ?? MOST_BREAKS)) {
      const text = `Sluice died ${build.infraAttempts} times in a row while it worked on this build, and gives it up so that the others go on`;
      await end(build, { state: "failed", code: "internal_error", fault: "sluice", text });
      return "over";
    }
    const entry = await prepare(build).catch((err: unknown) => brokeUnder(build, err));
    if (entry === null) return "over";
    // One turn may be all there was.
    if (entry.gone) return "claimed";
    loaded.set(buildId, entry);
    const run = drive(entry)
      .catch((err: unknown) => broken(entry, err))
      .catch((err: unknown) =>
        log.error({ build: buildId, err }, "a failed build could not be noted; its lease runs out"),
      )
      .finally(() => driving.delete(run));
    driving.add(run);
    return "claimed";
  }

  /** Stops older builds for a newer one, because their file says so. */
  async function supersede(newer: number, older: readonly number[]): Promise<void> {
    if (older.length === 0) return;
    const row = await store.db
      .selectFrom("builds")
      .select("number")
      .where("id", "=", newer)
      .executeTakeFirst();
    for (const buildId of older) {
      await store.call(abortBuild, {
        buildId,
        by: "Sluice",
        result: "NOT_BUILT",
        reason: `build ${row?.number ?? newer} of the same branch is newer`,
        atLeast: 1,
      });
      poke(buildId);
    }
  }

  /** Freezes the head, starts an engine and brings it to where the journal ends. */
  async function prepare(build: ClaimedBuild): Promise<Loaded | null> {
    const seal = ports.openSeal(build);
    const journal = await store.call(readJournal, { buildId: build.id });
    if (journal.head === null && build.startedAtMs !== null)
      throw new DamagedRecord("the frozen head of this build is gone, and its record");
    const head = journal.head === null ? await freeze(build, seal) : readHead(seal, journal.head);
    if (head === null) return null;
    const scope: BeginScope = {
      buildId: build.id,
      projectId: build.projectId,
      projectKey: head.project.key,
      buildName: `${head.project.key} #${build.number}`,
      trusted: head.trusted,
      head,
      seal,
    };
    const engine = await pool.load(build.id, head);
    const console = await openConsole(files.consoleOf(build.id), build.consoleLength);
    const entry: Loaded = {
      build,
      scope,
      engine,
      console,
      http: new Map(),
      stageNumbers: new Map(),
      containers: new Map(),
      delivered: build.delivered,
      marksDone: build.marksDone,
      consoleLength: build.consoleLength,
      quiet: false,
      idleSince: performance.now(),
      poked: true,
      mayBeDeadly: build.infraAttempts > 0,
      wake: null,
      gone: false,
    };
    try {
      await bringUp(entry, journal.rows);
    } catch (error) {
      engine.drop();
      if (error instanceof ReplayMismatch) {
        await end(build, { state: "failed", code: "journal_mismatch", fault: "sluice", text: error.message });
        return null;
      }
      if (error instanceof EngineGone && error.culprit) {
        await end(build, {
          state: "failed",
          code: "limit",
          fault: "file",
          text: `the file used more than one turn may: ${error.message}`,
        });
        return null;
      }
      throw error;
    }
    return entry;
  }

  /** Whether a build whose forge is away is to be tried again, and not to fail. */
  function mayWaitForForge(buildId: number): boolean {
    const nowMs = performance.now();
    const sinceMs = awaySince.get(buildId) ?? nowMs;
    awaySince.set(buildId, sinceMs);
    return nowMs - sinceMs < FORGE_PATIENCE_MS;
  }

  async function freeze(build: ClaimedBuild, seal: BuildSeal): Promise<Head | null> {
    const frozen = await ports.freeze(build);
    if (frozen.kind === "failed" && frozen.isAway === true && mayWaitForForge(build.id)) {
      log.warn(
        { build: build.id, text: frozen.text },
        "a build cannot be read from its forge; it is tried again",
      );
      await store.call(noteForgeAway, { buildId: build.id, fence: build.fence, said: frozen.text });
      return null;
    }
    awaySince.delete(build.id);
    if (frozen.kind !== "head") {
      const lines = frozen.kind === "invalid" ? frozen.console : [frozen.text, "Finished: FAILURE"];
      const length = await writeConsole(files.consoleOf(build.id), lines);
      await end(
        build,
        frozen.kind === "invalid"
          ? { state: "failed", code: "invalid_file", fault: "file", text: frozen.text }
          : { state: "failed", code: frozen.code, fault: "sluice", text: frozen.text },
        length,
        frozen.kind === "invalid" ? frozen.commit : undefined,
      );
      return null;
    }
    const { head } = frozen;
    const saved = await store.call(saveHead, {
      buildId: build.id,
      fence: build.fence,
      sha: head.commit,
      jenkinsfilePath: head.file.path,
      jenkinsfileSha: head.file.commit,
      engineVersion: deps.version,
      changes: JSON.stringify(head.changes),
      body: seal.seal("head", JSON.stringify(head)),
      startedAtMs: head.startedAtMs,
      facts: frozen.facts,
    });
    return saved ? head : null;
  }

  async function end(
    build: ClaimedBuild,
    said: EndInput,
    consoleLength?: number,
    commit?: { readonly sha: string; readonly facts: CommitFacts },
  ): Promise<void> {
    const length = consoleLength ?? (await lastWords(build, said));
    const over = await store.call(failBuild, {
      buildId: build.id,
      fence: build.fence,
      end: said,
      ...(length === undefined ? {} : { consoleLength: length }),
      ...(commit === undefined ? {} : { commit }),
    });
    if (over) listeners.ended(build.id, said);
  }

  /** Says at the end of its console why a build ends that no engine ends; scripts read the last line. */
  async function lastWords(build: ClaimedBuild, { text }: EndInput): Promise<number | undefined> {
    try {
      const console = await openConsole(files.consoleOf(build.id), build.consoleLength);
      const lines = [`ERROR: ${text}`, "Finished: FAILURE"];
      return await console.append(
        lines.map((line, at) => ({ no: build.marksDone + at + 1, kind: "text", text: line, stepNo: null })),
      );
    } catch (err) {
      log.warn({ build: build.id, err }, "the last words of a build could not be written");
      return undefined;
    }
  }

  /** Runs the journal again from the start; the first turn of a new build is written here. */
  async function bringUp(entry: Loaded, rows: readonly JournalRow[]): Promise<void> {
    const { scope, engine } = entry;
    const fresh = entry.build.startedAtMs === null;
    if (fresh) {
      await commit(entry, await engine.turn(), 0);
      return;
    }
    const open = await replay({
      scope,
      engine,
      rows,
      delivered: entry.delivered,
      withSecrets: (value) => ports.withSecrets(scope, value),
      onTurn: (turn) => noteNames(entry, turn),
    });
    for (const begin of open) if (begin.kind === "http") resumeHttp(entry, begin);
  }

  function noteNames(entry: Loaded, turn: Turn): void {
    for (const mark of turn.marks)
      if (mark.kind === "stage" && !entry.stageNumbers.has(mark.path))
        entry.stageNumbers.set(mark.path, entry.stageNumbers.size + 1);
    for (const { id, request } of turn.begins)
      if (request.kind === "container") entry.containers.set(id, request.name);
  }

  /** Delivers outcomes one by one until the build ends, is lost or has nothing to do. */
  async function drive(entry: Loaded): Promise<void> {
    while (!entry.gone && !stopped) {
      entry.poked = false;
      const outcomes = await store.call(readOutcomes, { buildId: entry.build.id, after: entry.delivered });
      for (const row of outcomes) {
        if (entry.gone || stopped) return;
        if (row.ord === null || row.ord !== entry.delivered + 1) break;
        const outcome = await deliverable(entry, row.id, row.kind, row.ord, row.outcome);
        const turn = await entry.engine.turn(outcome);
        await commit(entry, turn, row.ord);
        entry.idleSince = performance.now();
      }
      if (entry.gone || stopped) return;
      if (outcomes.length > 0 || entry.poked) continue;
      if (entry.mayBeDeadly) {
        entry.mayBeDeadly = false;
        await store.call(noteStanding, { buildId: entry.build.id, fence: entry.build.fence });
      }
      if (shouldUnload(entry) && (await unload(entry))) return;
      await pokedOr(entry, LOOK_MS);
    }
  }

  async function deliverable(
    entry: Loaded,
    id: string,
    kind: string,
    ord: number,
    sealed: Uint8Array | null,
  ): Promise<Outcome> {
    return await outcomeFrom(entry.scope.seal, { id, kind, ord, outcome: sealed }, (value) =>
      ports.withSecrets(entry.scope, value),
    );
  }

  async function commit(entry: Loaded, turn: Turn, delivered: number): Promise<void> {
    noteNames(entry, turn);
    const fresh = turn.marks.filter((mark) => mark.no > entry.marksDone);
    await putOwnLogs(entry.build.id, fresh);
    const consoleLength = await entry.console.append(fresh);
    const marksDone = turn.marks.at(-1)?.no ?? entry.marksDone;
    const input = await turnInput({
      scope: entry.scope,
      fence: entry.build.fence,
      turn: { ...turn, marks: fresh },
      delivered,
      marksDone: Math.max(marksDone, entry.marksDone),
      consoleLength,
      stageNumbers: entry.stageNumbers,
      containers: entry.containers,
      ports,
      failingLine: (stepNo) => failingLineIn(deps.logs, entry.build.id, stepNo),
    });
    const result = await store.call(commitTurn, input);
    if (result.kind === "lost") {
      lost(entry);
      return;
    }
    entry.delivered = delivered;
    entry.marksDone = input.marksDone;
    entry.consoleLength = consoleLength;
    entry.quiet = turn.end === undefined && onlyWaitsForPeople(entry, turn);
    if (result.deliverMore) entry.poked = true;
    for (const other of result.others) poke(other);
    for (const cancel of turn.cancels) entry.http.get(cancel.id)?.abort();
    for (const begin of turn.begins)
      if (begin.kind === "http" && input.begins.some((row) => row.id === begin.id && row.outcome === null))
        startHttp(entry, begin);
    listeners.turned(entry.build.id, result);
    if (input.end !== null) {
      drop(entry, "it ended");
      listeners.ended(entry.build.id, input.end);
    }
  }

  /** Steps that only say something have a log as well: what they said. All of it is in one turn. */
  async function putOwnLogs(buildId: number, marks: readonly Mark[]): Promise<void> {
    for (const mark of marks) {
      if (mark.kind !== "step" || mark.effect !== null || mark.state === "running") continue;
      const said = marks.flatMap((one) =>
        one.kind === "text" && one.stepNo === mark.stepNo ? [`${one.text}\n`] : [],
      );
      // A step that only fails says why in its message, which the console prints at the end of the build.
      if (said.length === 0 && mark.state === "failed" && mark.label !== "") said.push(`${mark.label}\n`);
      if (said.length > 0) await deps.logs.put(buildId, mark.stepNo, said.join(""));
    }
  }

  function onlyWaitsForPeople(entry: Loaded, turn: Turn): boolean {
    if (turn.begins.length === 0) return entry.quiet;
    return turn.begins.every((begin) => begin.kind === "gate" || begin.kind === "timer");
  }

  function startHttp(entry: Loaded, begin: Begin): void {
    const controller = new AbortController();
    entry.http.set(begin.id, controller);
    void ports
      .http(entry.scope, begin, controller.signal)
      .then((outcome) => finishHttp(entry, begin, outcome))
      .catch((err: unknown) =>
        log.error({ build: entry.build.id, err }, "the end of a request could not be recorded"),
      );
  }

  async function finishHttp(entry: Loaded, begin: Begin, outcome: EffectOutcome): Promise<void> {
    entry.http.delete(begin.id);
    const outcomeBytes = sealOutcome(entry.scope.seal, begin.id, outcome);
    const ends = [{ buildId: entry.build.id, effectId: begin.id, outcome: outcomeBytes, exitCode: null }];
    await store.call(endEffects, { ends });
    poke(entry.build.id);
  }

  /** A request that was under way when the server died: asked again only where asking twice is harmless. */
  function resumeHttp(entry: Loaded, begin: Begin): void {
    if (begin.policy === "repeat") {
      startHttp(entry, begin);
      return;
    }
    const error: StoredError = refusal(
      "the request was sent and the server stopped before the answer came: the outcome is not known",
      "internal_error",
      "sluice",
    );
    void finishHttp(entry, begin, { error }).catch((err: unknown) =>
      log.error({ build: entry.build.id, err }, "the end of a request could not be recorded"),
    );
  }

  function shouldUnload(entry: Loaded): boolean {
    if (entry.http.size > 0) return false;
    return entry.quiet || performance.now() - entry.idleSince > IDLE_MS;
  }

  async function unload(entry: Loaded): Promise<boolean> {
    const given = await store.call(unloadBuild, { buildId: entry.build.id, fence: entry.build.fence });
    if (!given) {
      entry.idleSince = performance.now();
      return false;
    }
    drop(entry, "nothing to do");
    return true;
  }

  async function pokedOr(entry: Loaded, ms: number): Promise<void> {
    if (entry.poked || entry.gone) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      entry.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    entry.wake = null;
  }

  function poke(buildId: number): void {
    const entry = loaded.get(buildId);
    if (entry === undefined) return;
    entry.poked = true;
    entry.wake?.();
  }

  /** A build whose engine or row failed under us: lost with its thread it is loaded again, else it ends as our fault. */
  async function broken(entry: Loaded, error: unknown): Promise<void> {
    const { build } = entry;
    drop(entry, "it failed");
    if (error instanceof EngineGone) {
      if (error.culprit) {
        await end(build, {
          state: "failed",
          code: "limit",
          fault: "file",
          text: `the file used more than one turn may: ${error.message}`,
        });
        return;
      }
      log.warn({ build: build.id, err: error }, "a thread of engines ended; the build is loaded again");
      loadAgain(build.id);
      return;
    }
    await brokeUnder(build, error);
  }

  /** Soon, once the load that failed is over; the build is still ours to claim. */
  function loadAgain(buildId: number): void {
    const timer = setTimeout(() => {
      void handle(buildId).catch((err: unknown) =>
        log.error({ build: buildId, err }, "build could not be loaded again"),
      );
    }, AGAIN_MS);
    timer.unref();
  }

  /** Our own failure under a build: tried again from its journal when the lease has run out, but not for ever. */
  async function brokeUnder(build: ClaimedBuild, error: unknown): Promise<null> {
    const text = error instanceof Error ? error.message : String(error);
    if (isStoreError(error, "outcome_unknown")) {
      log.warn(
        { build: build.id, err: error },
        "an answer of the database was lost; the build is loaded again",
      );
      loadAgain(build.id);
      return null;
    }
    if (error instanceof DamagedRecord) {
      log.error({ build: build.id, err: error }, "what is kept of a build is damaged; it ends");
      await end(build, { state: "failed", code: "journal_mismatch", fault: "sluice", text });
      return null;
    }
    if (error instanceof SecretGone) {
      await end(build, { state: "failed", code: "secret_gone", fault: "person", text });
      return null;
    }
    log.error({ build: build.id, err: error }, "build could not go on; it is tried again from its journal");
    const over = await store.call(noteBreak, { buildId: build.id, fence: build.fence, text });
    if (over) listeners.ended(build.id, { state: "failed", code: "internal_error", fault: "sluice", text });
    return null;
  }

  return {
    handle,
    poke,
    loaded: () => [...loaded.keys()],
    async stop() {
      stopped = true;
      clearInterval(renewal);
      for (const entry of loaded.values()) drop(entry, "the server stops");
      await Promise.allSettled(driving);
      await pool.close();
    },
  };
}
