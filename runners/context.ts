import type { FreeDisk } from "./disk-keeper.ts";
import type { Engine } from "./docker/engine.ts";
import type { ImageLedger } from "./docker/image-ledger.ts";
import type { Images } from "./docker/images.ts";
import type { Faults } from "./faults.ts";
import type { Link } from "./link.ts";
import type { Log } from "./log.ts";
import type { Mirrors } from "./workspace/mirrors.ts";
import type { Slots } from "./workspace/slots.ts";

/** What every session of a runner shares. */
export interface RunnerContext {
  readonly link: Link;
  readonly engine: Engine;
  readonly images: Images;
  readonly ledger: ImageLedger;
  readonly freeDisk: (folder: string) => Promise<FreeDisk>;
  readonly slots: Slots;
  readonly mirrors: Mirrors;
  readonly log: Log;
  /** Where tests make it fail. */
  readonly faults: Faults;
  /** Folders of this machine: one per session in `sessions` (on disk) and in `inputs` (in memory where there is one). */
  readonly folders: {
    readonly data: string;
    readonly sessions: string;
    readonly inputs: string;
    readonly bin: string;
  };
  /** `uid:gid` of the runner if it is not root. */
  readonly runnerUser: string | null;
  readonly agentImage: string;
  /** The letters that begin every Docker name of this server's runners. */
  instance(): string;
  node(): string;
  /** The network on which main containers start. */
  bridge(): Promise<string>;
}
