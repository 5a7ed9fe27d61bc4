/** What was started, so that all of it can be stopped again, last first. */
export interface Stops {
  add(stop: () => Promise<void>): void;
  /** Stops everything, also when something does not stop; then throws what that said. */
  all(): Promise<void>;
}

/** An empty list. */
export function createStops(): Stops {
  const stops: (() => Promise<void>)[] = [];
  return {
    add: (stop) => void stops.push(stop),
    all: async () => {
      const failures: unknown[] = [];
      for (const stop of stops.splice(0).toReversed()) {
        try {
          await stop();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0)
        throw new AggregateError(failures, "not everything of the demo could be stopped");
    },
  };
}
