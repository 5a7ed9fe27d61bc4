import { SAFE_MODE_FIX } from "../upkeep/safe-mode.ts";
import { unreachable } from "../../pipelines/unreachable.ts";
import type { WaitCause, WaitCauseName } from "./cause.ts";

/** A wait as people and programs read it. */
export interface Wait {
  readonly cause: WaitCauseName;
  /** What is waited for. */
  readonly text: string;
  readonly sinceAtMs: number;
  /** It ends then by itself, whatever happens; null: nobody knows. */
  readonly untilAtMs: number | null;
  /** Who or what can end it. */
  readonly endedBy: string;
  readonly gate: number | null;
  /** Number of the build of the same project that must end first. */
  readonly build: number | null;
}

interface Sentence {
  readonly text: string;
  readonly endedBy: string;
  readonly untilAtMs?: number | null;
  readonly gate?: number;
  readonly build?: number | null;
}

/** The sentence of a cause, made when it is read. */
export function describe(cause: WaitCause, sinceAtMs: number): Wait {
  const { text, endedBy, untilAtMs = null, gate = null, build = null } = sentenceOf(cause);
  return { cause: cause.cause, text, sinceAtMs, untilAtMs, endedBy, gate, build };
}

/** A wait in one line: what, since when, until when, and who can end it. */
export function lineOf(wait: Wait): string {
  const until = wait.untilAtMs === null ? "" : `, until ${isoOf(wait.untilAtMs)}`;
  return `${wait.text} (since ${isoOf(wait.sinceAtMs)}${until}); ended by ${wait.endedBy}`;
}

const ASKED = {
  trust: "who may write",
  commit: "which commit this is",
  files: "what the commit holds",
} as const;

function sentenceOf(cause: WaitCause): Sentence {
  switch (cause.cause) {
    case "forge":
      return {
        text: `the forge has not told yet ${ASKED[cause.asked]}${cause.said === null ? "" : `: ${cause.said}`}`,
        endedBy: "the forge's answer; it is asked again by itself",
      };
    case "approval":
      return {
        text: "it was made by somebody who may not write to the repository",
        endedBy: "a maintainer of the project who lets it run, on its page",
      };
    case "quiet_period":
      return {
        text: "its file asks for a quiet period before it starts",
        endedBy: "time",
        untilAtMs: cause.untilAtMs,
      };
    case "concurrency":
      return concurrencySentence(cause);
    case "admission":
      return {
        text: `${cause.waiting} builds wait for a place, and no more than ${cause.most} are begun before they have one`,
        endedBy: "places that become free; projects take turns, the one with the fewest builds at work first",
      };
    case "freeze":
      return {
        text: `${cause.name} is ${cause.what === "project" ? "held" : "frozen"}: ${cause.reason ?? "no reason was given"}`,
        endedBy: `whoever ends it on the page of the ${cause.what}`,
        untilAtMs: cause.untilAtMs,
      };
    case "disk":
      return {
        text: `${cause.freePercent} % of the server's disk is free, and builds start above ${cause.leastPercent} %`,
        endedBy: "an administrator who makes room, or moves SLUICE_DATA to a larger disk",
      };
    case "restored":
      return {
        text: "this server was restored from a backup and starts nothing until an administrator ends that",
        endedBy: `an administrator: ${SAFE_MODE_FIX}`,
      };
    case "queue_down":
      return {
        text: "Redis is away: what this build is to be told waits in the database",
        endedBy: "Redis coming back, by itself or by an administrator",
      };
    case "label":
      return {
        text: `no runner has the label "${cause.label}"; there are: ${cause.have.length === 0 ? "none" : cause.have.join(", ")}`,
        endedBy: "an administrator who joins a runner with that label",
      };
    case "place":
      return placeSentence(cause);
    case "runner_offline":
      return offlineSentence(cause);
    case "runner_disk":
      return {
        text: `${cause.freePercent} % of the disk is free on ${cause.runners.join(", ")}, and agents start above ${cause.leastPercent} %`,
        endedBy: "the runner, which removes images it can do without, or an administrator who makes room",
      };
    case "unpark":
      return {
        text: `its agent was parked, and its containers are started again on ${cause.runner}`,
        endedBy: `the runner ${cause.runner}`,
      };
    case "image_pull":
      return {
        text: `its agent is prepared on ${cause.runner}, and an image that is missing there is pulled first${cause.image === null ? "" : `: ${cause.image}`}`,
        endedBy: "the runner and the image's registry",
      };
    case "gate":
      return {
        text: `somebody must decide "${cause.message}"${cause.environment === null ? "" : ` for ${cause.environment}`}`,
        endedBy: `${cause.needed > 1 ? `${cause.needed} of ` : ""}${cause.who}`,
        untilAtMs: cause.untilAtMs,
        gate: cause.gate,
      };
    case "lock":
      return {
        text: `it wants ${cause.names.join(", ")} for itself${cause.holders.length === 0 ? "" : `, which ${cause.holders.join(", ")} has`}`,
        endedBy:
          cause.holders.length === 0 ? "its turn" : `the end of that step in ${cause.holders.join(", ")}`,
        untilAtMs: cause.untilAtMs,
      };
    case "signal":
      return {
        text: `it waits for the ${cause.to} of build #${cause.number} of ${cause.project}`,
        endedBy: `${cause.project} #${cause.number}`,
      };
    case "timer":
      return { text: "it sleeps, as its file says", endedBy: "time", untilAtMs: cause.untilAtMs };
    case "environment_turn":
      return {
        text:
          cause.deployment === null
            ? `it is its turn to be rolled out to ${cause.environment}`
            : `deployment ${cause.deployment} is rolling out to ${cause.environment}, one at a time`,
        endedBy:
          cause.deployment === null ? "the server, at once" : `the end of deployment ${cause.deployment}`,
      };
    case "target":
      return targetSentence(cause);
    default:
      return unreachable(cause);
  }
}

function concurrencySentence(cause: Extract<WaitCause, { cause: "concurrency" }>): Sentence {
  if (cause.older !== null)
    return {
      text: `build ${cause.older} of the same branch has not ended, and its file allows one at a time`,
      endedBy: `the end of build ${cause.older}`,
      build: cause.older,
    };
  return {
    text: `${cause.running} builds of ${cause.project} run, and no more than ${cause.most} may`,
    endedBy: `the end of one of them, or a higher \`concurrency\` of ${cause.project} in sluice.yml`,
  };
}

function placeSentence(cause: Extract<WaitCause, { cause: "place" }>): Sentence {
  if (cause.draining)
    return {
      text: `runners that would fit are draining: ${cause.runners.join(", ")}`,
      endedBy: "an administrator who starts them again, or joins another runner",
    };
  if (cause.places === 0)
    return { text: "a place for its agent is looked for", endedBy: "the server, within seconds" };
  return {
    text: `all ${cause.places} places are taken on ${cause.runners.join(", ")}`,
    endedBy: "a place that becomes free; projects take turns, the one with the fewest places first",
  };
}

function offlineSentence(cause: Extract<WaitCause, { cause: "runner_offline" }>): Sentence {
  const names = cause.runners.join(", ");
  if (cause.runners.length === 0)
    return {
      text: "no runner has joined this server yet",
      endedBy: "an administrator who starts a runner: sluice runner",
    };
  return cause.lost
    ? {
        text: `the runner ${names}, where it works, is away, and no other could go on with it`,
        endedBy: "that runner coming back, or a person who stops the build",
      }
    : { text: `runners that would fit are offline: ${names}`, endedBy: "one of them coming back" };
}

function targetSentence(cause: Extract<WaitCause, { cause: "target" }>): Sentence {
  const of = `deployment ${cause.deployment} to ${cause.environment}`;
  switch (cause.doing) {
    case "plan":
      return {
        text: `the plan of ${of} is made`,
        endedBy: "the target's answer; it is asked again by itself",
      };
    case "roll_out":
      return {
        text: `${of} is rolling out and is watched until it has settled`,
        endedBy: "the target, or a person who stops it on the deployment's page",
        untilAtMs: cause.untilAtMs,
      };
    case "roll_back":
      return { text: `${of} is rolled back`, endedBy: "the target", untilAtMs: cause.untilAtMs };
    case "unknown":
      return {
        text: `what became of ${of} is not known`,
        endedBy: "the target's answer, or a person who says on its page what is so",
      };
    default:
      return unreachable(cause.doing);
  }
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
