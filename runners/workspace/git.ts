import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import { endGroupOn } from "../mirror-upkeep.ts";
import type { Scm } from "../protocol.ts";

/** What git is told about who it is; values are in memory, a key is in a private file while git runs. */
export type GitLogin =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "ssh"; readonly key: Buffer; readonly knownHosts: string };

/** One run of git. `url` and `login` only where it talks to a forge. */
export interface GitCall {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly remote?: {
    readonly url: string;
    readonly login: GitLogin | null;
    readonly insecureHttp: boolean;
    /** Our own mirrors are read as files; nothing that a user named ever is. */
    readonly local: boolean;
  };
  readonly env?: Record<string, string>;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** When it is given up, what it started ends with it. */
  readonly endsGroup?: boolean;
}

const FLAGS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "protocol.ext.allow=never",
  "http.followRedirects=false",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "credential.helper=",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "gc.auto=0",
  "maintenance.auto=false",
  "advice.detachedHead=false",
  "safe.bareRepository=explicit",
].flatMap((setting) => ["-c", setting]);

const KEPT_BYTES = 4096;

/** What git says when it cannot write; it does not always add the system's reason. The other side's words are not meant. */
const FULL =
  /No space left on device|Disk quota exceeded|Out of diskspace|unable to write (new index )?file|couldn't write '|failed to write new configuration file/u;

/**
 * Runs git with an environment built from nothing, no shell, no configuration but ours, and gives what it printed.
 * @throws {RunnerFailure} `checkout_failed` with the end of git's own words; `no_space` where it had no room to write.
 */
export async function git(call: GitCall): Promise<string> {
  const ssh = call.remote?.login?.kind === "ssh" ? await writeKey(call.cwd, call.remote.login) : null;
  try {
    return await run(call, { ...baseEnv(call), ...(ssh === null ? {} : { GIT_SSH_COMMAND: ssh.command }) });
  } finally {
    if (ssh !== null) await rm(ssh.folder, { recursive: true, force: true });
  }
}

/** Checks an address before it reaches git: only https, ssh, and plain http where the administrator said so. */
export function checkRemote(scm: Pick<Scm, "url" | "insecureHttp">): void {
  if (scm.url === null) return;
  let url: URL;
  try {
    url = new URL(scm.url);
  } catch {
    throw refused(`"${scm.url}" is not an address that Sluice fetches from`);
  }
  const allowed = ["https:", "ssh:", ...(scm.insecureHttp ? ["http:"] : [])];
  if (!allowed.includes(url.protocol))
    throw refused(`${url.protocol}// is not fetched from; use https or ssh`);
  if (url.password !== "") throw refused("an address with a password in it is refused; use credentials");
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/i.test(url.hostname)) {
    throw refused(`"${url.hostname}" is not a host name`);
  }
}

/** Whether a name can be given to git as a full ref (git-check-ref-format(1)). */
export function isFullRef(ref: string): boolean {
  if (!/^refs\/[^/]/.test(ref) || /[\s~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.lock(\/|$)|\/\./.test(ref)) return false;
  return Array.from(ref).every((character) => character > " " && character !== "\u007f");
}

function refused(message: string): RunnerFailure {
  return new RunnerFailure("refused", "file", message);
}

function baseEnv(call: GitCall): Record<string, string> {
  const env: Record<string, string> = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: call.remote?.local === true ? "file" : protocols(call),
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_HTTP_LOW_SPEED_LIMIT: "1000",
    GIT_HTTP_LOW_SPEED_TIME: "30",
    GIT_ATTR_NOSYSTEM: "1",
    LC_ALL: "C",
    ...call.env,
  };
  const login = call.remote?.login;
  if (login?.kind === "basic" && call.remote !== undefined) {
    const { origin } = new URL(call.remote.url);
    const basic = Buffer.from(`${login.username}:${login.password}`).toString("base64");
    env["GIT_CONFIG_COUNT"] = "1";
    env["GIT_CONFIG_KEY_0"] = `http.${origin}/.extraHeader`;
    env["GIT_CONFIG_VALUE_0"] = `Authorization: Basic ${basic}`;
  }
  return env;
}

function protocols(call: GitCall): string {
  return call.remote?.insecureHttp === true ? "https:ssh:http" : "https:ssh";
}

async function writeKey(
  cwd: string,
  login: { key: Buffer; knownHosts: string },
): Promise<{ folder: string; command: string }> {
  const folder = await mkdtemp(path.join(path.dirname(cwd), "ssh-"));
  const key = path.join(folder, "key");
  const hosts = path.join(folder, "known_hosts");
  const text = login.key.at(-1) === 10 ? login.key : Buffer.concat([login.key, Buffer.from("\n")]);
  await writeFile(key, text, { mode: 0o600 });
  await writeFile(hosts, login.knownHosts);
  const command = [
    "ssh -F /dev/null -oBatchMode=yes -oStrictHostKeyChecking=yes -oIdentitiesOnly=yes",
    `-oUserKnownHostsFile='${hosts}' -i '${key}'`,
  ].join(" ");
  return { folder, command };
}

async function run(call: GitCall, env: Record<string, string>): Promise<string> {
  const child = spawn("git", [...FLAGS, ...call.args], {
    cwd: call.cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...(call.endsGroup === true ? { detached: true } : { signal: call.signal }),
  });
  if (call.endsGroup === true) endGroupOn(call.signal, child);
  let out = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-KEPT_BYTES);
    call.say(text);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => {
      reject(
        call.signal.aborted
          ? new RunnerFailure("cancelled", "person", "cancelled")
          : new RunnerFailure("checkout_failed", "sluice", `git could not be run: ${error.message}`, error),
      );
    });
    child.once("close", resolve);
  });
  if (code === 0) return out;
  const last = said.trim().split("\n").slice(-3).join("\n");
  const what = call.args.find((arg) => !arg.startsWith("-")) ?? "git";
  const message = `git ${what} ended with ${String(code)}: ${last}`;
  throw new RunnerFailure(isFull(said) ? "no_space" : "checkout_failed", "sluice", message);
}

function isFull(said: string): boolean {
  return said.split(/[\r\n]/u).some((line) => !line.startsWith("remote:") && FULL.test(line));
}
