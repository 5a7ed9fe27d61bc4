import type Docker from "dockerode";
import type { TestApi } from "../../test/support/api.ts";
import type { GitServer } from "../../test/support/services/git.ts";
import type { Line } from "../../test/support/services/line.ts";
import type { SecondEngine } from "../../test/support/services/second-engine.ts";
import type { Random } from "./random.ts";

/** A program of the campaign as a fault sees it. */
export interface Part {
  readonly name: string;
  pid(): number;
  isRunning(): boolean;
  /** The end of what it printed. */
  output(): string;
  /** SIGKILL, as a crash; returns when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; returns when it has ended. */
  shutDown(): Promise<void>;
  /** SIGSTOP: it stays and does nothing, its connections stay open. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /**
   * Starts it again with the data, address and settings it had, and returns once it answers. `env` adds variables
   * (SLUICE_FAULT) for this start only; a start that is to die early may reject.
   */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
}

/** The connections that may be made slow, lossy or dead: by who is reached. */
export type LineName = "redis" | "registry" | "git" | "server" | "engine";

/** The whole world of a campaign: what a fault may take hold of. */
export interface World {
  /** Everything of this run is below it. */
  readonly folder: string;
  /** Where the server keeps its data, and each runner its own: small file systems of their own where root runs this. */
  readonly serverData: string;
  readonly runnerData: readonly string[];
  /** Whether `serverData` and `runnerData` are file systems of their own, small enough to be filled. */
  readonly isDataMounted: boolean;
  readonly api: TestApi;
  readonly server: Part;
  readonly runners: readonly Part[];
  readonly redis: Part & { readonly port: number };
  readonly registry: Part & { readonly host: string };
  readonly git: GitServer;
  /** The engine in which agents run. Shared with others: never to be killed. */
  readonly docker: Docker;
  /** The engine of the last of `runners` alone: it has live-restore, and may be killed. Absent where there is none. */
  readonly keptEngine: SecondEngine | undefined;
  /** The engine of the Swarm that is deployed to; the campaign's own. Absent where there is none of its own. */
  readonly swarm: SecondEngine | undefined;
  /**
   * In front of Redis, the registry and git for server and runners, of the server for the runners, and of the agents'
   * engine for the runners. People, hooks and checks reach all of these directly.
   */
  readonly lines: Readonly<Record<LineName, Line>>;
  /** Writes a line into the timeline. */
  readonly say: (line: string) => void;
}

/** What a fault takes hold of: two faults that touch the same thing are never under way at once. */
export type Touched =
  | "server"
  | "runner"
  | "redis"
  | "registry"
  | "git"
  | "engine"
  | "swarm"
  | "clock"
  | "disk";

/** One way in which the world may treat us badly. */
export interface Fault {
  /** Short, stable: `kill the server`. Counted by it. */
  readonly name: string;
  /** How often it comes beside the others; 10 is usual. */
  readonly weight: number;
  readonly touches: readonly Touched[];
  /**
   * Codes of reasons with which a build that was under way meanwhile may fail although its file and commands are right:
   * what the rules permit, nothing else. `runner_lost` for a runner that stays away, `disk` for a full disk.
   */
  readonly permits: readonly string[];
  /** Whether this world has what it needs. */
  possible(world: World): boolean;
  /**
   * Does it and undoes it: all parts run and answer when it returns, links are healed. All that it draws comes from
   * `random`. Gives one line for the timeline, without the name.
   */
  inject(world: World, random: Random): Promise<string>;
}
