import type { CommandType } from "../../../runners/protocol.ts";
import type { LockWanted } from "../../locks/rows.ts";
import type { NewBuild } from "../../webhooks/new-build.ts";
import type { TriggerRows } from "../../schedules/rows.ts";
import type { Fault, PartState, TerminalBuildState, Trust } from "../../store/states.ts";

/** A command as stored: the body sealed, number and fence added when it is sent. */
export interface CommandInput {
  readonly id: string;
  readonly type: CommandType;
  readonly body: Uint8Array;
  readonly stepNo: number | null;
  /** What its end means beside the effect, as JSON. */
  readonly note: string | null;
}

/** The row an effect waits for, written with its begin. */
export type PortInput =
  | {
      readonly kind: "session";
      readonly outer: string | null;
      readonly label: string;
      readonly trust: Trust;
      readonly profile: string;
      readonly request: Uint8Array;
      readonly commands: readonly CommandInput[];
    }
  | {
      readonly kind: "commands";
      readonly session: string;
      readonly commands: readonly CommandInput[];
      /** Goes first where the session is parked: its containers are started again. */
      readonly unpark: CommandInput;
    }
  | { readonly kind: "timer"; readonly afterMs: number; readonly activity: boolean }
  | {
      readonly kind: "gate";
      readonly message: string;
      readonly ok: string;
      readonly form: string | null;
      readonly submitters: string | null;
      readonly limitMs: number;
    }
  | {
      readonly kind: "deployments";
      readonly deployments: readonly {
        readonly environment: string;
        readonly message: string | null;
        /** What the step asked for, sealed under the build's key. */
        readonly wanted: Uint8Array;
        readonly limitMs: number;
      }[];
    }
  | {
      readonly kind: "message";
      readonly channel: string;
      readonly recipients: readonly string[];
      readonly event: string;
      readonly body: string;
    }
  | {
      readonly kind: "milestone";
      readonly ordinal: number;
      /** What the effect ends with where a newer build has passed. */
      readonly late: Uint8Array;
    }
  | ({ readonly kind: "lock"; readonly timeoutMs: number | null } & LockWanted)
  /** A build of another project; with `until` the effect ends when that one has come so far. */
  | { readonly kind: "build"; readonly build: NewBuild; readonly until: "start" | "end" | null }
  /** A build that runs already; it is stopped with the wait where `stops`. */
  | { readonly kind: "await"; readonly buildId: number; readonly stops: boolean }
  | { readonly kind: "none" };

/** One new row of the journal. */
export interface BeginInput {
  readonly id: string;
  readonly n: number;
  readonly stepNo: number | null;
  readonly kind: string;
  readonly name: string;
  readonly args: Uint8Array;
  readonly argsHash: string;
  readonly handle: string;
  readonly stage: string | null;
  readonly line: number;
  readonly column: number;
  readonly timers: readonly string[];
  readonly port: PortInput;
  /** Set where the effect ends in the transaction that begins it. */
  readonly outcome: Uint8Array | null;
  /** Versions of secrets that the build holds from now on. */
  readonly bindings: readonly { readonly secretId: number; readonly version: number }[];
}

export interface StageInput {
  readonly path: string;
  readonly no: number;
  readonly name: string;
  readonly parent: string | null;
  readonly kind: string;
  readonly state: PartState;
  readonly reasonText: string | null;
}

export interface StepInput {
  readonly stepNo: number;
  readonly stagePath: string | null;
  readonly effectId: string | null;
  readonly name: string;
  readonly label: string;
  readonly state: PartState;
  readonly line: number | null;
  /** Of its log, where it failed. */
  readonly failingLine: number | null;
}

/** How a build ended. */
export interface EndInput {
  readonly state: TerminalBuildState;
  readonly code: string | null;
  readonly fault: Fault | null;
  readonly text: string | null;
}

/** Everything one turn of an engine writes, in one transaction under the build's fence. */
export interface TurnInput {
  readonly buildId: number;
  readonly projectId: number;
  readonly fence: number;
  /** The ord that this turn delivered; 0 for the first turn. */
  readonly delivered: number;
  readonly begins: readonly BeginInput[];
  readonly closes: readonly string[];
  readonly cancels: readonly {
    readonly id: string;
    readonly level: 1 | 2;
    /** What the effect ends with where its owner is the database itself. */
    readonly interruption: Uint8Array;
    /** Sealed body of the command that tells a runner. */
    readonly command: Uint8Array;
  }[];
  readonly leaves: readonly {
    readonly kind: "session" | "container" | "lock";
    readonly id: string;
    readonly command: Uint8Array | null;
  }[];
  readonly stages: readonly StageInput[];
  readonly steps: readonly StepInput[];
  readonly marksDone: number;
  readonly consoleLength: number;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly keep: boolean;
  /** What the file asks for the next builds of its ref, by the name of its row; null where it said nothing new. */
  readonly pipelineSettings: { readonly name: string; readonly body: string } | null;
  /** The triggers of the default branch's file; null where it said nothing new, or on other refs. */
  readonly triggers: TriggerRows | null;
  readonly end: EndInput | null;
}

/** `lost`: the build is somebody else's by now, and nothing was written. */
export type TurnResult =
  | { readonly kind: "lost" }
  | {
      readonly kind: "done";
      /** Sessions that have something new to be told, with the numbers of their new commands. */
      readonly commands: readonly { readonly session: string; readonly seq: number; readonly id: string }[];
      /** Sessions waiting for a place, or places given back. */
      readonly placesChanged: boolean;
      readonly earliestDueAtMs: number | null;
      readonly deployments: readonly number[];
      readonly gates: readonly number[];
      readonly messages: boolean;
      readonly deliverMore: boolean;
      /** Other builds in which something ended by it: their engines, if loaded here, look at once. */
      readonly others: readonly number[];
    };
