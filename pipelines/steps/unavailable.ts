import { SIGNATURES } from "./signatures.ts";

const CHAT = "send to its webhook by httpRequest, or use slackSend, dingtalk or mail";
const CLOUD = "run its command line in a container: agent { docker … }, sh and withCredentials";
const REPORT = "run the tool by sh in a container, and keep its report by archiveArtifacts or publishHTML";
const VAULT = "keep the secret in Sluice's vault, and bind it by withCredentials";

/** Steps of Jenkins' plugins that are not here, and what to use instead. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  discordSend: CHAT,
  hipchatSend: CHAT,
  mattermostSend: CHAT,
  office365ConnectorSend: CHAT,
  rocketSend: CHAT,
  telegramSend: CHAT,
  zulipSend: CHAT,
  s3Upload: CLOUD,
  s3Download: CLOUD,
  cfnUpdate: CLOUD,
  ecrLogin: CLOUD,
  azureCLI: CLOUD,
  openshift: CLOUD,
  ansiblePlaybook: CLOUD,
  rtUpload: CLOUD,
  rtDownload: CLOUD,
  nexusArtifactUploader: CLOUD,
  codacy: REPORT,
  dependencyCheck: REPORT,
  dependencyCheckPublisher: REPORT,
  snykSecurity: REPORT,
  checkmarx: REPORT,
  perfReport: REPORT,
  robot: REPORT,
  cucumber: REPORT,
  allure: REPORT,
  withVault: VAULT,
  withFolderProperties: "write the variables into environment { }; folders are not here",
  withFileParameter: "take the text as a parameter of type text, or fetch the file by its address",
  sshPublisher: "copy by sh 'scp …' within sshagent",
  sshCommand: "run sh 'ssh …' within sshagent",
  sshScript: "run sh 'ssh …' within sshagent",
  withGroovy: "use the image of Groovy as agent, and sh",
  jobDsl: "projects stand in sluice.yml",
  emailextrecipients: "emailext takes recipientProviders",
  withSonarQubeEnv: "bind SONAR_HOST_URL and a token by withCredentials",
  waitForQualityGate: "ask SonarQube by httpRequest, in waitUntil",
  withAWS: "bind AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by withCredentials",
  withKubeConfig: "bind the kubeconfig by withCredentials([file(…)]), or use deploy",
  kubernetesDeploy: "use deploy, with a Kubernetes environment",
  xunit: "use junit",
  nunit: "use junit",
  step: "call the step by its own name; the class named here stands for none we have",
  withDockerServer: "images are built and run by the engine of the agent's runner, which the server chooses",
  withContext: "it reaches into Jenkins' own objects, which are not here",
};

/** What to use instead of a known step that is not here; undefined for names we do not know. */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(UNAVAILABLE, name) ? UNAVAILABLE[name] : undefined;
}

const FARTHEST = 3;

/** The step with the most similar name, if one is similar at all. */
export function nearestStep(name: string): string | undefined {
  let best: string | undefined;
  let least = Math.min(FARTHEST, Math.floor(name.length / 2)) + 1;
  for (const step of SIGNATURES) {
    const distance = editDistance(name.toLowerCase(), step.name.toLowerCase());
    if (distance < least) {
      least = distance;
      best = step.name;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
