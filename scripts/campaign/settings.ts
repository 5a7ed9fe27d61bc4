import { fileURLToPath } from "node:url";

/** The clone that the campaign runs from. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Two projects, so that one must not starve the other. */
export const PROJECTS = ["alpha", "beta"] as const;

/** A project that nobody pushes to any more: the clock builds it every minute. */
export const CLOCKWORK = "clockwork";

/** Environments, each with a service of its own: deployments beside each other, and behind each other. */
export const ENVIRONMENTS = ["one", "two", "three"] as const;

/** Label of the runners whose engine reaches the registry, as builds that push need it. */
export const REGISTRY_LABEL = "registry";

/** The runner that has an engine with live-restore for itself. */
export const KEPT_RUNNER = "east";

/** Its label. */
export const KEPT_LABEL = "kept";

/** A secret that builds use, and that must be nowhere outside the vault. */
export const CANARY = "canary-9f2c-that-must-be-seen-nowhere";

/** Name of the Swarm service of an environment. */
export function serviceOf(environment: string): string {
  return `campaign-${environment}`;
}

/** The campaign's `sluice.yml`. */
export function sluiceYml(ports: {
  readonly git: number;
  readonly registry: number;
  readonly smtp: number;
  readonly swarm: string;
}): string {
  const environments = ENVIRONMENTS.map(
    (name) => `  ${name}:
    policy: gate
    approve: { role: deployer, pusher: true }
    waves: [[swarm]]
    services: { web: ${serviceOf(name)} }
    soak: 0s
    limit: 3m
    supersede: false
`,
  );
  const projects = PROJECTS.map(
    (name) => `  ${name}: { forge: here, repo: ${name}, registry: here, images: [${name}/web] }\n`,
  );
  return `forges:
  here: { type: git, url: 'http://127.0.0.1:${ports.git}', insecureHttp: true }
registries:
  here: { host: 'localhost:${ports.registry}', insecure: true, secret: registry }
channels:
  mail: { type: email, host: 127.0.0.1, port: ${ports.smtp}, from: 'sluice@example.test' }
  chat: { type: slack, url: { secret: chat-url } }
targets:
  swarm: { type: swarm, host: '${ports.swarm}' }
environments:
${environments.join("")}projects:
${projects.join("")}  ${CLOCKWORK}: { forge: here, repo: ${CLOCKWORK} }
notify:
  - { project: '*', on: [failed, still_failing, aborted], to: ['mail:author', chat] }
`;
}
