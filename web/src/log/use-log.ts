import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/api.ts";
import { useApi, useLive } from "../app/context.tsx";
import { atEnd, atStart, EMPTY, holds, merge, type LogWindow, type Range } from "./window.ts";

/**
 * One answer asks for at most so much: even of very short lines a small part of `MAX_LINES`, so that what is
 * forgotten for it never is where the reader looks.
 */
const RANGE_BYTES = 65_536;

/** A step's log as the page holds it, and how to hold more of it. */
export interface StepLog {
  readonly window: LogWindow;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly earlier: () => void;
  readonly later: () => void;
  readonly toStart: () => void;
  readonly toEnd: () => void;
  readonly toLine: (line: number) => Promise<void>;
  readonly retry: () => void;
}

type Beginning =
  | { readonly at: "start" }
  | { readonly at: "end" }
  | { readonly at: "line"; readonly line: number };

/**
 * Reads a step's log by ranges and follows its growth: the event says only how long it is by now, the missing range is
 * fetched, so that nothing is lost when events are.
 */
export function useLog(build: number, step: number, growing: boolean, beginning: Beginning): StepLog {
  const api = useApi();
  const { watch, followLog } = useLive();
  const [window, setWindow] = useState<LogWindow>(EMPTY);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [loading, setLoading] = useState(true);
  const held = useRef<LogWindow>(EMPTY);
  const work = useRef<Promise<void>>(Promise.resolve());
  const aborter = useRef(new AbortController());

  const take = useCallback((ranges: readonly Range[], anew: boolean) => {
    let next = anew ? EMPTY : held.current;
    for (const range of ranges) next = merge(next, range);
    held.current = next;
    setWindow(next);
  }, []);

  const ask = useCallback(
    async (query: string): Promise<Range> =>
      await api.read<"stepLog">(`/builds/${build}/steps/${step}/log?${query}`, aborter.current.signal),
    [api, build, step],
  );

  /** One thing at a time, in order: ranges must touch what is held when they arrive. */
  const queue = useCallback((job: () => Promise<void>): Promise<void> => {
    const next = work.current.then(async () => {
      setLoading(true);
      try {
        await job();
        setError(undefined);
      } catch (problem) {
        if (!aborter.current.signal.aborted && problem instanceof ApiError) setError(problem);
      }
      setLoading(false);
    });
    work.current = next;
    return next;
  }, []);

  const begin = useCallback(
    (how: Beginning): Promise<void> =>
      queue(async () => {
        const query =
          how.at === "line"
            ? `line=${how.line}`
            : how.at === "end"
              ? `from=${-RANGE_BYTES}`
              : `from=0&to=${RANGE_BYTES}`;
        take([await ask(query)], true);
      }),
    [queue, ask, take],
  );

  /** Reads on until the end of what is known, or one range when the reader only scrolls. */
  const readOn = useCallback(
    async (toTheEnd: boolean): Promise<void> => {
      let more = true;
      while (more) {
        const from = held.current.blocks.at(-1)?.endByte ?? 0;
        const range = await ask(`from=${from}&to=${from + RANGE_BYTES}`);
        take([range], false);
        more = toTheEnd && range.endByte > from && range.endByte < range.sizeBytes;
      }
    },
    [ask, take],
  );

  const earlier = useCallback(() => {
    void queue(async () => {
      const first = held.current.blocks[0];
      if (first === undefined || first.startByte === 0) return;
      const ranges: Range[] = [];
      let from = Math.max(0, first.startByte - RANGE_BYTES);
      while (from < first.startByte) {
        const range = await ask(`from=${from}&to=${first.startByte}`);
        if (range.endByte <= from) break;
        ranges.push(range);
        from = range.endByte;
      }
      // The last one touches what is held; from there backwards each touches the one before.
      take(ranges.toReversed(), false);
    });
  }, [queue, ask, take]);

  const later = useCallback(() => {
    void queue(async () => {
      if (!atEnd(held.current)) await readOn(false);
    });
  }, [queue, readOn]);

  const beginAt = beginning.at;
  const beginLine = beginning.at === "line" ? beginning.line : 0;
  useEffect(() => {
    aborter.current = new AbortController();
    held.current = EMPTY;
    setWindow(EMPTY);
    setError(undefined);
    void begin(beginAt === "line" ? { at: "line", line: beginLine } : { at: beginAt });
    const ending = aborter.current;
    return () => ending.abort();
    // The place to begin is that of the first look; later choices of lines move within the log.
  }, [build, step]);

  useEffect(() => {
    const catchUp = (): void => {
      void queue(async () => {
        // Somebody who reads in the middle is left there: what lies below is read when they come to it.
        if (held.current.blocks.length === 0 || atEnd(held.current)) await readOn(true);
      });
    };
    const stopWatching = watch({
      appended(event) {
        if (event.build !== build || event.step !== step) return;
        const { current } = held;
        if (event.sizeBytes <= current.sizeBytes) return;
        if (current.blocks.length === 0 || atEnd(current)) catchUp();
        else {
          held.current = { ...current, sizeBytes: event.sizeBytes };
          setWindow(held.current);
        }
      },
      missed: catchUp,
    });
    const stopFollowing = growing ? followLog(build, step) : undefined;
    // Also when it has just ended: the last lines may have come without an event.
    catchUp();
    return () => {
      stopWatching();
      stopFollowing?.();
    };
  }, [build, step, growing, watch, followLog, queue, readOn]);

  const toLine = useCallback(
    async (line: number): Promise<void> => {
      if (!holds(held.current, line)) await begin({ at: "line", line });
    },
    [begin],
  );

  const toEnd = useCallback(() => {
    if (!atEnd(held.current)) void begin({ at: "end" });
  }, [begin]);
  const toStart = useCallback(() => {
    if (!atStart(held.current)) void begin({ at: "start" });
  }, [begin]);
  const retry = useCallback(() => void begin({ at: growing ? "end" : "start" }), [begin, growing]);
  return { window, error, loading, earlier, later, toStart, toEnd, toLine, retry };
}
