import { SIGNATURES } from "./signatures.ts";

/** Steps of Jenkins' plugins that are not here, and what to use instead. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  withSonarQubeEnv: "bind SONAR_HOST_URL and a token by withCredentials",
  waitForQualityGate: "ask SonarQube by httpRequest, in waitUntil",
  withAWS: "bind AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by withCredentials",
  withKubeConfig: "bind the kubeconfig by withCredentials([file(…)]), or use deploy",
  kubernetesDeploy: "use deploy, with a Kubernetes environment",
  xunit: "use junit",
  nunit: "use junit",
  step: "call the step by its own name; the class named here stands for none we have",
  copyArtifacts: "use stash and unstash within a build, or fetch the artifact by its address",
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
