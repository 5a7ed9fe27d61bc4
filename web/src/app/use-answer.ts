import { useCallback, useEffect, useRef, useState } from "react";
import type { Answer, EndpointName } from "../../../server/http/contract.ts";
import type { ChangeEvent } from "../../../server/http/contract/events.ts";
import { ApiError } from "../api/api.ts";
import { useApi, useLive } from "./context.tsx";

/** Something read from the server: what is known of it, and what went wrong the last time it was asked. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  readonly reload: () => void;
  /** Puts in what the server answered to a change, so that it need not be asked again. */
  readonly put: (value: T) => void;
}

/** Changes come in bursts: the first is followed soon, and then a part of the page asks once a second at most. */
const SOON_MS = 150;
const PAUSE_MS = 1000;

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "page_error", error instanceof Error ? error.message : String(error), undefined);
}

/**
 * Reads one address and keeps it up to date: again when an event that concerns it arrives, and again after any gap in
 * the stream. What was read stays visible while it is read again. `path` undefined asks nothing.
 */
export function useAnswer<Name extends EndpointName>(
  path: string | undefined,
  concerns: (event: ChangeEvent) => boolean,
): Loaded<Answer<Name>> {
  const api = useApi();
  const { watch } = useLive();
  const [state, setState] = useState<{ path: string | undefined; value?: Answer<Name>; error?: ApiError }>({
    path,
  });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((held) => held + 1), []);
  const concernsNow = useRef(concerns);
  concernsNow.current = concerns;

  useEffect(() => {
    if (path === undefined) return undefined;
    const aborter = new AbortController();
    api.read<Name>(path, aborter.signal).then(
      (value) => setState({ path, value }),
      (error: unknown) => {
        if (aborter.signal.aborted) return;
        setState((held) =>
          held.path === path ? { ...held, error: asApiError(error) } : { path, error: asApiError(error) },
        );
      },
    );
    return () => aborter.abort();
  }, [api, path, turn]);

  useEffect(() => {
    let timer: number | undefined;
    let lastMs = 0;
    const soon = (): void => {
      const waitMs = Math.max(SOON_MS, lastMs + PAUSE_MS - Date.now());
      timer ??= window.setTimeout(() => {
        timer = undefined;
        lastMs = Date.now();
        reload();
      }, waitMs);
    };
    const stop = watch({
      changed(event) {
        if (concernsNow.current(event)) soon();
      },
      missed: soon,
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [watch, reload]);

  const put = useCallback((value: Answer<Name>) => setState({ path, value }), [path]);
  const own = state.path === path;
  return { value: own ? state.value : undefined, error: own ? state.error : undefined, reload, put };
}
