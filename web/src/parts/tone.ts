import type { BuildState, StageState } from "../../../server/http/contract/builds.ts";
import type { Fault } from "../../../server/http/contract/common.ts";
import type { DeploymentState } from "../../../server/http/contract/deployments.ts";
import type { GateState } from "../../../server/http/contract/gates.ts";
import type { IconName } from "./icon-name.ts";

/** The colours of states; each has an ink and a ground. */
export type Tone = "queued" | "running" | "waiting" | "succeeded" | "unstable" | "failed" | "aborted";

/** How a state looks: its shape tells it apart without colour. */
export interface Look {
  readonly icon: IconName;
  readonly tone: Tone;
}

const BUILD: Readonly<Record<BuildState, Look>> = {
  queued: { icon: "queued", tone: "queued" },
  running: { icon: "running", tone: "running" },
  waiting: { icon: "waiting", tone: "waiting" },
  succeeded: { icon: "succeeded", tone: "succeeded" },
  unstable: { icon: "unstable", tone: "unstable" },
  failed: { icon: "failed", tone: "failed" },
  aborted: { icon: "aborted", tone: "aborted" },
  not_built: { icon: "notbuilt", tone: "aborted" },
};

const STAGE: Readonly<Record<StageState, Look>> = {
  ...BUILD,
  skipped: { icon: "notbuilt", tone: "aborted" },
};

const GATE: Readonly<Record<GateState, Look>> = {
  open: { icon: "waiting", tone: "waiting" },
  approved: { icon: "approved", tone: "succeeded" },
  rejected: { icon: "rejected", tone: "failed" },
  expired: { icon: "expired", tone: "aborted" },
  withdrawn: { icon: "withdrawn", tone: "aborted" },
};

const DEPLOYMENT: Readonly<Record<DeploymentState, Look>> = {
  pending: { icon: "d-pending", tone: "queued" },
  applying: { icon: "d-applying", tone: "running" },
  verifying: { icon: "d-verifying", tone: "running" },
  succeeded: { icon: "d-succeeded", tone: "succeeded" },
  failed: { icon: "d-failed", tone: "failed" },
  unknown: { icon: "d-unknown", tone: "unstable" },
  withdrawn: { icon: "d-pending", tone: "aborted" },
  rolling_back: { icon: "d-rolling", tone: "unstable" },
  rolled_back: { icon: "d-rolled", tone: "unstable" },
  rollback_failed: { icon: "d-rbfailed", tone: "failed" },
};

/** A build's look. A failure on our side never looks like one of the user's. */
export function buildLook(state: BuildState, fault: Fault | undefined): Look {
  if (state === "failed" && fault === "sluice") return { icon: "ours", tone: "unstable" };
  return BUILD[state];
}

/** The look of a stage or step. */
export function stageLook(state: StageState): Look {
  return STAGE[state];
}

/** A gate's look. */
export function gateLook(state: GateState): Look {
  return GATE[state];
}

/** The look of a deployment or of one of its targets. */
export function deploymentLook(state: DeploymentState): Look {
  return DEPLOYMENT[state];
}
