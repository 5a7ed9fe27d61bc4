import { spawn } from "node:child_process";
import { endGroupOn } from "../../../runners/mirror-upkeep.ts";
import { ForgeError } from "../errors.ts";
import type { CloneCredentials } from "../forge.ts";

/** How git reaches one repository. */
export interface GitRemote {
  readonly url: string;
  readonly credentials: CloneCredentials | null;
  /** Plain http is allowed, because an administrator said so. */
  readonly insecureHttp: boolean;
}

/** Settings of every git of ours: nothing of the machine or of a repository decides what it does. */
export const FLAGS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "protocol.file.allow=never",
  "protocol.ext.allow=never",
  "http.followRedirects=false",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "transfer.fsckObjects=true",
  "safe.bareRepository=explicit",
  "credential.helper=",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "gc.auto=0",
  "maintenance.auto=false",
].flatMap((flag) => ["-c", flag]);

/** Bytes of output that are kept of one command. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** What git said. */
export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs git by itself: no shell, an environment from nothing, no configuration of the machine or user, no protocol but
 * those named. Credentials travel in the environment, never in the arguments or the address. `endsGroup`: when it is given
 * up, what it started ends with it.
 */
export async function runGit(
  args: readonly string[],
  options: { home: string; remote?: GitRemote; signal: AbortSignal; endsGroup?: boolean },
): Promise<GitResult> {
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>();
  const child = spawn("git", [...FLAGS, ...args], {
    env: environment(options.home, options.remote),
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.endsGroup === true ? { detached: true } : { signal: options.signal, killSignal: "SIGKILL" }),
  });
  if (options.endsGroup === true) endGroupOn(options.signal, child);
  const out: Buffer[] = [];
  let outBytes = 0;
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    outBytes += chunk.byteLength;
    if (outBytes > MAX_OUTPUT) child.kill("SIGKILL");
    else out.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < 16_384) stderr += chunk.toString("utf8");
  });
  child.on("error", (cause) =>
    reject(new ForgeError("away", `git did not run: ${cause.message}`, { cause })),
  );
  child.on("close", (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr }));
  return await promise;
}

/** Environment from nothing; credentials of the remote, if any, are in it. */
export function environment(home: string, remote: GitRemote | undefined): Record<string, string> {
  const base: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: remote?.insecureHttp === true ? "https:ssh:http" : "https:ssh",
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_HTTP_LOW_SPEED_LIMIT: "1000",
    GIT_HTTP_LOW_SPEED_TIME: "30",
    GIT_SSH_COMMAND: "ssh -F /dev/null -oBatchMode=yes -oStrictHostKeyChecking=yes",
    LC_ALL: "C",
  };
  if (remote?.credentials == null) return base;
  const { username, password } = remote.credentials;
  const header = `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return {
    ...base,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${new URL(remote.url).origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: header,
  };
}

/** Refuses an address that git must not be given. @throws {ForgeError} `bad_address` */
export function checkRemote(remote: GitRemote): void {
  const bad = (text: string): ForgeError =>
    new ForgeError("bad_address", `the repository's address cannot be used: ${text}`);
  const url = URL.parse(remote.url);
  if (url === null) throw bad("it is no URL");
  const schemes = remote.insecureHttp ? ["https:", "ssh:", "http:"] : ["https:", "ssh:"];
  if (!schemes.includes(url.protocol)) {
    throw bad(
      url.protocol === "http:"
        ? "plain http needs insecureHttp: true at its forge"
        : "only https and ssh are allowed",
    );
  }
  if (!/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/u.test(url.hostname))
    throw bad("its host name is none");
  if (url.password !== "" || (url.username !== "" && url.protocol !== "ssh:"))
    throw bad("it holds a user name or password");
  if (url.pathname.split("/").some((part) => part.startsWith("-")))
    throw bad("a part of it begins with a dash");
}

/** What git's complaint means. */
export function gitError(what: string, result: GitResult): ForgeError {
  const said = result.stderr.trim().split("\n").slice(-3).join("; ").slice(0, 500);
  const text = `${what}: ${said === "" ? `git ended with ${result.code}` : said}`;
  if (/Authentication failed|could not read Username|403|Permission denied/u.test(said))
    return new ForgeError("unauthorised", text);
  if (/not found|does not exist|couldn't find remote ref|not our ref|no such ref/iu.test(said))
    return new ForgeError("not_found", text);
  if (/not allowed|redirect/iu.test(said)) return new ForgeError("refused", text);
  return new ForgeError("away", text);
}
