import { join } from "node:path";
import { createHash } from "node:crypto";
import { LostAnswer, NO_FAULTS } from "../../runners/faults.ts";
import type { ForgeConfig } from "../config-schema.ts";
import type { OutsideFaults } from "../outside-points.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { SecretValue } from "../secrets/values.ts";
import { ForgeError } from "./errors.ts";
import type { CloneCredentials, Forge } from "./forge.ts";
import { createGitForge } from "./git/forge.ts";
import { createMirror } from "./git/mirror.ts";
import type { Mirror } from "./git/mirror.ts";
import type { GitRemote } from "./git/run.ts";
import { createGiteaForge } from "./gitea/client.ts";
import { createGithubForge } from "./github/client.ts";
import { createGitlabForge } from "./gitlab/client.ts";

/** A project as its forge needs it. */
export interface ForgeProject {
  readonly id: number;
  readonly key: string;
  readonly forge: string;
  readonly cloneUrl: string | null;
}

/** The forges of the configuration, for projects. */
export interface Forges {
  /** The forge of a project, with the token that is the secret's value now. @throws {ForgeError} */
  of(project: ForgeProject): Promise<Forge>;
  /** The mirror of a project's repository; the same one at each call. */
  mirrorOf(project: ForgeProject): Mirror;
  /** Address and credentials for a checkout. @throws {ForgeError} */
  remoteOf(project: ForgeProject): Promise<GitRemote>;
}

/** The mirrors on this server's disk. */
export interface Mirrors {
  /** The folder of them all. */
  readonly folder: string;
  /** Those that this process has used, by the name of their folder: only they have grown. */
  opened(): ReadonlyMap<string, Mirror>;
}

/** Name of the folder of a project's mirror: by id and address, never by name. Another repository is another folder. */
export function mirrorName(project: Pick<ForgeProject, "id" | "cloneUrl">): string {
  return createHash("sha256")
    .update(`${project.id} ${project.cloneUrl ?? ""}`)
    .digest("hex")
    .slice(0, 32);
}

/** Makes the forges. Mirrors are kept below `folder`. */
export function createForges(deps: {
  readonly forges: Readonly<Record<string, ForgeConfig>>;
  readonly secrets: Pick<Secrets, "resolveSecret">;
  readonly folder: string;
  readonly faults?: OutsideFaults;
}): Forges & { readonly mirrors: Mirrors } {
  const { faults = NO_FAULTS } = deps;
  const mirrors = new Map<string, Mirror>();
  return { of, mirrorOf, remoteOf, mirrors: { folder: deps.folder, opened: () => mirrors } };

  function configOf(project: ForgeProject): ForgeConfig {
    const config = deps.forges[project.forge];
    if (config !== undefined) return config;
    throw new ForgeError("refused", `the forge ${project.forge} of project ${project.key} is not configured`);
  }

  async function of(project: ForgeProject): Promise<Forge> {
    const config = configOf(project);
    const value =
      config.secret === undefined ? undefined : await deps.secrets.resolveSecret(project.key, config.secret);
    if (config.secret !== undefined && value === undefined) {
      throw new ForgeError(
        "unauthorised",
        `the secret ${config.secret} of forge ${project.forge} is not set`,
      );
    }
    return withFaults(forgeOf(config, value?.value), faults);
  }

  async function remoteOf(project: ForgeProject): Promise<GitRemote> {
    if (project.cloneUrl === null)
      throw new ForgeError("bad_address", `project ${project.key} has no address to clone from`);
    const forge = await of(project);
    return {
      url: project.cloneUrl,
      credentials: forge.cloneCredentials(),
      insecureHttp: configOf(project).insecureHttp,
    };
  }

  function mirrorOf(project: ForgeProject): Mirror {
    const name = mirrorName(project);
    const known = mirrors.get(name);
    if (known !== undefined) return known;
    const mirror = createMirror({
      folder: join(deps.folder, name),
      remote: async () => await remoteOf(project),
    });
    mirrors.set(name, mirror);
    return mirror;
  }
}

function forgeOf(config: ForgeConfig, value: SecretValue | undefined): Forge {
  const token = tokenOf(value);
  switch (config.type) {
    case "github":
      return createGithubForge({ apiUrl: config.apiUrl ?? githubApi(config.url), token });
    case "gitlab":
      return createGitlabForge({ url: config.url.replace(/\/+$/u, ""), token });
    case "gitea":
      return createGiteaForge({ url: config.url, token });
    case "git":
      return createGitForge(credentialsOf(config, value));
    default:
      return config.type satisfies never;
  }
}

function withFaults(forge: Forge, faults: OutsideFaults): Forge {
  const around = async <T>(point: "forge.trust" | "forge.setStatus", call: () => Promise<T>): Promise<T> => {
    try {
      return await faults.around(point, call);
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      throw new ForgeError("away", error.message, { cause: error });
    }
  };
  return {
    ...forge,
    trust: (event, signal) => around("forge.trust", () => forge.trust(event, signal)),
    setStatus: (status, signal) => around("forge.setStatus", () => forge.setStatus(status, signal)),
  };
}

function githubApi(url: string): string {
  const { hostname, origin } = new URL(url);
  return hostname === "github.com" ? "https://api.github.com" : `${origin}/api/v3`;
}

function tokenOf(value: SecretValue | undefined): string {
  if (value === undefined) return "";
  if (value.type === "string") return value.text;
  return value.type === "usernamePassword" ? value.password : "";
}

function credentialsOf(config: ForgeConfig, value: SecretValue | undefined): CloneCredentials | null {
  if (value?.type === "usernamePassword") return { username: value.username, password: value.password };
  return value?.type === "string" ? { username: config.username ?? "git", password: value.text } : null;
}
