import { refused, type WorldGates } from "../http/world.ts";
import type { Config } from "../config.ts";
import { decideDeploymentGate, mayDecideDeployment } from "../deployments/decide.ts";
import type { Target } from "../deployments/target.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { answerInput, mayAnswer } from "./input-gates.ts";
import type { BuildSeal } from "./seal.ts";

/** Gates of both kinds behind one door; neither stands in for the other. */
export function createGates(deps: {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly targetOf: (name: string) => Target;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
}): WorldGates {
  const gateOf = async (gateId: number) =>
    await deps.store.db
      .selectFrom("gates")
      .leftJoin("deployments", "deployments.id", "gates.deploymentId")
      .select([
        "gates.id as id",
        "gates.kind as kind",
        "gates.buildId as buildId",
        "gates.effectId as effectId",
        "gates.deploymentId as deploymentId",
        "gates.submitters as submitters",
        "gates.form as form",
        "deployments.createdBy as createdBy",
        "deployments.kind as deploymentKind",
      ])
      .where("gates.id", "=", gateId)
      .executeTakeFirst();
  return {
    async mayDecide(gateId, by) {
      const gate = await gateOf(gateId);
      if (gate === undefined)
        return { may: false, whyNot: "there is no such gate", approvers: [], reasonRequired: false };
      if (gate.kind === "input") return { ...mayAnswer(gate.submitters, by), reasonRequired: false };
      return mayDecideDeployment(gate.submitters, gate.createdBy, by);
    },
    async decide(gateId, request, by) {
      const gate = await gateOf(gateId);
      if (gate === undefined) return refused(404, "not_found", "there is no such gate");
      if (gate.kind === "deploy") return await decideDeploymentGate(deps, gate, request, by);
      const may = mayAnswer(gate.submitters, by);
      if (!may.may) return refused(403, "forbidden", may.whyNot ?? "you may not decide here");
      return await answerInput(deps, gate, request, by);
    },
  };
}
