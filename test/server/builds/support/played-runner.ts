import { Command, type Outcome, type RunnerEvent } from "../../../../runners/protocol.ts";
import type { BuildSeal } from "../../../../server/builds/seal.ts";
import { readCommands } from "../../../../server/runners/command-procedures.ts";
import type { Ingest } from "../../../../server/runners/ingest.ts";
import { bodyOf } from "../../../../server/runners/stream.ts";
import { helloRunner, seenRunner } from "../../../../server/runners/runner-procedures.ts";
import type { Store } from "../../../../server/store/store.ts";

/** What a step does, told by the script of an `exec`: its exit code, or `hold` to run until it is let go or cancelled. */
export type Behaviour = (script: string, command: Command) => number | "hold";

/** The side of the server that a runner speaks with. */
export interface Server {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
}

interface Known {
  readonly command: Command;
  readonly script: string;
  outcome: Outcome | null;
}

/**
 * A runner without containers: it takes commands as the real one does (a known id is answered, never done again), keeps
 * results until they are acked, and does in each step what the test says.
 */
export interface PlayedRunner {
  readonly id: number;
  /** Scripts in the order in which they were begun, each begin once. */
  readonly ran: readonly string[];
  /** The ids of those steps. */
  readonly handles: readonly string[];
  readonly closed: ReadonlySet<string>;
  /** Commands that came again after they were known. */
  readonly repeats: () => number;
  hello(server: Server): Promise<void>;
  /** Takes what is there and reports what has ended; true when anything was done. */
  work(server: Server): Promise<boolean>;
  /** Ends a held step. */
  letGo(script: string, exit: number): void;
  /** Those it holds. */
  sessions(): readonly string[];
}

export function playRunner(options: {
  readonly id: number;
  readonly places?: number;
  readonly labels?: readonly string[];
  readonly behave?: Behaviour;
}): PlayedRunner {
  const { id, places = 4, labels = [], behave = () => 0 } = options;
  const known = new Map<string, Known>();
  const acked = new Set<string>();
  const ran: string[] = [];
  const handles: string[] = [];
  const closed = new Set<string>();
  const fences = new Map<string, number>();
  let no = 0;
  let repeats = 0;

  function begin(command: Command): Known {
    fences.set(command.session, command.fence);
    if (command.type !== "exec") return { command, script: "", outcome: answerTo(command) };
    const script = command.run.kind === "script" ? command.run.text : command.run.argv.join(" ");
    ran.push(script);
    handles.push(command.id);
    const exit = behave(script, command);
    return { command, script, outcome: exit === "hold" ? null : exited(exit, false) };
  }

  function answerTo(command: Command): Outcome {
    if (command.type === "cancel") {
      const target = known.get(command.command);
      if (target !== undefined && target.outcome === null)
        target.outcome = {
          ok: false,
          failure: { code: "cancelled", message: "the step was stopped", fault: "person" },
        };
    }
    if (command.type === "close") {
      closed.add(command.session);
      fences.delete(command.session);
    }
    return plainAnswer(command);
  }

  return {
    id,
    ran,
    handles,
    closed,
    repeats: () => repeats,
    sessions: () => [...fences.keys()],
    async hello({ store }) {
      await store.call(helloRunner, {
        runnerId: id,
        boot: "played",
        labels,
        places,
        draining: false,
        versions: JSON.stringify({ agentImage: true }),
        problem: null,
        sessions: [...fences].map(([session, fence]) => ({ id: session, fence, parked: false })),
      });
    },
    async work({ store, ingest, sealOf }) {
      await store.call(seenRunner, { runnerId: id });
      let did = false;
      for (const row of await store.call(readCommands, { runnerId: id, sessions: null })) {
        if (known.has(row.id)) {
          repeats += 1;
          continue;
        }
        const body = await bodyOf(sealOf, row);
        if (typeof body !== "object") throw new Error(`command ${row.id} cannot be read`);
        const command = Command.parse({ ...body, seq: row.seq, session: row.session, fence: row.fence });
        known.set(row.id, begin(command));
        did = true;
      }
      const events: RunnerEvent[] = [];
      const told: string[] = [];
      for (const [command, { outcome, command: of }] of known) {
        if (outcome === null || acked.has(command)) continue;
        no += 1;
        events.push({ type: "ended", no, session: of.session, fence: of.fence, command, outcome });
        told.push(command);
      }
      if (events.length === 0) return did;
      const answer = await ingest.take(id, events);
      if (answer.acked.length === events.length) for (const command of told) acked.add(command);
      return true;
    },
    letGo(script, exit) {
      for (const one of known.values())
        if (one.script === script && one.outcome === null) one.outcome = exited(exit, false);
    },
  };
}

function exited(exit: number, cancelled: boolean): Outcome {
  return {
    ok: true,
    result: {
      of: "exec",
      value: {
        exit,
        signal: null,
        oom: false,
        cancelled,
        incomplete: false,
        out: { kind: "text", text: `out ${exit}\n` },
      },
    },
  };
}

function plainAnswer(command: Command): Outcome {
  switch (command.type) {
    case "open":
      return {
        ok: true,
        result: {
          of: "open",
          value: {
            workspace: "/sluice/src",
            temp: "/sluice/tmp",
            node: "played",
            slot: "slot",
            dockerApi: false,
            env: { NODE_NAME: "played", WORKSPACE: "/sluice/src" },
          },
        },
      };
    case "container":
      return {
        ok: true,
        result: {
          of: "container",
          value: {
            containerId: "c1",
            imageId: "sha256:1",
            digest: null,
            user: "0",
            home: "/root",
            env: {},
          },
        },
      };
    case "checkout":
      return {
        ok: true,
        result: {
          of: "checkout",
          value: { commit: command.scm.sha, author: "Ann", message: "One", env: {} },
        },
      };
    case "cancel":
    case "drop":
    case "park":
    case "unpark":
    case "close":
      return { ok: true, result: { of: command.type, value: {} } };
    case "exec":
    case "file":
    case "blob":
    case "image":
      return {
        ok: false,
        failure: { code: "refused", message: `the played runner does no ${command.type}`, fault: "file" },
      };
  }
}
