/** Work that is looked at again and again: at once when something calls, else after a while. One look at a time. */
export interface Loop {
  /** Asks for a look now, or right after the one that runs. */
  readonly wake: () => void;
  /** Ends it; waits for the look that runs. */
  readonly stop: () => Promise<void>;
}

/** Starts a loop. A look that throws is told and tried again at the next time. */
export function startLoop(options: {
  readonly everyMs: number;
  readonly look: (signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown) => void;
}): Loop {
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let again = false;
  const timer = setInterval(() => wake(), options.everyMs);
  timer.unref();
  wake();
  return {
    wake,
    stop: async () => {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };

  function wake(): void {
    again = true;
    running ??= run();
  }

  async function run(): Promise<void> {
    while (again && !stopping.signal.aborted) {
      again = false;
      try {
        await options.look(stopping.signal);
      } catch (error) {
        if (!stopping.signal.aborted) options.onError(error);
      }
    }
    running = null;
  }
}
