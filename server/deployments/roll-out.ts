import { readOr } from "../builds/damaged.ts";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Vault } from "../secrets/vault.ts";
import type { DeploymentState } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import { noteProgress, stepTarget, type TargetStep } from "./journal/target-steps.ts";
import { PlannedTarget } from "./plan.ts";
import { type RegistryAuth, type Receipt, type Target, TargetError } from "./target.ts";

/** One target row on its way, as the database has it. */
export interface TargetRowState {
  readonly id: number;
  readonly deploymentId: number;
  readonly target: string;
  readonly wave: number;
  readonly state: DeploymentState;
  readonly plan: Uint8Array;
  readonly receipt: Uint8Array | null;
  readonly rollbackReceipt: Uint8Array | null;
}

/** How one target ended this time; `lost`: the environment is somebody else's. */
export type TargetEnd = "succeeded" | "failed" | "unknown" | "rolled_back" | "rollback_failed" | "lost";

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly instance: string;
  readonly targetOf: (name: string) => Target;
  readonly authOf: (planned: PlannedTarget) => Promise<RegistryAuth | null>;
  readonly log: Logger;
}

/** The environment as its holder has it for one roll-out. */
export interface Held {
  readonly environment: string;
  readonly fence: number;
  /** Absolute, by the store's clock. */
  readonly dueAtMs: number;
  readonly soakMs: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 700;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * Takes one target row to its end, from wherever a crash left it. Each write to the orchestrator is announced in the row
 * before it is sent; after a crash a look at the target decides whether it landed, and only what provably did not is sent
 * again.
 */
export function createRollOut(deps: Deps) {
  const { store, vault, log } = deps;

  const planOf = (row: TargetRowState) =>
    readOr(`the plan of this deployment for ${row.target}`, () =>
      PlannedTarget.parse(JSON.parse(vault.unseal(row.plan, `target|${row.deploymentId}|${row.target}`))),
    );
  const receiptContext = (row: TargetRowState) => `receipt|${row.id}`;

  async function step(
    row: TargetRowState,
    held: Held,
    change: Omit<TargetStep, "deploymentId" | "environment" | "fence" | "targetId">,
  ): Promise<boolean> {
    return await store.call(stepTarget, {
      deploymentId: row.deploymentId,
      environment: held.environment,
      fence: held.fence,
      targetId: row.id,
      ...change,
    });
  }

  async function forward(row: TargetRowState, held: Held): Promise<TargetEnd> {
    if (row.state === "succeeded" || row.state === "failed") return row.state;
    const planned = planOf(row);
    const target = deps.targetOf(planned.target);
    const marker = `${deps.instance}-${row.id}`;
    if (planned.noop) {
      const won = await step(row, held, {
        from: ["pending", "applying", "verifying"],
        to: "succeeded",
        line: "nothing changes here: nothing was sent",
      });
      return won ? "succeeded" : "lost";
    }
    let receipt = readReceipt(row.receipt, receiptContext(row));
    if (receipt === null) {
      const sent = await sendOnce(row, held, planned, target, marker);
      if (sent.kind !== "sent") return sent.kind;
      receipt = sent.receipt;
    }
    return await follow(row, held, planned, target, receipt);
  }

  type Sent =
    | { readonly kind: "sent"; readonly receipt: Receipt }
    | { readonly kind: "failed" | "unknown" | "lost" };

  async function sendOnce(
    row: TargetRowState,
    held: Held,
    planned: PlannedTarget,
    target: Target,
    marker: string,
  ): Promise<Sent> {
    const ref = { target: planned.target, service: planned.service };
    let known = row.state;
    if (known === "pending") {
      const announced = await step(row, held, {
        from: ["pending"],
        to: "applying",
        marker,
        line: `sending ${planned.image} to ${planned.service}`,
      });
      if (!announced) return { kind: "lost" };
    }
    for (let attempt = 0; ; attempt += 1) {
      if (known !== "pending" || attempt > 0) {
        // Something may have been sent before: look first.
        const landed = await look(row, held, planned, target, marker);
        if (landed.kind !== "not-there") return landed;
        // What nobody knew is settled by looking, never by sending.
        if (row.state === "unknown")
          return await fail(row, held, "target_unreachable", "it did not land: deploy again");
      }
      known = "applying";
      try {
        const auth = await deps.authOf(planned);
        const desired = { deployId: marker, image: planned.image, env: planned.env, registryAuth: auth };
        const receipt = await target.apply(ref, planned.before, desired, held.signal);
        return await sentWith(row, held, receipt, "sent");
      } catch (error) {
        const failure =
          error instanceof TargetError
            ? error
            : new TargetError("maybe-sent", String(error), { cause: error });
        log.warn(
          { deployment: row.deploymentId, target: row.target, class: failure.kind, err: error },
          "a write to a target failed",
        );
        if (failure.kind === "permanent") return await fail(row, held, "target_conflict", failure.message);
        if (failure.kind === "conflict") {
          const landed = await look(row, held, planned, target, marker);
          if (landed.kind !== "not-there") return landed;
        }
        if (!(await waitBefore(held, attempt))) {
          const landed = await look(row, held, planned, target, marker).catch(() => ({
            kind: "unknown" as const,
          }));
          if (landed.kind === "not-there")
            return await fail(row, held, "target_unreachable", failure.message);
          return landed;
        }
      }
    }
  }

  async function sentWith(row: TargetRowState, held: Held, receipt: Receipt, how: string): Promise<Sent> {
    const won = await step(row, held, {
      from: ["applying", "verifying", "unknown"],
      to: "verifying",
      receipt: vault.seal(JSON.stringify(receipt), receiptContext(row)),
      line: how === "sent" ? "the target has taken it; watching" : "the write had landed; watching",
    });
    return won ? { kind: "sent", receipt } : { kind: "lost" };
  }

  async function fail(row: TargetRowState, held: Held, code: string, text: string): Promise<Sent> {
    const won = await step(row, held, {
      from: ["applying", "verifying", "unknown"],
      to: "failed",
      reasonCode: code,
      reasonText: text,
      line: text,
    });
    return { kind: won ? "failed" : "lost" };
  }

  /** What stands at the target decides: our marker means that it landed, the old description that it did not. */
  async function look(
    row: TargetRowState,
    held: Held,
    planned: PlannedTarget,
    target: Target,
    marker: string,
  ): Promise<Sent | { readonly kind: "not-there" }> {
    const ref = { target: planned.target, service: planned.service };
    for (let attempt = 0; ; attempt += 1) {
      try {
        const seen = await target.describe(ref, held.signal);
        if (seen.marker === marker) {
          const service = { deployId: marker, cas: seen.cas, handle: planned.service };
          return await sentWith(row, held, service, "found");
        }
        if (seen.specHash === planned.before.specHash) return { kind: "not-there" };
        return await fail(row, held, "target_conflict", `${planned.service} was changed by somebody else`);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        if (error.kind === "permanent") return await fail(row, held, "target_conflict", error.message);
        if (await waitBefore(held, attempt)) continue;
        const won = await step(row, held, {
          from: ["applying", "verifying"],
          to: "unknown",
          reasonCode: "unknown",
          reasonText: `the target did not answer in time: ${error.message}`,
          line: "nobody answers: whether it landed is not known",
        });
        return { kind: won ? "unknown" : "lost" };
      }
    }
  }

  async function follow(
    row: TargetRowState,
    held: Held,
    planned: PlannedTarget,
    target: Target,
    receipt: Receipt,
  ): Promise<TargetEnd> {
    const ref = { target: planned.target, service: planned.service };
    for (let attempt = 0; ; attempt += 1) {
      const limit = await deadline(held);
      try {
        for await (const progress of target.watch(ref, receipt, {
          soakMs: held.soakMs,
          pollMs: POLL_MS,
          signal: limit.signal,
        })) {
          attempt = 0;
          if (progress.kind === "progress") {
            const seen = JSON.stringify({
              ready: progress.done,
              wanted: progress.total,
              message: progress.text,
            });
            await store.call(noteProgress, {
              deploymentId: row.deploymentId,
              targetId: row.id,
              progress: seen,
              line: progress.text,
            });
            continue;
          }
          return await ended(row, held, progress.outcome, progress.text);
        }
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        if (error.kind === "permanent")
          return kindOf(await fail(row, held, "target_conflict", error.message));
        if (held.signal.aborted) return "lost";
        if (await waitBefore(held, attempt)) continue;
        // Out of time: a target that answers now was watched to the end, one that does not leaves the outcome open.
        if (await answers(target, ref))
          return kindOf(await fail(row, held, "timeout", "it did not settle within the environment's limit"));
        const won = await step(row, held, {
          from: ["verifying"],
          to: "unknown",
          reasonCode: "unknown",
          reasonText: `the target did not answer in time: ${error.message}`,
          line: "nobody answers: how it went is not known",
        });
        return won ? "unknown" : "lost";
      } finally {
        limit.clear();
      }
      if (held.signal.aborted) return "lost";
      return kindOf(await fail(row, held, "timeout", "it did not settle within the environment's limit"));
    }
  }

  async function answers(target: Target, ref: { target: string; service: string }): Promise<boolean> {
    return await target.describe(ref, AbortSignal.timeout(5_000)).then(
      () => true,
      () => false,
    );
  }

  function kindOf(sent: Sent): TargetEnd {
    return sent.kind === "sent" ? "unknown" : sent.kind;
  }

  async function ended(
    row: TargetRowState,
    held: Held,
    outcome: "succeeded" | "failed" | "rolled_back" | "superseded",
    text: string,
  ): Promise<TargetEnd> {
    if (outcome === "succeeded") {
      const won = await step(row, held, { from: ["verifying"], to: "succeeded", line: text });
      return won ? "succeeded" : "lost";
    }
    if (outcome === "rolled_back") {
      const to = {
        from: ["verifying" as const],
        to: "rolled_back" as const,
        reasonCode: "target_unhealthy",
        reasonText: text,
        line: text,
      };
      return (await step(row, held, to)) ? "rolled_back" : "lost";
    }
    return kindOf(
      await fail(row, held, outcome === "superseded" ? "target_conflict" : "target_unhealthy", text),
    );
  }

  /** Puts a target back as it was before this deployment; the same care as on the way there. */
  async function back(row: TargetRowState, held: Held): Promise<TargetEnd> {
    if (row.state === "rolled_back" || row.state === "rollback_failed") return row.state;
    const planned = planOf(row);
    const target = deps.targetOf(planned.target);
    const ref = { target: planned.target, service: planned.service };
    const marker = `${deps.instance}-${row.id}-back`;
    if (row.state !== "rolling_back") {
      const announced = await step(row, held, {
        from: ["succeeded", "failed", "verifying", "unknown"],
        to: "rolling_back",
        line: `putting ${planned.before.image} back`,
      });
      if (!announced) return "lost";
    }
    const context = `${receiptContext(row)}|back`;
    let receipt = readReceipt(row.rollbackReceipt, context);
    for (let attempt = 0; receipt === null; attempt += 1) {
      try {
        const seen = await target.describe(ref, held.signal);
        if (seen.marker === marker) receipt = { deployId: marker, cas: seen.cas, handle: planned.service };
        else if (seen.specHash === planned.before.specHash)
          return await backEnd(row, held, "rolled_back", "it stands as before");
        else receipt = await target.rollBack(ref, planned.before.snapshot, marker, held.signal);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        if (error.kind !== "permanent" && (await waitBefore(held, attempt, held.dueAtMs + 600_000))) continue;
        return await backEnd(row, held, "rollback_failed", error.message);
      }
    }
    try {
      for await (const progress of target.watch(ref, receipt, {
        soakMs: 1_000,
        pollMs: POLL_MS,
        signal: held.signal,
      }))
        if (progress.kind === "end")
          return await backEnd(
            row,
            held,
            progress.outcome === "succeeded" ? "rolled_back" : "rollback_failed",
            progress.text,
          );
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      return await backEnd(row, held, "rollback_failed", error.message);
    }
    return "lost";
  }

  async function backEnd(
    row: TargetRowState,
    held: Held,
    to: "rolled_back" | "rollback_failed",
    text: string,
  ): Promise<TargetEnd> {
    return (await step(row, held, { from: ["rolling_back"], to, line: text })) ? to : "lost";
  }

  /** Waits before another try; false when the limit would pass meanwhile. */
  async function waitBefore(held: Held, attempt: number, dueAtMs = held.dueAtMs): Promise<boolean> {
    const ms = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 30_000;
    if ((await store.nowMs()) + ms >= dueAtMs || held.signal.aborted) return false;
    await pause(ms, undefined, { signal: held.signal }).catch(() => {});
    return !held.signal.aborted;
  }

  async function deadline(held: Held): Promise<{ signal: AbortSignal; clear: () => void }> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), Math.max(0, held.dueAtMs - (await store.nowMs())));
    return { signal: AbortSignal.any([held.signal, controller.signal]), clear: () => clearTimeout(timer) };
  }

  function readReceipt(sealed: Uint8Array | null, context: string): Receipt | null {
    if (sealed === null) return null;
    const read: unknown = readOr("what a target has answered this deployment", () =>
      JSON.parse(vault.unseal(sealed, context)),
    );
    return isReceipt(read) ? read : null;
  }

  return { forward, back };
}

function isReceipt(read: unknown): read is Receipt {
  return typeof read === "object" && read !== null && "deployId" in read && "handle" in read;
}
