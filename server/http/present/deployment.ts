import { z } from "zod";
import type { Store } from "../../store/store.ts";
import { describe } from "../../waits/describe.ts";
import { deploymentWait, gateWait } from "../../waits/waits-of.ts";
import type { Wait } from "../contract/common.ts";
import type { Deployment, DeploymentSummary } from "../contract/deployments.ts";
import { notFound } from "../problem.ts";
import type { World } from "../world.ts";
import { presentReason } from "./build.ts";
import { buildPath, presentRef } from "./ref.ts";

/** What `deployments.images` holds. */
export const Images = z.record(z.string(), z.string()).catch({});

/** The last observation of a target, as the deployer writes it. */
const Progress = z
  .object({
    done: z.int().nonnegative().nullable().default(null),
    total: z.int().nonnegative().nullable().default(null),
    text: z.string().nullable().default(null),
    units: z
      .array(
        z.object({
          id: z.string(),
          node: z.string().nullable().default(null),
          state: z.string(),
          error: z.string().nullable().default(null),
        }),
      )
      .default([]),
  })
  .catch({ done: null, total: null, text: null, units: [] });

/** The rows of deployments with project and build, before any condition. */
export function selectDeployments(store: Store) {
  return store.db
    .selectFrom("deployments")
    .innerJoin("projects", "projects.id", "deployments.projectId")
    .leftJoin("builds", "builds.id", "deployments.buildId")
    .leftJoin("gates", "gates.deploymentId", "deployments.id")
    .select([
      "deployments.id",
      "projects.key as project",
      "deployments.environment",
      "deployments.kind",
      "deployments.rollbackOf",
      "deployments.buildId",
      "builds.number as buildNumber",
      "builds.ref as buildRef",
      "builds.sha as buildSha",
      "deployments.images",
      "deployments.planHash",
      "deployments.gateId",
      "deployments.approvedBy",
      "deployments.createdBy",
      "deployments.release",
      "deployments.state",
      "deployments.reasonCode",
      "deployments.reasonFault",
      "deployments.reasonText",
      "deployments.waitCode",
      "deployments.waitFacts",
      "deployments.waitSinceMs",
      "gates.id as ownGateId",
      "gates.message as gateMessage",
      "gates.kind as gateKind",
      "gates.state as gateState",
      "gates.submitters as gateSubmitters",
      "gates.needed as gateNeeded",
      "gates.dueAtMs as gateDueAtMs",
      "gates.openedAtMs as gateOpenedAtMs",
      "deployments.dueAtMs",
      "deployments.createdAtMs",
      "deployments.startedAtMs",
      "deployments.endedAtMs",
    ]);
}

/** One row of `selectDeployments`. */
export type DeploymentRow = Awaited<ReturnType<ReturnType<typeof selectDeployments>["execute"]>>[number];

/** A row of a list of deployments. */
export function presentDeploymentRow(row: DeploymentRow): DeploymentSummary {
  const { buildId, buildNumber } = row;
  const build =
    buildId === null || buildNumber === null
      ? null
      : {
          id: buildId,
          number: buildNumber,
          ref: presentRef(row.buildRef ?? "", row.buildSha).name,
          sha: row.buildSha,
          path: buildPath(row.project, buildNumber),
        };
  return {
    id: row.id,
    project: row.project,
    environment: row.environment,
    release: row.release,
    state: row.state,
    reason: presentReason(row),
    kind: row.kind,
    build,
    gate: row.gateId,
    images: Images.parse(JSON.parse(row.images)),
    approvedBy: row.approvedBy,
    createdAtMs: row.createdAtMs,
    startedAtMs: row.startedAtMs,
    endedAtMs: row.endedAtMs,
    waits: waitsOf(row),
  };
}

/** What an unfinished deployment waits for: its gate, or what `deploymentWait` says. */
function waitsOf(row: DeploymentRow): Wait[] {
  if (row.state === "pending" && row.gateState === "open" && row.ownGateId !== null) {
    const gate = gateWait({
      id: row.ownGateId,
      kind: row.gateKind ?? "deploy",
      message: row.gateMessage ?? "",
      environment: row.environment,
      needed: row.gateNeeded ?? 1,
      submitters: row.gateSubmitters,
      dueAtMs: row.gateDueAtMs ?? 0,
    });
    return [describe(gate, row.gateOpenedAtMs ?? row.createdAtMs)];
  }
  const cause = deploymentWait(row);
  return cause === null ? [] : [describe(cause, row.waitSinceMs ?? row.startedAtMs ?? row.createdAtMs)];
}

/** What the server does next with a deployment, in words. */
const NEXT: Readonly<Record<DeploymentSummary["state"], string | null>> = {
  pending: "It is sent as soon as nothing holds it.",
  applying: "The targets are being told; then they are watched.",
  verifying: "It is watched until every target has settled and stayed up.",
  unknown: "Nothing is sent again until somebody looks.",
  rolling_back: "The release before it is being put back.",
  succeeded: null,
  failed: null,
  withdrawn: null,
  rolled_back: null,
  rollback_failed: null,
};

/** The page of one deployment. @throws {HttpProblem} 404 */
export async function presentDeployment(world: World, id: number): Promise<Deployment> {
  const { store } = world;
  const row = await selectDeployments(store).where("deployments.id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`deployment ${id}`);
  const [plan, targets, lines] = await Promise.all([
    world.deployments.plan(id),
    store.db
      .selectFrom("deploymentTargets")
      .select([
        "id",
        "target",
        "wave",
        "state",
        "progress",
        "reasonCode",
        "reasonText",
        "startedAtMs",
        "endedAtMs",
        "deadlineAtMs",
      ])
      .where("deploymentId", "=", id)
      .orderBy("wave")
      .orderBy("id")
      .execute(),
    store.db
      .selectFrom("deploymentLines")
      .select(["targetId", "kind", "text", "atMs"])
      .where("deploymentId", "=", id)
      .orderBy("id")
      .execute(),
  ]);
  return {
    ...presentDeploymentRow(row),
    plan,
    planHash: row.planHash,
    targets: targets.map((target) => {
      const progress = Progress.parse(JSON.parse(target.progress ?? "{}"));
      return {
        id: target.id,
        target: target.target,
        kind:
          plan?.targets.find((one) => one.target === target.target)?.kind ??
          world.config.file.targets[target.target]?.type ??
          "",
        wave: target.wave,
        state: target.state,
        reason:
          target.reasonCode === null
            ? null
            : {
                code: target.reasonCode,
                fault: "sluice" as const,
                text: target.reasonText ?? target.reasonCode,
              },
        ready: progress.done,
        wanted: progress.total,
        message: progress.text,
        units: progress.units,
        startedAtMs: target.startedAtMs,
        endedAtMs: target.endedAtMs,
        deadlineAtMs: target.deadlineAtMs,
        journal: lines
          .filter((line) => line.targetId === target.id || line.targetId === null)
          .map(({ atMs, kind, text }) => ({ atMs, kind, text })),
      };
    }),
    rollbackOf: row.rollbackOf,
    next: NEXT[row.state],
    url: `${world.config.publicUrl}/deployments/${id}`,
  };
}
