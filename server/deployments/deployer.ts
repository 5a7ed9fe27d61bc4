import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { sealOutcome } from "../builds/prepare-begin.ts";
import { DamagedRecord, readOr } from "../builds/damaged.ts";
import type { BuildSeal } from "../builds/seal.ts";
import { endEffects } from "../builds/journal/end-effects.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import { renewLeases } from "../store/leases.ts";
import type { DeploymentState } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import { deploymentOutcome, type SettledDeployment } from "./deployment-outcome.ts";
import { finishDeployment, type FinishInput, refuseDeployment } from "./journal/finish.ts";
import { savePlan } from "./journal/plan-rows.ts";
import { stepDeployment } from "./journal/target-steps.ts";
import { ENVIRONMENT_LEASE_MS, takeTurn } from "./journal/take-turn.ts";
import { makePlan, registryAuth } from "./make-plan.ts";
import { type DeploymentPlan, Wanted } from "./plan.ts";
import { openPlan, planRows } from "./sealed-plan.ts";
import { createLastLook } from "./last-look.ts";
import { createRollOut, type Held, type TargetEnd, type TargetRowState } from "./roll-out.ts";
import type { Target } from "./target.ts";

/** Carries deployments out, whether or not the build that asked for one is loaded. */
export interface Deployer {
  /** Carries out a nudge: plans, rolls out, goes on with or tells of the deployment, whatever its row says. */
  handle(deploymentId: number): Promise<void>;
  /** Deployments that are under way here. */
  busy(): number;
  stop(): Promise<void>;
}

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly targetOf: (name: string) => Target;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly pokeBuild: (buildId: number) => void;
  /** A deployment waits for somebody's click; told at least once. */
  readonly gateOpened: (gateId: number) => Promise<void>;
  /** A deployment has ended; told at least once. */
  readonly ended: (deploymentId: number) => Promise<void>;
  readonly log: Logger;
}

/** How often the holder of an environment says that it is alive. */
const RENEW_MS = 5_000;

/** How soon a target that could not be looked at is looked at again. */
const LOOK_AGAIN_MS = 1_000;

const OVER: readonly DeploymentState[] = [
  "succeeded",
  "failed",
  "withdrawn",
  "rolled_back",
  "rollback_failed",
];

export function createDeployer(deps: Deps): Deployer {
  const { store, vault, config, log } = deps;
  const running = new Map<number, Promise<void>>();
  const stopping = new AbortController();
  const rollOut = createRollOut({
    store,
    vault,
    instance: vault.instance,
    targetOf: deps.targetOf,
    log,
    authOf: async (planned) => await registryAuth(deps, "", planned.image),
  });

  const lastLook = createLastLook({ store, vault, targetOf: deps.targetOf, log });

  async function handle(deploymentId: number): Promise<void> {
    const already = running.get(deploymentId);
    if (already !== undefined) return await already;
    const mine = look(deploymentId)
      .catch((err: unknown) =>
        log.error({ deployment: deploymentId, err }, "a deployment could not go on; it is looked at again"),
      )
      .finally(() => running.delete(deploymentId));
    running.set(deploymentId, mine);
    await mine;
  }

  async function look(deploymentId: number): Promise<void> {
    const row = await store.db
      .selectFrom("deployments")
      .selectAll()
      .where("id", "=", deploymentId)
      .executeTakeFirst();
    if (row === undefined || stopping.signal.aborted) return;
    if (OVER.includes(row.state)) return await settle(row.id);
    if (row.state !== "pending") await deploy(row.id);
    else if (row.planHash === "") await plan(row.id);
    else if (row.approvedBy !== null) await deploy(row.id);
    else if (row.gateId !== null) await deps.gateOpened(row.gateId);
  }

  async function plan(deploymentId: number): Promise<void> {
    const row = await store.db
      .selectFrom("deployments")
      .innerJoin("projects", "projects.id", "deployments.projectId")
      .select([
        "deployments.buildId",
        "deployments.effectId",
        "deployments.environment",
        "deployments.message",
        "deployments.wanted",
        "deployments.createdAtMs",
        "deployments.limitMs",
        "projects.key",
      ])
      .where("deployments.id", "=", deploymentId)
      .executeTakeFirstOrThrow();
    const environment = config.file.environments[row.environment];
    const wanted = await readWanted(row).catch((error: unknown) => {
      if (error instanceof DamagedRecord) return error;
      throw error;
    });
    if (wanted instanceof DamagedRecord) {
      const why = { code: "internal_error", fault: "sluice", text: wanted.message } as const;
      await store.call(refuseDeployment, { deploymentId, ...why });
      return await settle(deploymentId);
    }
    const made = await makePlan(deps, {
      deploymentId,
      environment: row.environment,
      projectKey: row.key,
      buildId: row.buildId,
      wanted,
    });
    const isAway = !made.ok && made.code === "target_unreachable";
    if (isAway && (await store.nowMs()) < row.createdAtMs + row.limitMs) {
      log.warn(
        { deployment: deploymentId, text: made.text },
        "a target cannot be looked at; it is tried again",
      );
      await pause(LOOK_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => {});
      return await look(deploymentId);
    }
    if (!made.ok || environment === undefined) {
      const why = made.ok
        ? {
            code: "not_allowed",
            fault: "file" as const,
            text: `there is no environment "${row.environment}" any more`,
          }
        : { code: made.code, fault: made.fault, text: made.text };
      await store.call(refuseDeployment, { deploymentId, ...why });
      return await settle(deploymentId);
    }
    const { approve } = environment;
    await store.call(savePlan, {
      ...planRows(vault, deploymentId, made.plan, made.images),
      gate:
        environment.policy === "auto"
          ? null
          : {
              message: row.message ?? `Deploy ${row.key} to ${row.environment}?`,
              needed: approve.needed,
              expiresMs: approve.expires,
              approvers: JSON.stringify({
                role: approve.role,
                people: approve.people,
                pusher: approve.pusher,
                reason: approve.reason,
              }),
            },
    });
    await look(deploymentId);
  }

  async function readWanted(row: {
    buildId: number | null;
    effectId: string | null;
    wanted: Uint8Array | null;
  }): Promise<Wanted> {
    if (row.wanted === null || row.buildId === null) return { images: null, env: {}, optional: false };
    const seal = await deps.sealOf(row.buildId);
    const { wanted, effectId } = row;
    return readOr("what this deployment was asked for", () =>
      Wanted.parse(JSON.parse(seal.open(`deployment ${effectId ?? ""}`, wanted))),
    );
  }

  /** A wish that cannot be read is none that may fail unseen. */
  async function isOptional(row: Parameters<typeof readWanted>[0]): Promise<boolean> {
    try {
      return (await readWanted(row)).optional;
    } catch (error) {
      if (error instanceof DamagedRecord) return false;
      throw error;
    }
  }

  /** Rolls out, or goes on with it, as far as this process keeps the environment. */
  async function deploy(deploymentId: number): Promise<void> {
    const turn = await store.call(takeTurn, { deploymentId, holder: store.holder });
    if (turn.kind !== "yours") return;
    const row = await store.db
      .selectFrom("deployments")
      .selectAll()
      .where("id", "=", deploymentId)
      .executeTakeFirstOrThrow();
    const environment = config.file.environments[row.environment];
    const lost = new AbortController();
    const lease = { name: `env:${row.environment}`, fence: turn.fence };
    const renewal = setInterval(() => {
      void store
        .call(renewLeases, { leases: [lease], holder: store.holder, ttlMs: ENVIRONMENT_LEASE_MS })
        .then((kept) => {
          if (kept.length === 0) lost.abort();
        })
        .catch((err: unknown) =>
          log.warn({ deployment: deploymentId, err }, "the lease of an environment could not be renewed"),
        );
    }, RENEW_MS);
    const held: Held = {
      environment: row.environment,
      fence: turn.fence,
      dueAtMs: turn.dueAtMs,
      soakMs: environment?.soak ?? 10_000,
      signal: AbortSignal.any([stopping.signal, lost.signal]),
    };
    try {
      if (await lastLook(row, held, environment))
        await carryOut(deploymentId, held, {
          rollBack: (environment?.onFailure ?? "rollback") === "rollback",
          supersede: environment?.supersede ?? true,
          outside: environment?.policy === "outside",
        });
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      log.error({ deployment: deploymentId, err: error }, "what is kept of a deployment is damaged; it ends");
      await giveUp(deploymentId, held, error);
    } finally {
      clearInterval(renewal);
    }
    if (!held.signal.aborted) await settle(deploymentId);
  }

  /** Without its plan nobody can go on: what may have been sent is for a person to judge, and the environment is free. */
  async function giveUp(deploymentId: number, held: Held, why: DamagedRecord): Promise<void> {
    const rows = await targetRows(deploymentId);
    await store.call(finishDeployment, {
      deploymentId,
      environment: held.environment,
      fence: held.fence,
      state: rows.every((row) => row.state === "pending") ? "failed" : "unknown",
      code: "internal_error",
      fault: "sluice",
      text: why.message,
      live: [],
      supersede: false,
    });
  }

  interface Rules {
    readonly rollBack: boolean;
    readonly supersede: boolean;
    readonly outside: boolean;
  }

  async function carryOut(deploymentId: number, held: Held, rules: Rules): Promise<void> {
    const rows = await targetRows(deploymentId);
    if (rules.outside) return await checkOutside(deploymentId, held, rules);
    const rolling = await stateOf(deploymentId);
    const ends = new Map<number, TargetEnd>();
    let failed: string | null = null;
    if (rolling === "rolling_back") failed = "the roll-back was under way";
    else {
      const waves = [...new Set(rows.map((row) => row.wave))].toSorted((a, b) => a - b);
      await store.call(stepDeployment, {
        deploymentId,
        environment: held.environment,
        fence: held.fence,
        from: ["applying"],
        to: "verifying",
        line: "rolling out",
      });
      for (const wave of waves) {
        const here = rows.filter((row) => row.wave === wave);
        const results = await Promise.all(here.map((row) => rollOut.forward(row, held)));
        for (const [at, row] of here.entries()) ends.set(row.id, results[at] ?? "lost");
        if (results.includes("lost")) return;
        if (results.some((end) => end !== "succeeded")) {
          failed = `wave ${wave + 1} did not succeed`;
          break;
        }
      }
    }
    if (failed === null)
      return await finish(deploymentId, held, rules, {
        state: "succeeded",
        code: null,
        fault: null,
        text: null,
      });
    const now = await targetRows(deploymentId);
    const unknown = now.some((row) => row.state === "unknown");
    const why = await reasonOf(deploymentId, failed);
    if (unknown)
      return await finish(deploymentId, held, rules, {
        state: "unknown",
        code: "unknown",
        fault: "sluice",
        text: why.text,
      });
    if (!rules.rollBack) return await finish(deploymentId, held, rules, { state: "failed", ...why });
    await rollBackAll(deploymentId, held, rules, now, why);
  }

  async function rollBackAll(
    deploymentId: number,
    held: Held,
    rules: Rules,
    rows: readonly TargetRowState[],
    why: { code: string; fault: "sluice"; text: string },
  ): Promise<void> {
    const sent = rows.filter(
      (row) => row.state !== "pending" && row.state !== "applying" && row.receipt !== null,
    );
    // What Swarm put back by itself, or was never sent, needs nothing from us.
    if (sent.length === 0) {
      const state = rows.some((row) => row.state === "rolled_back")
        ? ("rolled_back" as const)
        : ("failed" as const);
      return await finish(deploymentId, held, rules, { state, ...why });
    }
    const to = { from: ["applying" as const, "verifying" as const], to: "rolling_back" as const };
    await store.call(stepDeployment, {
      deploymentId,
      environment: held.environment,
      fence: held.fence,
      ...to,
      line: `rolling back: ${why.text}`,
    });
    const results = await Promise.all(sent.toReversed().map((row) => rollOut.back(row, held)));
    if (results.includes("lost")) return;
    const state = results.every((end) => end === "rolled_back")
      ? ("rolled_back" as const)
      : ("rollback_failed" as const);
    await finish(deploymentId, held, rules, { state, ...why });
  }

  /** Done by hand elsewhere: only the planned images being live makes it so. */
  async function checkOutside(deploymentId: number, held: Held, rules: Rules): Promise<void> {
    const plan_ = await readPlan(deploymentId);
    for (const planned of plan_.targets) {
      const seen = await deps
        .targetOf(planned.target)
        .describe({ target: planned.target, service: planned.service }, held.signal);
      if (seen.image !== planned.image)
        return await finish(deploymentId, held, rules, {
          state: "failed",
          code: "target_conflict",
          fault: "person",
          text: `${planned.service} runs ${seen.image}, not ${planned.image}`,
        });
    }
    await finish(deploymentId, held, rules, {
      state: "succeeded",
      code: null,
      fault: null,
      text: null,
    });
  }

  async function finish(
    deploymentId: number,
    held: Held,
    rules: Rules,
    end: Pick<FinishInput, "state" | "code" | "fault" | "text">,
  ): Promise<void> {
    const { targets } = await readPlan(deploymentId);
    const live =
      end.state === "succeeded"
        ? targets.map(({ target, service, image }) => ({ target, service, image }))
        : [];
    await store.call(finishDeployment, {
      deploymentId,
      environment: held.environment,
      fence: held.fence,
      ...end,
      live,
      supersede: rules.supersede,
    });
  }

  async function readPlan(deploymentId: number): Promise<DeploymentPlan> {
    const row = await store.db
      .selectFrom("deployments")
      .select("plan")
      .where("id", "=", deploymentId)
      .executeTakeFirstOrThrow();
    return openPlan(vault, deploymentId, row.plan);
  }

  async function stateOf(deploymentId: number): Promise<DeploymentState> {
    const row = await store.db
      .selectFrom("deployments")
      .select("state")
      .where("id", "=", deploymentId)
      .executeTakeFirstOrThrow();
    return row.state;
  }

  async function targetRows(deploymentId: number): Promise<TargetRowState[]> {
    return await store.db
      .selectFrom("deploymentTargets")
      .select(["id", "deploymentId", "target", "wave", "state", "plan", "receipt", "rollbackReceipt"])
      .where("deploymentId", "=", deploymentId)
      .orderBy("wave")
      .orderBy("id")
      .execute();
  }

  async function reasonOf(
    deploymentId: number,
    otherwise: string,
  ): Promise<{ code: string; fault: "sluice"; text: string }> {
    const row = await store.db
      .selectFrom("deploymentTargets")
      .select(["target", "reasonCode", "reasonText"])
      .where("deploymentId", "=", deploymentId)
      .where("reasonText", "is not", null)
      .orderBy("id")
      .executeTakeFirst();
    return {
      code: row?.reasonCode ?? "target_unhealthy",
      fault: "sluice",
      text: row === undefined ? otherwise : `${row.target}: ${row.reasonText ?? ""}`,
    };
  }

  /** Tells the build, once all deployments of its step have ended, and the people. Safe to repeat. */
  async function settle(deploymentId: number): Promise<void> {
    const row = await store.db
      .selectFrom("deployments")
      .selectAll()
      .where("id", "=", deploymentId)
      .executeTakeFirstOrThrow();
    const ending = OVER.includes(row.state) || row.state === "unknown";
    if (!ending) return;
    // People hear of it also where the build's journal is damaged and cannot.
    if (OVER.includes(row.state)) await deps.ended(deploymentId);
    if (row.buildId !== null && row.effectId !== null) await tellBuild(row.buildId, row.effectId);
  }

  async function tellBuild(buildId: number, effectId: string): Promise<void> {
    const rows = await store.db
      .selectFrom("deployments")
      .select([
        "id",
        "environment",
        "state",
        "release",
        "images",
        "reasonCode",
        "reasonText",
        "wanted",
        "buildId",
        "effectId",
      ])
      .where("buildId", "=", buildId)
      .where("effectId", "=", effectId)
      .orderBy("id")
      .execute();
    if (!rows.every((row) => OVER.includes(row.state) || row.state === "unknown")) return;
    const [first] = rows;
    const optional = first !== undefined && (await isOptional(first));
    const outcome = deploymentOutcome(rows satisfies SettledDeployment[], optional);
    const seal = await deps.sealOf(buildId);
    const ends = [{ buildId, effectId, outcome: sealOutcome(seal, effectId, outcome), exitCode: null }];
    for (const build of await store.call(endEffects, { ends })) deps.pokeBuild(build);
  }

  return {
    handle,
    busy: () => running.size,
    async stop() {
      stopping.abort();
      await Promise.allSettled(running.values());
    },
  };
}
