import type { Logger } from "pino";
import type { Outcome as WireOutcome, RunnerEvent } from "../../runners/protocol.ts";
import { Outcome as WireOutcomeSchema } from "../../runners/protocol.ts";
import type { SessionRequest, Stored } from "../../pipelines/ports.ts";
import { CommandNote } from "../builds/journal/command-note.ts";
import {
  type BeginPorts,
  type BeginScope,
  contextFor,
  sealCommand,
  sealOutcome,
} from "../builds/prepare-begin.ts";
import { DamagedRecord } from "../builds/damaged.ts";
import type { BuildSeal } from "../builds/seal.ts";
import { mainContainer } from "../builds/translate/commands.ts";
import { errorOf, refusal } from "../builds/translate/failure.ts";
import {
  builtImage,
  type EffectOutcome,
  outcomeOf,
  sessionOutcome,
  textOf,
} from "../builds/translate/outcome.ts";
import type { StepLogs } from "../builds/logs.ts";
import type { Store } from "../store/store.ts";
import type { Blobs } from "./blobs.ts";
import {
  addCommand,
  type CommandEnd,
  endCommands,
  type KnownCommand,
  keepPart,
  knownCommands,
} from "./command-procedures.ts";
import { readJunit, type TestCase } from "./junit.ts";

/** Carries what runners report into the journal. */
export interface Ingest {
  /** Takes events of one runner; each is safe to repeat. */
  take(runnerId: number, events: readonly RunnerEvent[]): Promise<{ acked: number[]; refused: string[] }>;
}

interface Deps {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly logs: Pick<StepLogs, "measure">;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  /** The build's scope as its frozen head says it, for a command that follows from another. */
  readonly scopeOf: (buildId: number) => Promise<BeginScope>;
  readonly ports: () => BeginPorts;
  readonly poke: (buildId: number) => void;
  readonly commandsAdded: (session: string) => void;
  readonly lost: (session: string, code: string, text: string) => Promise<void>;
  readonly log: Logger;
}

/** A session whose request was read back. */
function isSessionRequest(value: unknown): value is SessionRequest {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "session";
}

export function createIngest(deps: Deps): Ingest {
  const { store, blobs, log } = deps;

  async function take(runnerId: number, events: readonly RunnerEvent[]) {
    const acked: number[] = [];
    const refused = new Set<string>();
    const ids = events.flatMap((event) => (event.type === "ended" ? [event.command] : []));
    const known = new Map((await store.call(knownCommands, { ids })).map((command) => [command.id, command]));
    const ends: CommandEnd[] = [];
    const woken: string[] = [];
    const losses: Extract<RunnerEvent, { type: "lost" }>[] = [];
    for (const event of events) {
      acked.push(event.no);
      if (event.type === "lost") {
        losses.push(event);
        continue;
      }
      if (event.type !== "ended") continue;
      const command = known.get(event.command);
      if (command === undefined || command.runnerId !== runnerId || command.fence !== event.fence) {
        refused.add(event.session);
        continue;
      }
      if (command.endedAtMs !== null && command.effectKind !== "session") continue;
      try {
        const end = await endOf(command, event.outcome, woken);
        if (end !== null) ends.push(await withLog(end));
      } catch (err) {
        log.error({ command: command.id, err }, "the end of a command could not be read");
        ends.push(await failedEnd(command, err));
      }
    }
    if (ends.length > 0) for (const build of await store.call(endCommands, { ends })) deps.poke(build);
    // Steps say their own ends before their agent is given up, and those count.
    for (const { session, failure } of losses) await deps.lost(session, failure.code, failure.message);
    for (const session of woken) deps.commandsAdded(session);
    return { acked, refused: [...refused] };
  }

  async function withLog(end: CommandEnd): Promise<CommandEnd> {
    if (end.stepNo === null || end.effect === null) return end;
    return { ...end, log: await deps.logs.measure(end.buildId, end.stepNo) };
  }

  async function failedEnd(command: KnownCommand, error: unknown): Promise<CommandEnd> {
    // Its build has ended for that, and no outcome can be sealed: others in the same report must not wait for it.
    if (error instanceof DamagedRecord) return bare(command);
    const text = error instanceof Error ? error.message : String(error);
    return await effectEnd(command, {
      error: refusal(`what the runner answered could not be used: ${text}`, "internal_error", "sluice"),
    });
  }

  /** Null where other commands of the same effect are still out. */
  async function endOf(
    command: KnownCommand,
    outcome: WireOutcome,
    woken: string[],
  ): Promise<CommandEnd | null> {
    if (command.effectId === null) {
      if (command.type === "unpark") woken.push(command.session);
      return bare(command);
    }
    if (command.effectKind === "session") return await partOfSession(command, command.effectId, outcome);
    const note = command.note === null ? null : CommandNote.parse(JSON.parse(command.note));
    if (note !== null && outcome.ok) return await withNote(command, note, outcome);
    const read = await outcomeOf(outcome, (sha256) => readBlob(command.buildId, sha256));
    // A file that is not there is a value: the step decides whether that is a failure.
    if (!outcome.ok && outcome.failure.code === "file_missing" && command.type === "file")
      return await effectEnd(command, { value: null });
    return await effectEnd(command, read);
  }

  async function readBlob(buildId: number, sha256: string): Promise<Uint8Array> {
    return await blobs.read(buildId, sha256);
  }

  function bare(command: KnownCommand): CommandEnd {
    return {
      command: command.id,
      session: command.session,
      buildId: command.buildId,
      stepNo: command.stepNo,
      log: null,
      effect: null,
      ready: null,
      blobs: [],
      artifacts: [],
      tests: [],
    };
  }

  async function effectEnd(command: KnownCommand, outcome: EffectOutcome): Promise<CommandEnd> {
    if (command.effectId === null) return bare(command);
    const seal = await deps.sealOf(command.buildId);
    return {
      ...bare(command),
      effect: {
        buildId: command.buildId,
        effectId: command.effectId,
        outcome: sealOutcome(seal, command.effectId, outcome),
        exitCode: exitOf(outcome),
      },
    };
  }

  async function partOfSession(
    command: KnownCommand,
    effectId: string,
    outcome: WireOutcome,
  ): Promise<CommandEnd | null> {
    const seal = await deps.sealOf(command.buildId);
    const rows = await store.call(keepPart, {
      command: command.id,
      session: command.session,
      effectId,
      result: seal.seal(`result ${command.id}`, JSON.stringify(outcome)),
    });
    if (!outcome.ok) return await effectEnd(command, { error: errorOf(outcome.failure) });
    if (rows.some((row) => row.result === null)) return null;
    const parts = new Map(
      rows.flatMap((row) =>
        row.result === null
          ? []
          : [
              [
                row.type,
                WireOutcomeSchema.parse(JSON.parse(seal.open(`result ${row.id}`, row.result))),
              ] as const,
            ],
      ),
    );
    const image = builtImage(parts);
    if (image !== null && !parts.has("container")) {
      const refusedWhy = await startBuiltImage(command, effectId, image, seal);
      return refusedWhy === null
        ? null
        : await effectEnd(command, { error: refusal(refusedWhy, "not_allowed") });
    }
    const opened = sessionOutcome(parts, command.label);
    const open = parts.get("open");
    const ready =
      open?.ok === true && open.result.of === "open"
        ? { workspace: open.result.value.slot, node: open.result.value.node }
        : null;
    return { ...(await effectEnd(command, opened)), ready: "error" in opened ? null : ready };
  }

  /** The container of an agent that was built from a Dockerfile, once its image is there. */
  async function startBuiltImage(
    command: KnownCommand,
    effectId: string,
    image: string,
    seal: BuildSeal,
  ): Promise<string | null> {
    const request: unknown = JSON.parse(seal.open(`session ${command.session}`, command.request));
    if (!isSessionRequest(request)) return "the agent's request cannot be read";
    const scope = await deps.scopeOf(command.buildId);
    const context = await contextFor(scope, request, deps.ports());
    const made = mainContainer(`${command.session}.3`, request.container, image, context);
    if (!made.ok) return made.reason;
    await store.call(addCommand, {
      session: command.session,
      effectId,
      command: sealCommand(seal, made.value, command.stepNo, null),
    });
    deps.commandsAdded(command.session);
    return null;
  }

  async function withNote(
    command: KnownCommand,
    note: CommandNote,
    outcome: Extract<WireOutcome, { ok: true }>,
  ): Promise<CommandEnd> {
    const { result } = outcome;
    if (note.kind === "junit" && result.of === "file" && result.value.kind === "texts") {
      const cases: TestCase[] = [];
      for (const file of result.value.texts) {
        const report = readJunit(await textOf(file.data, (sha256) => readBlob(command.buildId, sha256)));
        if (!report.ok)
          return await effectEnd(command, {
            error: refusal(`the report ${file.path} cannot be read: ${report.message}`, "error_step"),
          });
        cases.push(...report.cases);
      }
      const end = await effectEnd(command, { value: summaryOf(cases) });
      return {
        ...end,
        tests: cases.map((test) =>
          note.keepLongOutput ? test : { ...test, detail: test.detail?.slice(0, 4000) ?? null },
        ),
      };
    }
    const end = await effectEnd(
      command,
      await outcomeOf(outcome, (sha256) => readBlob(command.buildId, sha256)),
    );
    if (note.kind === "stash" && result.of === "blob" && result.value.blob !== null)
      return {
        ...end,
        blobs: [{ kind: "stash", name: note.name, sha256: result.value.blob, sizeBytes: result.value.bytes }],
      };
    if (note.kind === "archive" && result.of === "blob")
      return {
        ...end,
        artifacts: result.value.files.map((file) => ({
          kind: "file" as const,
          name: file.path,
          tag: null,
          digest: file.blob,
          sizeBytes: file.bytes,
          path: `${command.buildId}/${file.blob}`,
        })),
      };
    if (note.kind === "push" && result.of === "image")
      return {
        ...end,
        artifacts: [
          {
            kind: "image",
            name: note.repository,
            tag: note.tag,
            digest: result.value.digest,
            sizeBytes: null,
            path: null,
          },
        ],
      };
    return end;
  }

  return { take };
}

function summaryOf(cases: readonly TestCase[]): Stored {
  return {
    total: cases.length,
    failed: cases.filter((test) => test.state === "failed" || test.state === "error").length,
    skipped: cases.filter((test) => test.state === "skipped").length,
    durationMs: cases.reduce((sum, test) => sum + test.durationMs, 0),
  };
}

function exitOf(outcome: EffectOutcome): number | null {
  if (!("value" in outcome)) return null;
  const value = outcome.value;
  if (typeof value !== "object" || value === null || !("exit" in value)) return null;
  return typeof value.exit === "number" ? value.exit : null;
}
