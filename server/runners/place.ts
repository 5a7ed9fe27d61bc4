/** A session that wants a place, as far as placing must know it. */
export interface WaitingSession {
  readonly id: string;
  readonly projectId: number;
  /** A label expression of Jenkins: `linux && !arm`; empty: any. */
  readonly label: string;
  readonly queuedAtMs: number;
  /** Must run where that session's runner is; null: anywhere. */
  readonly besideRunner: number | null;
  /** The agent names no image of its own. */
  readonly needsAgentImage: boolean;
}

/** A runner, as far as placing must know it. */
export interface PlacingRunner {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly places: number;
  readonly busy: number;
  readonly online: boolean;
  readonly draining: boolean;
  /** Projects with a warm workspace there. */
  readonly warm: readonly number[];
  readonly hasAgentImage: boolean;
}

/** Where a session goes, or the words a person reads while it waits. */
export type Placement =
  | { readonly kind: "placed"; readonly session: string; readonly runner: number }
  | { readonly kind: "waits"; readonly session: string; readonly code: string; readonly text: string };

/**
 * Places waiting sessions: the project with the fewest busy places first, then the one that has waited longest; a runner
 * that has the project's workspace is preferred. Pure, so that the reason a person reads is the reason itself.
 */
export function place(
  waiting: readonly WaitingSession[],
  runners: readonly PlacingRunner[],
  busyByProject: ReadonlyMap<number, number>,
): Placement[] {
  const busy = new Map(runners.map((runner) => [runner.id, runner.busy]));
  const load = new Map(busyByProject);
  const left = [...waiting];
  const placements: Placement[] = [];
  while (left.length > 0) {
    left.sort(
      (a, b) =>
        (load.get(a.projectId) ?? 0) - (load.get(b.projectId) ?? 0) ||
        a.queuedAtMs - b.queuedAtMs ||
        (a.id < b.id ? -1 : 1),
    );
    const session = left.shift();
    if (session === undefined) break;
    const placement = placeOne(session, runners, busy);
    placements.push(placement);
    if (placement.kind === "placed") {
      busy.set(placement.runner, (busy.get(placement.runner) ?? 0) + 1);
      load.set(session.projectId, (load.get(session.projectId) ?? 0) + 1);
    }
  }
  return placements;
}

function placeOne(
  session: WaitingSession,
  runners: readonly PlacingRunner[],
  busy: ReadonlyMap<number, number>,
): Placement {
  const waits = (code: string, text: string): Placement => ({
    kind: "waits",
    session: session.id,
    code,
    text,
  });
  const known = runners.filter(
    (runner) => session.besideRunner === null || runner.id === session.besideRunner,
  );
  if (known.length === 0) return waits("runner_offline", "no runner has joined this server yet");
  const fitting = known.filter((runner) => matchesLabel(session.label, runner.labels));
  if (fitting.length === 0)
    return waits("label", `no runner has the label "${session.label}"; there are: ${labelsOf(known)}`);
  const online = fitting.filter((runner) => runner.online);
  if (online.length === 0)
    return waits("runner_offline", `offline: ${fitting.map((runner) => runner.name).join(", ")}`);
  const able = online.filter((runner) => !session.needsAgentImage || runner.hasAgentImage);
  if (able.length === 0)
    return waits(
      "runner_offline",
      `the default image of agents is missing on ${online.map((runner) => runner.name).join(", ")}: scripts/agent-image makes it`,
    );
  const open = able.filter((runner) => !runner.draining);
  if (open.length === 0) return waits("place", `draining: ${able.map((runner) => runner.name).join(", ")}`);
  const free = open.filter((runner) => (busy.get(runner.id) ?? 0) < runner.places);
  if (free.length === 0) {
    const places = open.reduce((sum, runner) => sum + runner.places, 0);
    return waits(
      "place",
      `all ${places} places are taken on ${open.map((runner) => runner.name).join(", ")}`,
    );
  }
  const rank = (runner: PlacingRunner) =>
    (runner.warm.includes(session.projectId) ? 0 : 1000) + ((busy.get(runner.id) ?? 0) * 100) / runner.places;
  const [best] = free.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  return best === undefined
    ? waits("place", "no place is free")
    : { kind: "placed", session: session.id, runner: best.id };
}

function labelsOf(runners: readonly PlacingRunner[]): string {
  const all = [...new Set(runners.flatMap((runner) => runner.labels))];
  return all.length === 0 ? "none" : all.join(", ");
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
