import { RunnerFailure } from "./failure.ts";
import type { Caller, Link } from "./link.ts";
import { needlesFor } from "./mask.ts";
import type { Needles } from "./mask.ts";
import type { ExecSecret, GitCredential, RegistryCredential, SecretRef } from "./protocol.ts";
import type { RegistryLogin } from "./docker/images.ts";
import type { GitLogin } from "./workspace/git.ts";

/** The secret values of one session: fetched when first named, in memory only, masked in every log from then on. */
export class SessionSecrets {
  readonly #link: Link;
  readonly #caller: Caller;
  readonly #values = new Map<SecretRef, { value: Buffer; mask: boolean }>();
  readonly #needles = new Map<string, Needles>();

  constructor(link: Link, caller: Caller) {
    this.#link = link;
    this.#caller = caller;
  }

  /** Fetches what is not known yet. @throws {RunnerFailure} `secret_gone` */
  async learn(refs: readonly SecretRef[]): Promise<void> {
    const unknown = refs.filter((ref) => !this.#values.has(ref));
    for (const [ref, found] of await this.#link.secrets(this.#caller, unknown)) this.#values.set(ref, found);
  }

  valueOf(ref: SecretRef): Buffer {
    const found = this.#values.get(ref);
    if (found !== undefined) return found.value;
    throw new RunnerFailure("secret_gone", "person", `the server gave no value for ${ref}`);
  }

  /** Finds the values of these refs (as far as they are known) in text. */
  needles(refs: readonly SecretRef[]): Needles {
    const key = [...refs].sort().join("\n");
    const made = this.#needles.get(key);
    if (made !== undefined) return made;
    const values = refs.flatMap((ref) => {
      const found = this.#values.get(ref);
      return found?.mask === true ? [found.value] : [];
    });
    const needles = needlesFor(values);
    this.#needles.set(key, needles);
    return needles;
  }

  async registryLogin(credential: RegistryCredential | null): Promise<RegistryLogin | null> {
    if (credential === null) return null;
    await this.learn([credential.username, credential.password]);
    return {
      server: credential.server,
      username: this.valueOf(credential.username).toString(),
      password: this.valueOf(credential.password).toString(),
    };
  }

  async gitLogin(credential: GitCredential | null): Promise<GitLogin | null> {
    if (credential === null) return null;
    await this.learn(refsOfGit(credential));
    if (credential.kind === "ssh") {
      return { kind: "ssh", key: this.valueOf(credential.key), knownHosts: credential.knownHosts };
    }
    return {
      kind: "basic",
      username: this.valueOf(credential.username).toString(),
      password: this.valueOf(credential.password).toString(),
    };
  }
}

/** The refs of a git credential. */
export function refsOfGit(credential: GitCredential): SecretRef[] {
  return credential.kind === "ssh" ? [credential.key] : [credential.username, credential.password];
}

/** Refs that an exec names, for its variables and for masking. */
export function refsOfExec(secrets: readonly ExecSecret[], masks: readonly SecretRef[]): SecretRef[] {
  return [...new Set([...secrets.map((secret) => secret.ref), ...masks])];
}
