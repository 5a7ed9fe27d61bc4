import { statfs } from "node:fs/promises";
import type { ImageFacts } from "./docker/images.ts";
import type { LedgerEntry } from "./docker/image-ledger.ts";
import type { Log } from "./log.ts";

/** Below this part free the server places no new agent here. */
export const CLOSED_BELOW = 0.15;
/** Below this images and workspaces that nobody needs go, the one unused for longest first. */
export const PRUNE_BELOW = 0.08;
/** Below this the session that writes most is ended: better one build than all. */
export const CANCEL_BELOW = 0.04;

const LOOK_EVERY_MS = 10_000;
/** A second session is not ended before the first one's files had the time to go. */
const CANCEL_PAUSE_MS = 60_000;

export type DiskLevel = "well" | "closed" | "prune" | "cancel";

const RANK: Readonly<Record<DiskLevel, number>> = { well: 0, closed: 1, prune: 2, cancel: 3 };

/** Room that is enough whatever part of a large disk it is. */
export const PLENTY_BYTES = 20 * 1024 ** 3;

/** How much of a disk is free, as an ordinary user may fill it. */
export interface FreeDisk {
  readonly part: number;
  readonly bytes: number;
}

/** What so much free disk asks for. */
export function diskLevel({ part, bytes }: FreeDisk): DiskLevel {
  if (bytes >= PLENTY_BYTES) return "well";
  if (part < CANCEL_BELOW) return "cancel";
  if (part < PRUNE_BELOW) return "prune";
  return part < CLOSED_BELOW ? "closed" : "well";
}

function isShort(free: FreeDisk): boolean {
  const level = diskLevel(free);
  return level === "prune" || level === "cancel";
}

/** An image that may be removed, as the server is asked about it. */
export interface SpareImage {
  readonly id: string;
  readonly digests: readonly string[];
  /** The build that made it, as its label says. */
  readonly build: string | null;
}

/** What watching the disk needs of the runner. */
export interface DiskDeps {
  /** Folders whose disks are watched: the runner's data, the engine's images. */
  folders(): Promise<readonly string[]>;
  readonly ledger: { oldest(): LedgerEntry[]; forget(id: string): void };
  readonly images: {
    inspect(id: string): Promise<ImageFacts | null>;
    /** False when a container uses it. */
    remove(id: string): Promise<boolean>;
  };
  /** Ids of those that a live or gated build, or a release one may go back to, needs; null: the server does not say. */
  needed(images: readonly SpareImage[]): Promise<ReadonlySet<string> | null>;
  readonly slots: { dropOldest(): Promise<string | null> };
  /** Ends the session that has written most; its id, or null when none runs. */
  endLargest(freePercent: number): Promise<string | null>;
  /** Tells the server what is free, once for each change: whole percent while it is too little, null while it is enough. */
  tell(freePercent: number | null): void;
  readonly log: Log;
  freeOf(folder: string): Promise<FreeDisk>;
}

/** Watches the disks of a runner and makes room in three steps before they are full. */
export class DiskKeeper {
  readonly #deps: DiskDeps;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #told: number | null | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DiskDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#lookOnce(), LOOK_EVERY_MS);
    this.#lookOnce();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  /** One look: tells how much is free, and makes room where it is too little. */
  async look(): Promise<DiskLevel> {
    const free = await this.#free();
    this.#tell(free);
    const level = diskLevel(free);
    if (!isShort(free)) return level;
    const after = await this.#makeRoom();
    this.#tell(after);
    if (diskLevel(after) === "cancel") await this.#endLargest(after.part);
    return level;
  }

  #lookOnce(): void {
    this.#looking ??= this.look()
      .then(
        () => {},
        (error: unknown) => this.#deps.log.warn({ err: error }, "the disk could not be looked at"),
      )
      .finally(() => {
        this.#looking = null;
      });
  }

  /** Of the disk that is nearest to being full. */
  async #free(): Promise<FreeDisk> {
    let least: FreeDisk = { part: 1, bytes: Number.MAX_SAFE_INTEGER };
    for (const folder of await this.#deps.folders()) {
      const free = await this.#deps.freeOf(folder);
      if (RANK[diskLevel(free)] > RANK[diskLevel(least)] || free.part < least.part) least = free;
    }
    return least;
  }

  #tell(free: FreeDisk): void {
    const percent = diskLevel(free) === "well" ? null : Math.floor(free.part * 100);
    if (percent === this.#told) return;
    this.#told = percent;
    this.#deps.tell(percent);
  }

  async #makeRoom(): Promise<FreeDisk> {
    const { log, slots } = this.#deps;
    let free = await this.#free();
    for (const image of await this.#spareImages()) {
      if (!isShort(free)) return free;
      if (!(await this.#deps.images.remove(image.id))) continue;
      this.#deps.ledger.forget(image.id);
      log.warn({ image: image.id, digests: image.digests }, "an image was removed: the disk is nearly full");
      free = await this.#free();
    }
    while (isShort(free)) {
      const slot = await slots.dropOldest();
      if (slot === null) return free;
      log.warn({ slot }, "a workspace was removed: the disk is nearly full");
      free = await this.#free();
    }
    return free;
  }

  /** Images of ours that nobody needs, the one unused for longest first; none when the server does not say. */
  async #spareImages(): Promise<SpareImage[]> {
    const { ledger, images } = this.#deps;
    const known: SpareImage[] = [];
    for (const { id } of ledger.oldest()) {
      const facts = await images.inspect(id);
      if (facts === null) ledger.forget(id);
      else known.push({ id, digests: facts.digests, build: facts.labels["dev.sluice.build"] ?? null });
    }
    if (known.length === 0) return [];
    const kept = await this.#deps.needed(known);
    return kept === null ? [] : known.filter(({ id }) => !kept.has(id));
  }

  async #endLargest(part: number): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#endedAtMs < CANCEL_PAUSE_MS) return;
    const session = await this.#deps.endLargest(Math.floor(part * 100));
    if (session === null) return;
    this.#endedAtMs = nowMs;
    this.#deps.log.error({ session }, "the session that wrote most was ended: the disk is full");
  }
}

/** What the machine says of the disk of a folder. */
export async function freeOf(folder: string): Promise<FreeDisk> {
  const disk = await statfs(folder);
  return { part: disk.bavail / disk.blocks, bytes: disk.bavail * disk.bsize };
}
