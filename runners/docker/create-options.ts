import type { ContainerCreateOptions, MountSettings } from "dockerode";
import type { ContainerArgs, EnvMap, Limits } from "../protocol.ts";
import { RunnerFailure } from "../failure.ts";

/** Where the build sees what we mount. */
export const WORKSPACE = "/sluice/src";
export const WORKSPACE_TEMP = "/sluice/tmp";
export const MIRROR = "/sluice/mirror";
/** A home on a memory file system, for users that have none. */
export const SPARE_HOME = "/sluice/home";
const TEMP = "/tmp";

/** Folders of this machine that a supervised container gets; no others, and no user can name one. */
export interface HostFolders {
  readonly bin: string;
  readonly session: string;
  readonly input: string;
  readonly workspace: string;
  readonly temp: string;
  readonly mirror: string | null;
}

/** Things that some engines cannot do, found out when a start fails: their init program is not installed, or they may not raise limits. */
export type Lack = "init" | "file-limit";

/** All that decides how a container is made. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly profile: "standard" | "untrusted";
  readonly args: ContainerArgs;
  readonly env: EnvMap;
  readonly limits: Limits;
  readonly labels: Record<string, string>;
  readonly network: string;
  readonly aliases: readonly string[];
  /** The runner's own ids when it is not root: containers then run as it, as in Jenkins. */
  readonly runnerUser: string | null;
  /** What the engine was found unable to give. */
  readonly lacks: ReadonlySet<Lack>;
  /** Null: the image's own entrypoint and command run (services), no folder is mounted. */
  readonly folders: HostFolders | null;
  readonly command: readonly string[] | null;
  /** Volumes of ours: name on this machine -> path inside. */
  readonly volumes: readonly { readonly name: string; readonly path: string }[];
}

const PROFILES = {
  standard: {
    user: null,
    capAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
    readonlyRootfs: false,
    tempBytes: 512 * 1024 * 1024,
    memoryBytes: 4 * 1024 ** 3,
    cpus: 2,
    cpuShares: 512,
    blkioWeight: 300,
    pids: 1024,
    files: 65536,
    oomScore: 500,
  },
  untrusted: {
    user: "10001:10001",
    capAdd: [],
    readonlyRootfs: true,
    tempBytes: 256 * 1024 * 1024,
    memoryBytes: 1024 ** 3,
    cpus: 1,
    cpuShares: 256,
    blkioWeight: 200,
    pids: 256,
    files: 4096,
    oomScore: 800,
  },
} as const;

// Known to the engine, not to the types.
const PRIVATE_CGROUP = { CgroupnsMode: "private" };

/**
 * The Docker Engine's create request, built from nothing: what the user asked for enters only through the fields of
 * ContainerArgs, and never above the profile's limits.
 */
export function createOptions(plan: ContainerPlan): ContainerCreateOptions {
  const profile = PROFILES[plan.profile];
  const { args, limits, folders } = plan;
  refuseUnfit(plan);
  const memory = Math.min(args.memoryBytes ?? Infinity, limits.memoryBytes ?? profile.memoryBytes);
  const cpus = Math.min(args.cpus ?? Infinity, limits.cpus ?? profile.cpus);
  const user = profile.user ?? (folders === null ? args.user : (plan.runnerUser ?? args.user));
  return {
    name: plan.name,
    Image: plan.image,
    ...(user === null ? {} : { User: user }),
    ...(args.hostname === null ? {} : { Hostname: args.hostname }),
    ...(folders === null ? ownCommand(plan) : supervisorCommand(args)),
    Env: envList(plan.env),
    Labels: plan.labels,
    // Images set both; neither may stop or judge our supervisor.
    StopSignal: "SIGTERM",
    StopTimeout: 5,
    Healthcheck: { Test: ["NONE"] },
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      Init: !plan.lacks.has("init"),
      AutoRemove: false,
      RestartPolicy: { Name: "no" },
      Privileged: false,
      CapDrop: ["ALL"],
      CapAdd: [...profile.capAdd],
      SecurityOpt: ["no-new-privileges:true"],
      ReadonlyRootfs: profile.readonlyRootfs,
      Tmpfs: {
        [TEMP]: `rw,exec,nosuid,nodev,mode=1777,size=${String(profile.tempBytes)}`,
        "/run": "rw,nosuid,nodev,noexec,size=16m",
        ...(folders === null ? {} : { [SPARE_HOME]: "rw,exec,nosuid,nodev,mode=1777,size=64m" }),
        ...Object.fromEntries(args.tmpfs.map((path) => [path, "rw,exec,nosuid,nodev,mode=1777,size=64m"])),
      },
      Mounts: [
        ...(folders === null ? [] : bindsOf(folders)),
        ...plan.volumes.map((volume) => mountOf(volume)),
      ],
      Memory: memory,
      MemorySwap: memory,
      MemorySwappiness: 0,
      NanoCpus: Math.round(cpus * 1e9),
      CpuShares: profile.cpuShares,
      BlkioWeight: profile.blkioWeight,
      PidsLimit: limits.pids ?? profile.pids,
      Ulimits: [
        ...(plan.lacks.has("file-limit")
          ? []
          : [{ Name: "nofile", Soft: profile.files, Hard: profile.files }]),
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      OomKillDisable: false,
      OomScoreAdj: profile.oomScore,
      NetworkMode: plan.network,
      IpcMode: "private",
      ...PRIVATE_CGROUP,
      ExtraHosts: [...args.extraHosts],
      ShmSize: Math.min(args.shmBytes ?? 64 * 1024 * 1024, memory),
      // A step's output is in files; only services write to Docker's log.
      LogConfig:
        folders === null
          ? { Type: "local", Config: { "max-size": "64m", "max-file": "2" } }
          : { Type: "none", Config: {} },
    },
    ...(plan.aliases.length === 0
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [plan.network]: { Aliases: [...plan.aliases] } } } }),
  };
}

function supervisorCommand(args: ContainerArgs): ContainerCreateOptions {
  return {
    Entrypoint: ["/.sluice/bin/busybox", "sh"],
    Cmd: ["/.sluice/bin/supervisor", "/.sluice/s", "/.sluice/bin/busybox"],
    WorkingDir: args.workdir ?? WORKSPACE,
  };
}

function ownCommand(plan: ContainerPlan): ContainerCreateOptions {
  return {
    ...(plan.command === null ? {} : { Cmd: [...plan.command] }),
    ...(plan.args.workdir === null ? {} : { WorkingDir: plan.args.workdir }),
  };
}

function bindsOf(folders: HostFolders): MountSettings[] {
  const binds: MountSettings[] = [
    bind(folders.bin, "/.sluice/bin", true),
    bind(folders.session, "/.sluice/s", false),
    bind(folders.input, "/.sluice/s/in", true),
    bind(folders.workspace, WORKSPACE, false),
    bind(folders.temp, WORKSPACE_TEMP, false),
  ];
  if (folders.mirror !== null) binds.push(bind(folders.mirror, MIRROR, true));
  return binds;
}

function bind(source: string, target: string, readOnly: boolean): MountSettings {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}

function mountOf(volume: { name: string; path: string }): MountSettings {
  return { Type: "volume", Source: volume.name, Target: volume.path };
}

function envList(env: EnvMap): string[] {
  // A name without "=" takes the image's variable away.
  return Object.entries(env).map(([name, value]) => (value === null ? name : `${name}=${value}`));
}

function refuseUnfit(plan: ContainerPlan): void {
  const { args } = plan;
  if (args.dockerSocket) {
    throw refused(
      plan.profile === "untrusted"
        ? "an untrusted build gets no Docker socket"
        : "this runner does not give a build a Docker socket; use the steps docker.build, docker.image and push",
    );
  }
  for (const path of [args.workdir ?? "/", ...args.tmpfs, ...args.caches.map((cache) => cache.path)]) {
    if (/^\/(proc|sys|dev|\.sluice|sluice)(\/|$)/.test(path) && !path.startsWith(`${WORKSPACE}/`)) {
      throw refused(`${path} cannot be used as a folder of the container`);
    }
  }
  for (const [name, value] of Object.entries(plan.env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw refused(`"${name}" cannot be the name of a variable`);
    if (value?.includes("\0") === true) throw refused(`the value of ${name} contains a NUL byte`);
    if ((value?.length ?? 0) > 128 * 1024) throw refused(`the value of ${name} is longer than 128 KiB`);
  }
}

function refused(message: string): RunnerFailure {
  return new RunnerFailure("refused", "file", message);
}
