import { z } from "zod";
import { EnvironmentDefinition } from "../../config-schema.ts";
import type { Store } from "../../store/store.ts";
import { FormField } from "../contract/gates.ts";
import type { Gate, GateSummary } from "../contract/gates.ts";
import { notFound } from "../problem.ts";
import type { Actor, World } from "../world.ts";
import { buildPath, presentRef } from "./ref.ts";

/** The form of an input as its gate's row keeps it, in the engine's words. */
const StoredForm = z.object({
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      description: z.string(),
      defaultValue: z.unknown(),
      choices: z.array(z.string()),
    }),
  ),
});

const FIELD_TYPES = FormField.shape.type;

/** The fields that a page draws; kinds of parameters that a form cannot ask for are asked for as text. */
function formOf(form: string | null): FormField[] {
  const read = form === null ? null : StoredForm.safeParse(JSON.parse(form));
  if (read === null || !read.success) return [];
  return read.data.fields.map((field) => ({
    name: field.name,
    type: FIELD_TYPES.catch("string").parse(field.type),
    description: field.description === "" ? null : field.description,
    default:
      typeof field.defaultValue === "string"
        ? field.defaultValue
        : typeof field.defaultValue === "boolean"
          ? String(field.defaultValue)
          : null,
    choices: field.choices,
  }));
}

/** The rows of gates with project and build, before any condition. */
export function selectGates(store: Store) {
  return store.db
    .selectFrom("gates")
    .innerJoin("projects", "projects.id", "gates.projectId")
    .leftJoin("builds", "builds.id", "gates.buildId")
    .leftJoin("effects", (join) =>
      join.onRef("effects.buildId", "=", "gates.buildId").onRef("effects.id", "=", "gates.effectId"),
    )
    .leftJoin("stages", (join) =>
      join.onRef("stages.buildId", "=", "effects.buildId").onRef("stages.path", "=", "effects.stage"),
    )
    .select([
      "gates.id",
      "gates.kind",
      "gates.state",
      "projects.key as project",
      "gates.buildId",
      "builds.number as buildNumber",
      "builds.ref as buildRef",
      "builds.sha as buildSha",
      "builds.author",
      "builds.actor",
      "stages.name as stage",
      "gates.deploymentId",
      "gates.environment",
      "gates.message",
      "gates.okLabel",
      "gates.form",
      "gates.needed",
      "gates.planHash",
      "gates.openedAtMs",
      "gates.dueAtMs",
      "gates.decidedBy",
      "gates.decidedAtMs",
      "gates.reason",
    ]);
}

/** One row of `selectGates`. */
export type GateRow = Awaited<ReturnType<ReturnType<typeof selectGates>["execute"]>>[number];

/** A row of a list of gates, as it looks to whoever asks. */
export async function presentGateRow(world: World, row: GateRow, by: Actor): Promise<GateSummary> {
  const decide = row.state === "open" ? await world.gates.mayDecide(row.id, by) : null;
  return summary(row, decide);
}

function summary(row: GateRow, decide: { may: boolean; whyNot: string | null } | null): GateSummary {
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
  const actor = row.actor ?? "";
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    project: row.project,
    build,
    deployment: row.deploymentId,
    environment: row.environment,
    stage: row.stage,
    message: row.message,
    openedAtMs: row.openedAtMs,
    dueAtMs: row.dueAtMs,
    askedBy: build === null ? null : { name: row.author ?? actor, login: actor === "" ? null : actor },
    mayDecide: decide?.may ?? false,
    whyNot: decide === null ? `this gate is ${row.state}` : decide.whyNot,
  };
}

/** One gate with everything to be judged, as it looks to whoever asks. @throws {HttpProblem} 404 */
export async function presentGate(world: World, id: number, by: Actor): Promise<Gate> {
  const { store } = world;
  const row = await selectGates(store).where("gates.id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`gate ${id}`);
  const [decide, votes, plan, environment] = await Promise.all([
    world.gates.mayDecide(id, by),
    store.db.selectFrom("gateVotes").selectAll().where("gateId", "=", id).orderBy("id").execute(),
    row.deploymentId === null ? null : world.deployments.plan(row.deploymentId),
    row.environment === null
      ? undefined
      : store.db
          .selectFrom("environments")
          .selectAll()
          .where("name", "=", row.environment)
          .executeTakeFirst(),
  ]);
  const definition =
    environment === undefined ? null : EnvironmentDefinition.parse(JSON.parse(environment.definition));
  return {
    ...summary(row, row.state === "open" ? decide : null),
    okLabel: row.okLabel ?? (row.environment === null ? "Proceed" : `Deploy to ${row.environment}`),
    form: formOf(row.form),
    plan,
    planHash: row.planHash,
    needed: row.needed,
    approvals: votes.map((vote) => ({
      by: vote.userName,
      decision: vote.verdict,
      atMs: vote.atMs,
      reason: vote.reason,
    })),
    approvers: [...decide.approvers],
    reasonRequired: decide.reasonRequired,
    confirm: definition?.confirm ?? "none",
    frozenUntilAtMs: environment?.frozenUntilMs ?? null,
    decidedBy: row.decidedBy,
    decidedAtMs: row.decidedAtMs,
    reason: row.reason,
    url: `${world.config.publicUrl}/gates/${id}`,
  };
}
