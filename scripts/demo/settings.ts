import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { isFree } from "../../test/support/services/ports.ts";

/** The clone that the demo runs from. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that the demo writes; ignored by git. */
export const FOLDER = join(ROOT, ".local/demo");

/** Number of the process of the running demo. */
export const PID_FILE = join(FOLDER, "pid");

/** Where each part listens, all on loopback. */
export interface Ports {
  readonly page: number;
  readonly git: number;
  readonly registry: number;
  readonly smtp: number;
  readonly mails: number;
  readonly chat: number;
  readonly sample: number;
}

const WISHED: Ports = {
  page: 3000,
  git: 3001,
  registry: 5051,
  smtp: 2525,
  mails: 8025,
  chat: 8026,
  sample: 8081,
};

/** The demo cannot go on for a reason that a person can mend; the text says how. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/**
 * The ports to use: the page keeps its own, because people are told of it; any other that is taken moves to the next
 * free one, and `say` hears of it.
 * @throws {Refused} when the page's port is taken
 */
export async function choosePorts(say: (line: string) => void): Promise<Ports> {
  if (!(await isFree(WISHED.page))) {
    throw new Refused(
      `port ${WISHED.page} is taken. End what listens there (a demo left running ends by npm run demo -- --clean) and start again.`,
    );
  }
  const taken = new Set([WISHED.page]);
  const next = async (name: string, wished: number): Promise<number> => {
    let port = wished;
    while (taken.has(port) || !(await isFree(port))) port += 1;
    taken.add(port);
    if (port !== wished) say(`port ${wished} is taken, so the ${name} is on ${port}`);
    return port;
  };
  return {
    page: WISHED.page,
    git: await next("git server", WISHED.git),
    registry: await next("registry", WISHED.registry),
    smtp: await next("mail server", WISHED.smtp),
    mails: await next("page of caught mails", WISHED.mails),
    chat: await next("page of caught chat messages", WISHED.chat),
    sample: await next("sample", WISHED.sample),
  };
}

/** The demo's `sluice.yml`: the whole of what a small team would write. */
export function sluiceYml(ports: Ports): string {
  return `forges:
  here: { type: git, url: 'http://localhost:${ports.git}', insecureHttp: true }
registries:
  here: { host: 'localhost:${ports.registry}', insecure: true, secret: registry }
channels:
  mail: { type: email, host: localhost, port: ${ports.smtp}, from: 'sluice@localhost' }
  chat: { type: slack, url: { secret: chat-url } }
targets:
  swarm: { type: swarm }
environments:
  staging:
    policy: gate
    approve: { role: deployer, needed: 1, pusher: true, expires: 30d }
    refs: [{ on: branch, match: main }]
    waves: [[swarm]]
    services: { web: ${SERVICE} }
    soak: 5s
    limit: 10m
    onFailure: rollback
projects:
  ${PROJECT}:
    forge: here
    repo: ${PROJECT}
    registry: here
    images: [${IMAGE}]
    routes: [{ on: branch, match: main, build: true, deploy: [staging] }]
notify:
  - { project: '*', on: [failed, fixed, gate_open], to: ['mail:author', chat] }
`;
}

/** Key of the sample's project, and name of its repository. */
export const PROJECT = "shop";
/** Repository of the sample's image at the registry. */
export const IMAGE = "shop/web";
/** The Swarm service that the sample is deployed to. */
export const SERVICE = "shop_web";
/** Name of the sample's environment. */
export const ENVIRONMENT = "staging";
/** Who pushes to the sample's repository, and gets the mail when it fails. */
export const AUTHOR_MAIL = "ada@example.test";
