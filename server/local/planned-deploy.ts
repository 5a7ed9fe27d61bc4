import type { Begin, DeploymentRequest, Stored } from "../../pipelines/ports.ts";
import type { StepLogs } from "../builds/logs.ts";
import type { BeginScope } from "../builds/prepare-begin.ts";
import type { EffectOutcome } from "../builds/translate/outcome.ts";
import type { Config } from "../config.ts";
import { makePlan } from "../deployments/make-plan.ts";
import type { DeploymentPlan } from "../deployments/plan.ts";
import type { Target } from "../deployments/target.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { hiddenTexts } from "../secrets/values.ts";
import type { Store } from "../store/store.ts";

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly logs: StepLogs;
  readonly targetOf: (name: string) => Target;
  readonly hidden: readonly string[];
}

/**
 * `deploy` on a person's own machine: the step's log says what would be deployed, where sluice.yml names the environment
 * with the plan made by looking at its targets. Nothing is sent.
 */
export async function planOnly(
  deps: Deps,
  scope: BeginScope,
  begin: Begin,
  request: DeploymentRequest,
): Promise<EffectOutcome> {
  const lines: string[] = [];
  const results: Stored[] = [];
  for (const environment of request.environments ?? []) {
    lines.push(`deploy to ${environment}: only planned here`, ...argumentLines(request));
    const planned = await plan(deps, scope, environment, request);
    lines.push(...planned.lines);
    const images = planned.images ?? request.images ?? {};
    results.push({ environment, deployment: null, release: 0, state: "planned", images: { ...images } });
  }
  if (begin.stepNo !== null) {
    const text = masked(lines.map((line) => `${line}\n`).join(""), deps.hidden);
    await deps.logs.write(scope.buildId, begin.stepNo, 0, Buffer.from(text));
  }
  return { value: results };
}

function argumentLines(request: DeploymentRequest): string[] {
  const list = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return [
    `  images: ${request.images === null ? "what this build pushed" : list(request.images).join(", ")}`,
    ...(Object.keys(request.env).length === 0 ? [] : [`  env: ${list(request.env).join(", ")}`]),
    ...(request.message === "" ? [] : [`  message: ${request.message}`]),
    ...(request.timeoutMs === null ? [] : [`  timeout: ${request.timeoutMs / 60_000} min`]),
    ...(request.optional ? ["  optional: true"] : []),
  ];
}

interface Planned {
  readonly lines: readonly string[];
  readonly images: Readonly<Record<string, string>> | null;
}

async function plan(
  deps: Deps,
  scope: BeginScope,
  environment: string,
  request: DeploymentRequest,
): Promise<Planned> {
  const { environments } = deps.config.file;
  if (deps.config.configFile === null)
    return { lines: ["  --config sluice.yml shows the plan"], images: null };
  if (environments[environment] === undefined) {
    const names = Object.keys(environments).join(", ");
    const text = `  no plan: ${deps.config.configFile} has no environment "${environment}"; it has: ${names || "none"}`;
    return { lines: [text], images: null };
  }
  const made = await makePlan(deps, {
    deploymentId: 0,
    environment,
    projectKey: scope.projectKey,
    buildId: scope.buildId,
    wanted: { images: request.images, env: request.env, optional: request.optional },
  });
  if (!made.ok) return { lines: [`  no plan: ${made.text}`], images: null };
  return { lines: planLines(made.plan), images: made.images };
}

function planLines(made: DeploymentPlan): string[] {
  return made.targets.flatMap((target) => [
    `  wave ${target.wave + 1}: ${target.target}, service ${target.service}${target.noop ? ": nothing would change" : ""}`,
    `    image ${target.before.image === "" ? "(none)" : target.before.image} -> ${target.image}`,
    ...target.changes.map(
      (change) => `    ${change.what} ${change.from ?? "(none)"} -> ${change.to ?? "(none)"}`,
    ),
    ...target.warnings.map((warning) => `    warning: ${warning}`),
  ]);
}

function masked(text: string, hidden: readonly string[]): string {
  let shown = text;
  for (const secret of hidden) shown = shown.replaceAll(secret, "****");
  return shown;
}

/** The texts of secrets, longest first, so that a short one never leaves a part of a long one. */
export function hiddenOf(values: Iterable<Parameters<typeof hiddenTexts>[0]>): string[] {
  return [...values].flatMap(hiddenTexts).toSorted((a, b) => b.length - a.length);
}
