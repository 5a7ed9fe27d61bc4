import { useCallback, useEffect, useRef, useState } from "react";
import type { DecisionRequest, Gate } from "../../../../server/http/contract/gates.ts";
import { ApiError } from "../../api/api.ts";
import { useApi } from "../../app/context.tsx";

/** Where a decision stands. It is shown as taken only when the gate itself says so. */
export type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "sending" }
  | { readonly kind: "checking" }
  | { readonly kind: "stale" }
  | { readonly kind: "overtaken" }
  | { readonly kind: "not_arrived" }
  | { readonly kind: "refused"; readonly error: ApiError };

const CHECK_AGAIN_MS = 1000;

/** Whether a failed request may nevertheless have been carried out. */
export function mayHaveArrived(error: ApiError): boolean {
  return error.status === 0 || error.status >= 500;
}

/** The phase for an answer that refused the decision. */
export function phaseOf(error: ApiError): Phase {
  if (error.code === "plan_stale") return { kind: "stale" };
  if (error.status === 409) return { kind: "overtaken" };
  return { kind: "refused", error };
}

/**
 * Sends a decision once. When no answer comes it asks the gate until that answers, and shows the truth; it never sends
 * a second time by itself.
 */
export function useDecision(gate: Gate, put: (gate: Gate) => void) {
  const api = useApi();
  const [phase, setPhase] = useState<Phase>({ kind: "idle" });
  const aborter = useRef(new AbortController());
  const { id } = gate;
  useEffect(() => {
    const own = new AbortController();
    aborter.current = own;
    return () => own.abort();
  }, [id]);

  const look = useCallback(async (): Promise<Gate | undefined> => {
    const { signal } = aborter.current;
    while (!signal.aborted) {
      try {
        return await api.read<"gate">(`/gates/${id}`, signal);
      } catch (error) {
        if (error instanceof ApiError && !mayHaveArrived(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, CHECK_AGAIN_MS));
      }
    }
    return undefined;
  }, [api, id]);

  const decide = useCallback(
    async (request: DecisionRequest): Promise<void> => {
      setPhase({ kind: "sending" });
      try {
        put(await api.send<"decide">("POST", `/gates/${id}/decision`, request));
        setPhase({ kind: "idle" });
      } catch (error) {
        const problem =
          error instanceof ApiError ? error : new ApiError(0, "page_error", String(error), undefined);
        const unsure = mayHaveArrived(problem);
        if (unsure) setPhase({ kind: "checking" });
        try {
          const now = await look();
          if (now === undefined) return;
          put(now);
          if (!unsure) setPhase(phaseOf(problem));
          else
            setPhase(
              now.state === "open" && now.approvals.length === gate.approvals.length
                ? { kind: "not_arrived" }
                : { kind: "idle" },
            );
        } catch (second) {
          setPhase({ kind: "refused", error: second instanceof ApiError ? second : problem });
        }
      }
    },
    [api, id, put, look, gate.approvals.length],
  );
  return { phase, decide, busy: phase.kind === "sending" || phase.kind === "checking" };
}
