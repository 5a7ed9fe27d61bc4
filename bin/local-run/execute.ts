import { setTimeout as wait } from "node:timers/promises";
import type { AskedInput } from "../../server/local/reader.ts";
import type { LocalServer } from "../../server/local/start.ts";
import { ask, canAsk, isApproved } from "./ask.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import type { RunOptions } from "./options.ts";

const LOOK_MS = 150;
/** A reason for waiting is told when it has held this long: a runner needs a moment to come. */
const PATIENCE_MS = 5000;

/** Signals of the person, counted: the first one stops kindly. */
export interface Interrupts {
  readonly count: number;
  onEach(listener: () => void): () => void;
  add(): void;
}

/** Starts the build, prints its console, answers its inputs, and gives the exit status when it is over. */
export async function execute(
  server: LocalServer,
  options: RunOptions,
  interrupts: Interrupts,
): Promise<number> {
  const build = await server.startBuild();
  const over = new AbortController();
  let unanswered = false;
  const asked = new Map<number, Promise<void>>();
  const tell = waitTeller();

  const stop = () => {
    const level = interrupts.count === 1 ? 1 : interrupts.count === 2 ? 2 : 3;
    say(level === 1 ? "Stopping the build; again to stop it by force" : "Stopping the build by force");
    void server.abort(build.id, level).catch((error: unknown) => say(String(error)));
  };
  const forget = interrupts.onEach(stop);
  if (interrupts.count > 0) stop();

  const decide = async (input: AskedInput): Promise<void> => {
    if (isApproved(input, options.approve)) {
      say(`Approved: ${input.message}`);
      await answered(input, { decision: "approve" });
      return;
    }
    if (!canAsk()) {
      unanswered = true;
      const name = input.stage ?? (input.id === "" ? input.message : input.id);
      say(`The build asks "${input.message}" and nobody can be asked: this is no terminal.`);
      say(`try: --approve ${JSON.stringify(name)}`);
      await server.abort(build.id, 2);
      return;
    }
    const decision = await ask(input, over.signal, () => interrupts.add());
    if (decision !== null) await answered(input, decision);
  };
  const answered = async (input: AskedInput, decision: Parameters<LocalServer["answer"]>[1]) => {
    const outcome = await server.answer(input.gateId, decision);
    if (outcome.ok) return;
    say(outcome.text);
    asked.delete(input.gateId); // asked again, unless it is gone
  };

  const printing = print(
    server.reader.follow(build.id, () => wait(LOOK_MS)),
    () => interrupts.add(),
  );
  try {
    for (;;) {
      const state = await server.reader.stateOf(build.id);
      if (state.isOver) {
        over.abort();
        await printing;
        if (unanswered) return EXIT.waiting;
        if (state.reason !== null) say(state.reason);
        return interrupts.count > 0 ? EXIT.interrupted : exitCodeOf(state.state, options.allowUnstable);
      }
      tell(state.waits);
      // One question at a time: a terminal has one line.
      const [next] = state.inputs;
      if (next !== undefined && !asked.has(next.gateId)) {
        const question = decide(next).catch((error: unknown) => say(String(error)));
        asked.set(next.gateId, question);
      }
      await wait(LOOK_MS);
    }
  } finally {
    over.abort();
    forget();
    await Promise.all(asked.values());
  }
}

/** Prints to the standard output at the speed of its reader; a reader that is gone counts as a stop. */
async function print(pieces: AsyncIterable<Uint8Array>, gone: () => void): Promise<void> {
  let isGone = false;
  for await (const piece of pieces) {
    if (isGone) continue;
    const failed = await new Promise<boolean>((resolve) =>
      process.stdout.write(piece, (error) => resolve(error !== null && error !== undefined)),
    );
    if (!failed) continue;
    isGone = true;
    gone();
  }
}

function waitTeller(): (waits: readonly string[]) => void {
  const since = new Map<string, number>();
  const told = new Set<string>();
  return (waits) => {
    for (const text of since.keys()) if (!waits.includes(text)) since.delete(text);
    for (const text of waits) {
      const first = since.get(text) ?? performance.now();
      since.set(text, first);
      if (told.has(text) || performance.now() - first < PATIENCE_MS) continue;
      told.add(text);
      say(`waiting: ${text}`);
    }
  };
}

/** Progress and reasons, apart from the build's own words. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
