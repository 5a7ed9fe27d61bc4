import { archive } from "./archive.ts";
import { archiveArtifacts } from "./archive-artifacts.ts";
import { bat } from "./bat.ts";
import { build } from "./build.ts";
import { catchError, warnError } from "./catch-error.ts";
import { checkout } from "./checkout.ts";
import { cleanWs } from "./clean-ws.ts";
import { compareVersions } from "./compare-versions.ts";
import { ansiColor, timestamps } from "./decorations.ts";
import { configFileProvider } from "./config-file-provider.ts";
import { readCSV, writeCSV } from "./csv.ts";
import { copyArtifacts } from "./copy-artifacts.ts";
import { deleteDir } from "./delete-dir.ts";
import { deploy } from "./deploy.ts";
import { md5, sha1, sha256 } from "./digest.ts";
import { dingtalk } from "./dingtalk.ts";
import { dir } from "./dir.ts";
import { echo } from "./echo.ts";
import { emailext } from "./emailext.ts";
import { error } from "./error.ts";
import { fileExists } from "./file-exists.ts";
import { findFiles } from "./find-files.ts";
import { getContext } from "./get-context.ts";
import { git } from "./git.ts";
import { httpRequest } from "./http-request.ts";
import { input } from "./input.ts";
import { isUnix } from "./is-unix.ts";
import { readJSON, writeJSON } from "./json.ts";
import { junit } from "./junit.ts";
import { library } from "./library.ts";
import { libraryResource } from "./library-resource.ts";
import { load } from "./load.ts";
import { lock } from "./lock.ts";
import { mail } from "./mail.ts";
import { readMavenPom, writeMavenPom } from "./maven-pom.ts";
import { milestone } from "./milestone.ts";
import { node } from "./node.ts";
import { nodesByLabel } from "./nodes-by-label.ts";
import { parallel } from "./parallel.ts";
import { properties } from "./properties.ts";
import { container, podTemplate } from "./pod-template.ts";
import { publishHTML } from "./publish-html.ts";
import { pwd } from "./pwd.ts";
import { pwsh } from "./pwsh.ts";
import { readFile } from "./read-file.ts";
import { readManifest } from "./read-manifest.ts";
import { readProperties } from "./read-properties.ts";
import { retry } from "./retry.ts";
import { script } from "./script.ts";
import { sh } from "./sh.ts";
import { slackSend } from "./slack-send.ts";
import { sleep } from "./sleep.ts";
import { sshagent } from "./sshagent.ts";
import { stage } from "./stage.ts";
import { stash } from "./stash.ts";
import type { Step } from "./step.ts";
import { tar, untar } from "./tar.ts";
import { tee } from "./tee.ts";
import { throttle } from "./throttle.ts";
import { timeout } from "./timeout.ts";
import { readTOML, writeTOML } from "./toml.ts";
import { tool } from "./tool.ts";
import { touch } from "./touch.ts";
import { unstable } from "./unstable.ts";
import { unstash } from "./unstash.ts";
import { validateDeclarativePipeline } from "./validate.ts";
import { waitForBuild } from "./wait-for-build.ts";
import { waitForImage } from "./wait-for-image.ts";
import { waitUntil } from "./wait-until.ts";
import { withCredentials } from "./with-credentials.ts";
import { withDockerContainer, withDockerRegistry } from "./with-docker.ts";
import { withEnv } from "./with-env.ts";
import { wrap } from "./wrap.ts";
import { writeFile } from "./write-file.ts";
import { ws } from "./ws.ts";
import { unzip, zip } from "./zip.ts";
import { readYaml, writeYaml } from "./yaml.ts";

/** All steps there are. */
export const STEPS: readonly Step[] = [
  ansiColor,
  archive,
  archiveArtifacts,
  bat,
  build,
  catchError,
  checkout,
  cleanWs,
  compareVersions,
  configFileProvider,
  container,
  copyArtifacts,
  deleteDir,
  deploy,
  dingtalk,
  dir,
  echo,
  emailext,
  error,
  fileExists,
  findFiles,
  getContext,
  git,
  httpRequest,
  input,
  isUnix,
  junit,
  library,
  libraryResource,
  load,
  lock,
  mail,
  md5,
  milestone,
  node,
  nodesByLabel,
  parallel,
  podTemplate,
  properties,
  publishHTML,
  pwd,
  pwsh,
  readCSV,
  readFile,
  readJSON,
  readManifest,
  readMavenPom,
  readProperties,
  readTOML,
  readYaml,
  retry,
  script,
  sh,
  sha1,
  sha256,
  slackSend,
  sleep,
  sshagent,
  stage,
  stash,
  tar,
  tee,
  throttle,
  timeout,
  timestamps,
  tool,
  touch,
  unstable,
  unstash,
  untar,
  unzip,
  validateDeclarativePipeline,
  waitForBuild,
  waitForImage,
  waitUntil,
  warnError,
  withCredentials,
  withDockerContainer,
  withDockerRegistry,
  withEnv,
  wrap,
  writeCSV,
  writeFile,
  writeJSON,
  writeMavenPom,
  writeTOML,
  writeYaml,
  ws,
  zip,
];

const BY_NAME = new Map<string, Step>();
for (const step of STEPS) for (const name of [step.name, ...(step.aliases ?? [])]) BY_NAME.set(name, step);

/** The step of that name; undefined when there is none. */
export function findStep(name: string): Step | undefined {
  return BY_NAME.get(name);
}
