/** What has to be ended again, in the opposite order. */
export interface Stops {
  add(stop: () => Promise<unknown>): void;
  /** Ends everything that was added; one that fails does not keep the others from it. @throws the first failure */
  all(): Promise<void>;
}

/** Collects what a test has started. */
export function createStops(): Stops {
  const stops: (() => Promise<unknown>)[] = [];
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
      if (failures.length > 0) throw failures[0];
    },
  };
}
