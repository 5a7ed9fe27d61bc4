import type { ContainerArgs } from "../../../runners/protocol.ts";

/** Options of `docker run` read into what a session may have, or the one that is refused and why. */
export type ReadArgs =
  | { readonly ok: true; readonly args: ContainerArgs; readonly env: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: string };

interface Draft {
  user: string | null;
  hostname: string | null;
  workdir: string | null;
  memoryBytes: number | null;
  cpus: number | null;
  shmBytes: number | null;
  tmpfs: string[];
  extraHosts: string[];
  aliases: string[];
  env: Record<string, string>;
}

type Setter = (draft: Draft, value: string) => string | null;

/** Options that take a value; a setter answers why a value is refused, or null. */
const WITH_VALUE: Readonly<Record<string, Setter>> = {
  "--user": (draft, value) => {
    draft.user = value;
    return null;
  },
  "--hostname": (draft, value) => {
    draft.hostname = value;
    return null;
  },
  "--workdir": (draft, value) => {
    if (!value.startsWith("/")) return `the folder "${value}" is not absolute`;
    draft.workdir = value;
    return null;
  },
  "--memory": (draft, value) => {
    draft.memoryBytes = bytesOf(value);
    return draft.memoryBytes === null ? `"${value}" is no size such as 512m or 2g` : null;
  },
  "--shm-size": (draft, value) => {
    draft.shmBytes = bytesOf(value);
    return draft.shmBytes === null ? `"${value}" is no size such as 512m or 2g` : null;
  },
  "--cpus": (draft, value) => {
    const cpus = Number(value);
    if (!(cpus > 0)) return `"${value}" is no number of processors`;
    draft.cpus = cpus;
    return null;
  },
  "--tmpfs": (draft, value) => {
    const path = value.split(":")[0] ?? "";
    if (!path.startsWith("/")) return `the folder "${path}" is not absolute`;
    draft.tmpfs.push(path);
    return null;
  },
  "--add-host": (draft, value) => {
    draft.extraHosts.push(value);
    return null;
  },
  "--network-alias": (draft, value) => {
    draft.aliases.push(value);
    return null;
  },
  "--env": (draft, value) => {
    const at = value.indexOf("=");
    if (at <= 0)
      return `"-e ${value}" names no value, and nothing of the runner's own environment enters a build`;
    draft.env[value.slice(0, at)] = value.slice(at + 1);
    return null;
  },
  // Our supervisor is the main process, so the image's entrypoint and a name of one's own have no effect.
  "--entrypoint": () => null,
  "--name": () => null,
  "--label": () => null,
  "--platform": () => "images are run on the platform of the runner's engine",
  "--volume": (_, value) =>
    value.includes("docker.sock")
      ? "the Docker socket is not handed to a build. Use docker.build, docker.image(…).push and docker.withRegistry, which go through the runner"
      : `the mount "${value}" is refused: a build sees its workspace only`,
  "--mount": (_, value) => `the mount "${value}" is refused: a build sees its workspace only`,
  "--network": (_, value) => `the network "${value}" is refused: a session has a network of its own`,
  "--publish": (_, value) => `publishing "${value}" is refused: ports of a session never reach the host`,
  "--device": (_, value) => `the device "${value}" is refused`,
  "--cap-add": (_, value) => `the capability "${value}" is refused`,
  "--security-opt": (_, value) => `the security option "${value}" is refused`,
  "--pid": () => "the host's processes are not shown to a build",
  "--ipc": () => "the host's IPC is not shared with a build",
  "--ulimit": () => null,
  "--init": () => null,
};

const SHORT: Readonly<Record<string, string>> = {
  "-u": "--user",
  "-h": "--hostname",
  "-w": "--workdir",
  "-m": "--memory",
  "-e": "--env",
  "-v": "--volume",
  "-p": "--publish",
  "-l": "--label",
  "--net": "--network",
};

/** Options without a value that change nothing here: each agent is removed at its end and has no terminal. */
const WITHOUT_EFFECT = new Set(["--rm", "-i", "-t", "-it", "-ti", "-d", "--init", "--interactive", "--tty"]);

/** Reads the words of an agent's `args`. Nothing that leads out of the session is taken. */
export function readContainerArgs(words: readonly string[]): ReadArgs {
  const draft: Draft = {
    user: null,
    hostname: null,
    workdir: null,
    memoryBytes: null,
    cpus: null,
    shmBytes: null,
    tmpfs: [],
    extraHosts: [],
    aliases: [],
    env: {},
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (WITHOUT_EFFECT.has(word)) continue;
    if (word === "--privileged") return refuse(word, "a build never runs privileged");
    const [option, inline] = split(word);
    const setter = WITH_VALUE[SHORT[option] ?? option];
    if (setter === undefined) return refuse(word, "it is not among the options that an agent may have");
    let value = inline;
    if (value === null) {
      at += 1;
      value = words[at] ?? null;
    }
    if (value === null) return refuse(word, "its value is missing");
    const reason = setter(draft, value);
    if (reason !== null) return refuse(option, reason);
  }
  const { env, ...args } = draft;
  return { ok: true, args: { ...args, caches: [], dockerSocket: false }, env };
}

function refuse(option: string, why: string): ReadArgs {
  return { ok: false, reason: `the agent's option ${option} is refused: ${why}` };
}

function split(word: string): [string, string | null] {
  const at = word.indexOf("=");
  if (word.startsWith("--") && at !== -1) return [word.slice(0, at), word.slice(at + 1)];
  const glued = /^(-[a-z])(.+)$/.exec(word);
  if (glued !== null && !word.startsWith("--") && SHORT[glued[1] ?? ""] !== undefined)
    return [glued[1] ?? "", glued[2] ?? ""];
  return [word, null];
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

function bytesOf(text: string): number | null {
  const read = /^(\d+(?:\.\d+)?)([bkmgt]?)b?$/i.exec(text);
  if (read === null) return null;
  const size = Math.floor(Number(read[1]) * (UNITS[(read[2] ?? "").toLowerCase()] ?? 1));
  return size > 0 ? size : null;
}
