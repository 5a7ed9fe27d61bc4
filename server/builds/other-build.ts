import type { OtherBuild, Stored } from "../../pipelines/ports.ts";
import type { BuildState } from "../store/states.ts";

const RESULT: Partial<Record<BuildState, string>> = {
  succeeded: "SUCCESS",
  unstable: "UNSTABLE",
  failed: "FAILURE",
  aborted: "ABORTED",
  not_built: "NOT_BUILT",
};

/** The columns of a build that another build may see. */
export interface OtherBuildRow {
  readonly number: number;
  readonly state: BuildState;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** A build as the script of another one sees it. */
export function otherBuild(
  row: OtherBuildRow,
  project: { readonly key: string; readonly publicUrl: string },
  variables: Readonly<Record<string, string>> = {},
): Stored {
  const started = row.startedAtMs ?? row.createdAtMs;
  return {
    number: row.number,
    result: RESULT[row.state] ?? null,
    displayName: row.displayName ?? `#${row.number}`,
    description: row.description,
    projectName: project.key,
    url: `${project.publicUrl}/p/${project.key}/b/${row.number}/`,
    startedAtMs: started,
    durationMs: row.endedAtMs === null ? 0 : row.endedAtMs - started,
    variables,
  } satisfies Record<keyof OtherBuild, Stored>;
}
