import type { Stored } from "../../pipelines/ports.ts";
import { interruption, refusal } from "../builds/translate/failure.ts";
import type { EffectOutcome } from "../builds/translate/outcome.ts";
import type { DeploymentState } from "../store/states.ts";

/** A deployment that has ended, or whose outcome nobody knows in time. */
export interface SettledDeployment {
  readonly id: number;
  readonly environment: string;
  readonly state: DeploymentState;
  readonly release: number | null;
  readonly images: string;
  readonly reasonCode: string | null;
  readonly reasonText: string | null;
}

/** What the `deploy` step gives: a value when all went well or failure was allowed, else what a script can catch. */
export function deploymentOutcome(rows: readonly SettledDeployment[], optional: boolean): EffectOutcome {
  const bad = rows.find((row) => row.state !== "succeeded");
  if (bad === undefined || (optional && bad.state !== "withdrawn")) return { value: rows.map(valueOf) };
  const text = `${bad.environment}: ${bad.reasonText ?? bad.state}`;
  if (bad.state === "withdrawn")
    return { error: interruption(bad.reasonCode === "superseded" ? "NOT_BUILT" : "ABORTED", text) };
  return { error: refusal(text, bad.reasonCode ?? "target_unhealthy", "sluice") };
}

function valueOf(row: SettledDeployment): Stored {
  const images: unknown = JSON.parse(row.images);
  const pairs = typeof images === "object" && images !== null ? Object.entries(images) : [];
  return {
    environment: row.environment,
    deployment: row.id,
    release: row.release ?? 0,
    state: row.state,
    images: Object.fromEntries(pairs.map(([key, image]) => [key, String(image)])),
  };
}
