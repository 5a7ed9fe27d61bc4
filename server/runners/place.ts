import type { CauseOf } from "../waits/cause.ts";

/** A runner with less of its disk free says so, and is given no new agents: what runs goes on. */
const LEAST_DISK_PERCENT = 15;

/** A session that wants a place, as far as placing must know it. */
export interface WaitingSession {
  readonly id: string;
  readonly projectId: number;
  /** A label expression of Jenkins: `linux && !arm`; empty: any. */
  readonly label: string;
  readonly queuedAtMs: number;
}

/** A runner, as far as placing must know it. */
export interface PlacingRunner {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly places: number;
  readonly busy: number;
  readonly online: boolean;
  /** Its connection is open. One that closed is waited for a while: it may be there again in a second, or never. */
  readonly connected: boolean;
  readonly draining: boolean;
  /** Projects with a warm workspace there. */
  readonly warm: readonly number[];
  /** How much of its disk is free, while that is too little for new agents; null: enough. */
  readonly diskFreePercent: number | null;
}

/** Causes for which a session is not placed. */
export type PlaceCause = CauseOf<"label" | "place" | "runner_offline" | "runner_disk">;

/** Where a session goes, or what it waits for. */
export type Placement =
  | { readonly kind: "placed"; readonly session: string; readonly runner: number }
  | { readonly kind: "waits"; readonly session: string; readonly cause: PlaceCause };

/**
 * Places waiting sessions: the project with the fewest busy places first, then the one that has waited longest; a runner
 * that has the project's workspace is preferred, and none whose connection has closed is chosen beside one that is there.
 * Pure, so that the reason a person reads is the reason itself.
 */
export function place(
  waiting: readonly WaitingSession[],
  runners: readonly PlacingRunner[],
  busyByProject: ReadonlyMap<number, number>,
): Placement[] {
  const busy = new Map(runners.map((runner) => [runner.id, runner.busy]));
  const load = new Map(busyByProject);
  const byAge = waiting.toSorted((a, b) => a.queuedAtMs - b.queuedAtMs || (a.id < b.id ? -1 : 1));
  // Each with its sessions, the next one last.
  const queues = [...Map.groupBy(byAge, (session) => session.projectId)].map(([project, sessions]) => ({
    project,
    left: sessions.toReversed(),
  }));
  const placements: Placement[] = [];
  for (;;) {
    const session = nextOf(queues, load)?.left.pop();
    if (session === undefined) return placements;
    const placement = placeOne(session, runners, busy);
    placements.push(placement);
    if (placement.kind === "placed") {
      busy.set(placement.runner, (busy.get(placement.runner) ?? 0) + 1);
      load.set(session.projectId, (load.get(session.projectId) ?? 0) + 1);
    }
  }
}

interface ProjectQueue {
  readonly project: number;
  readonly left: WaitingSession[];
}

/** The project whose turn it is; undefined when nobody is left. */
function nextOf(
  queues: readonly ProjectQueue[],
  load: ReadonlyMap<number, number>,
): ProjectQueue | undefined {
  let best: ProjectQueue | undefined;
  for (const queue of queues) {
    const head = queue.left.at(-1);
    if (head === undefined) continue;
    const other = best?.left.at(-1);
    if (best === undefined || other === undefined) {
      best = queue;
      continue;
    }
    const order =
      (load.get(queue.project) ?? 0) - (load.get(best.project) ?? 0) ||
      head.queuedAtMs - other.queuedAtMs ||
      (head.id < other.id ? -1 : 1);
    if (order < 0) best = queue;
  }
  return best;
}

function placeOne(
  session: WaitingSession,
  runners: readonly PlacingRunner[],
  busy: ReadonlyMap<number, number>,
): Placement {
  const waits = (cause: PlaceCause): Placement => ({ kind: "waits", session: session.id, cause });
  const offline = (of: readonly PlacingRunner[]): Placement =>
    waits({ cause: "runner_offline", runners: namesOf(of), lost: false });
  const full = (of: readonly PlacingRunner[], draining: boolean): Placement =>
    waits({
      cause: "place",
      runners: namesOf(of),
      places: of.reduce((sum, runner) => sum + runner.places, 0),
      draining,
    });
  if (runners.length === 0) return offline([]);
  const fitting = runners.filter((runner) => matchesLabel(session.label, runner.labels));
  if (fitting.length === 0) return waits({ cause: "label", label: session.label, have: labelsOf(runners) });
  const online = fitting.filter((runner) => runner.online);
  if (online.length === 0) return offline(fitting);
  const able = online.filter((runner) => runner.diskFreePercent === null);
  if (able.length === 0)
    return waits({
      cause: "runner_disk",
      runners: namesOf(online),
      freePercent: Math.max(...online.map((runner) => runner.diskFreePercent ?? 100)),
      leastPercent: LEAST_DISK_PERCENT,
    });
  const taking = able.filter((runner) => !runner.draining);
  if (taking.length === 0) return full(able, true);
  const connected = taking.filter((runner) => runner.connected);
  const open = connected.length === 0 ? taking : connected;
  const free = open.filter((runner) => (busy.get(runner.id) ?? 0) < runner.places);
  const rank = (runner: PlacingRunner) =>
    (runner.warm.includes(session.projectId) ? 0 : 1000) + ((busy.get(runner.id) ?? 0) * 100) / runner.places;
  const [best] = free.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  return best === undefined ? full(open, false) : { kind: "placed", session: session.id, runner: best.id };
}

function namesOf(runners: readonly PlacingRunner[]): string[] {
  return runners.map(({ name }) => name);
}

function labelsOf(runners: readonly PlacingRunner[]): string[] {
  return [...new Set(runners.flatMap((runner) => runner.labels))];
}

/** Whether labels satisfy an expression of `&&`, `||`, `!` and brackets. An expression that cannot be read fits nobody. */
export function matchesLabel(expression: string, labels: readonly string[]): boolean {
  const words = expression.match(/&&|\|\||[!()]|[^\s&|!()]+/g) ?? [];
  if (words.length === 0) return true;
  const have = new Set(labels);
  let at = 0;
  const either = (): boolean => {
    let value = both();
    while (words[at] === "||") {
      at += 1;
      const next = both();
      value = value || next;
    }
    return value;
  };
  const both = (): boolean => {
    let value = not();
    while (words[at] === "&&") {
      at += 1;
      const next = not();
      value = value && next;
    }
    return value;
  };
  const not = (): boolean => {
    const word = words[at];
    at += 1;
    if (word === "!") return !not();
    if (word === "(") {
      const value = either();
      at += 1;
      return value;
    }
    return word !== undefined && have.has(word);
  };
  const value = either();
  return at >= words.length && value;
}
