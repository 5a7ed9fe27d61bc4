/** Steps whose work the server or the agent's image does by itself, or whose report nobody shows: passed over, saying so. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  withMaven: "its block uses the Maven of the agent's image, such as agent { docker 'maven:3' }",
  nodejs: "its block uses the Node.js of the agent's image, such as agent { docker 'node:24' }",
  withGradle: "its block uses the Gradle of the agent's image",
  withAnt: "its block uses the Ant of the agent's image",
  recordIssues: "the report is not read; archiveArtifacts keeps it",
  recordCoverage: "the report is not read; archiveArtifacts keeps it",
  publishCoverage: "the report is not read; archiveArtifacts keeps it",
  jacoco: "the report is not read; archiveArtifacts keeps it",
  cobertura: "the report is not read; archiveArtifacts keeps it",
  fingerprint: "artifacts have digests anyway",
  updateGitlabCommitStatus: "commit statuses are sent by themselves",
  gitlabCommitStatus: "commit statuses are sent by themselves",
  gitlabBuilds: "commit statuses are sent by themselves",
  addGitLabMRComment:
    "the merge request shows the commit's status; httpRequest to the forge's API writes comments",
  githubNotify: "commit statuses are sent by themselves",
};

/** Why a step is passed over; undefined for steps that are not. Its block, if it has one, runs. */
export function passedOver(name: string): string | undefined {
  return Object.hasOwn(PASSED_OVER, name) ? PASSED_OVER[name] : undefined;
}

/** The names of all of them: a file that has them is not in error. */
export function passedOverNames(): string[] {
  return Object.keys(PASSED_OVER);
}
