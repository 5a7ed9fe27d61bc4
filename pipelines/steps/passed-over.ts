/** Steps whose work the server does by itself or whose report nobody shows: they are passed over, saying so. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  recordIssues: "the report is not read; archiveArtifacts keeps it",
  recordCoverage: "the report is not read; archiveArtifacts keeps it",
  publishCoverage: "the report is not read; archiveArtifacts keeps it",
  jacoco: "the report is not read; archiveArtifacts keeps it",
  cobertura: "the report is not read; archiveArtifacts keeps it",
  fingerprint: "artifacts have digests anyway",
  updateGitlabCommitStatus: "commit statuses are sent by themselves",
  gitlabCommitStatus: "commit statuses are sent by themselves",
  gitlabBuilds: "commit statuses are sent by themselves",
  githubNotify: "commit statuses are sent by themselves",
};

/** Why a step is passed over; undefined for steps that are not. Its block, if it has one, runs. */
export function passedOver(name: string): string | undefined {
  return Object.hasOwn(PASSED_OVER, name) ? PASSED_OVER[name] : undefined;
}
