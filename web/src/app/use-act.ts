import { useCallback, useState } from "react";
import { ApiError } from "../api/api.ts";

/** Something a press asks of the server: whether it is under way, and what went wrong the last time. */
export interface Act {
  readonly busy: boolean;
  readonly error: ApiError | undefined;
  /** Runs it; a second press while it is under way does nothing. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
  readonly clear: () => void;
}

/** For buttons that act. The page shows the outcome only after the server's answer. */
export function useAct(): Act {
  const [state, setState] = useState<{ busy: boolean; error: ApiError | undefined }>({
    busy: false,
    error: undefined,
  });
  const { busy } = state;
  const run = useCallback(
    async (work: () => Promise<void>): Promise<void> => {
      if (busy) return;
      setState({ busy: true, error: undefined });
      try {
        await work();
        setState({ busy: false, error: undefined });
      } catch (error) {
        const problem =
          error instanceof ApiError ? error : new ApiError(0, "page_error", String(error), undefined);
        setState({ busy: false, error: problem });
      }
    },
    [busy],
  );
  const clear = useCallback(() => setState({ busy: false, error: undefined }), []);
  return { ...state, run, clear };
}
