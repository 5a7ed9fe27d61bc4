import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { chmod, lchown, mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { codeOf } from "../failure.ts";
import { removeFolder } from "../state.ts";
import type { InUse } from "./mirrors.ts";

const SlotRecord = z.object({ ref: z.string(), usedAtMs: z.number(), clean: z.boolean() });

/** A workspace on this machine: ours (`git`), the build's (`src`) and its temporary folder (`tmp`). */
export interface Slot {
  /** Relative to the slots' folder: what state remembers. */
  readonly name: string;
  readonly folder: string;
  readonly git: string;
  readonly src: string;
  readonly tmp: string;
}

/** Which slot is asked for. A named one is exclusive; if it is taken, `@2` and so on are used, as in Jenkins. */
export interface SlotWish {
  readonly project: string;
  readonly trust: string;
  readonly workspace: string | null;
  readonly ref: string;
}

/**
 * The workspaces kept between builds, one session at a time in each. Trusted and untrusted builds share none. A slot whose
 * session did not end well is emptied before its next use.
 */
export class Slots {
  readonly #folder: string;
  readonly #taken = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes a slot: the one last used by this ref, else the one unused for longest, else a new one. */
  async take(wish: SlotWish): Promise<Slot> {
    const key = [wish.project, wish.trust, wish.workspace ?? ""].join("\n");
    const group = createHash("sha256").update(key).digest("hex").slice(0, 24);
    const known = await this.#known(group);
    const free = known.filter((slot) => !this.#taken.has(slot.name));
    free.sort((a, b) => Number(b.ref === wish.ref) - Number(a.ref === wish.ref) || a.usedAtMs - b.usedAtMs);
    const named = wish.workspace === null ? free[0] : free.toSorted((a, b) => a.number - b.number)[0];
    const name = named?.name ?? this.#newName(group, known);
    this.#taken.add(name);
    const slot = this.at(name);
    try {
      if (named !== undefined && !named.clean) await removeFolder(slot.folder);
      await prepare(slot);
      await record(slot, { ref: wish.ref, usedAtMs: Date.now(), clean: false });
      return slot;
    } catch (error) {
      this.#taken.delete(name);
      throw error;
    }
  }

  /** A slot that an earlier process had taken. */
  retake(name: string): Slot {
    this.#taken.add(name);
    return this.at(name);
  }

  at(name: string): Slot {
    const folder = path.join(this.#folder, name);
    return {
      name,
      folder,
      git: path.join(folder, "git"),
      src: path.join(folder, "src"),
      tmp: path.join(folder, "tmp"),
    };
  }

  /** Gives a slot back. `clean` false: its next user finds it empty. */
  async giveBack(slot: Slot, ref: string, clean: boolean): Promise<void> {
    if (clean) await record(slot, { ref, usedAtMs: Date.now(), clean: true });
    this.#taken.delete(slot.name);
  }

  /** Removes the workspace unused for longest that no session has; its name, or null when there is none. */
  async dropOldest(): Promise<string | null> {
    const known = await this.#all();
    const [oldest] = known
      .filter(({ name }) => !this.#taken.has(name))
      .toSorted((a, b) => a.usedAtMs - b.usedAtMs);
    if (oldest === undefined) return null;
    await this.#drop(oldest.name);
    return oldest.name;
  }

  /** Removes the workspaces that no session has and none had for so long. */
  async dropUnused(longerThanMs: number, nowMs: number): Promise<void> {
    for (const slot of await this.#all()) {
      if (this.#taken.has(slot.name) || nowMs - slot.usedAtMs <= longerThanMs) continue;
      await this.#drop(slot.name);
      const group = path.dirname(slot.name);
      if ([...this.#taken].some((name) => path.dirname(name) === group)) continue;
      // Another workspace in the group's folder keeps it.
      await rmdir(path.join(this.#folder, group)).catch(() => undefined);
    }
  }

  /** The mirrors that workspaces read, and the commits that were checked out in them last. */
  async inUse(): Promise<InUse> {
    const mirrors = new Set<string>();
    const commits = new Set<string>();
    for (const { name } of await this.#all()) {
      const { folder, git } = this.at(name);
      const side = path.join(folder, "side");
      const sides = await readdir(side).catch(() => []);
      for (const gitDir of [git, ...sides.map((one) => path.join(side, one))]) {
        const alternates = await readFile(path.join(gitDir, "objects/info/alternates"), "utf8").catch(
          () => "",
        );
        if (alternates !== "") mirrors.add(path.dirname(alternates.trim()));
        commits.add((await readFile(path.join(gitDir, "HEAD"), "utf8").catch(() => "")).trim());
      }
    }
    return { mirrors, commits };
  }

  async #all() {
    const groups = await readdir(this.#folder).catch(() => []);
    return (await Promise.all(groups.map((group) => this.#known(group)))).flat();
  }

  async #drop(name: string): Promise<void> {
    this.#taken.add(name);
    try {
      await removeFolder(this.at(name).folder);
    } finally {
      this.#taken.delete(name);
    }
  }

  // What another session took a moment ago has no folder yet, so the folders alone do not say which names are free.
  #newName(group: string, known: readonly { name: string }[]): string {
    for (let number = 1; ; number += 1) {
      const name = `${group}/${String(number)}`;
      if (!this.#taken.has(name) && !known.some((slot) => slot.name === name)) return name;
    }
  }

  async #known(
    group: string,
  ): Promise<{ name: string; number: number; ref: string; usedAtMs: number; clean: boolean }[]> {
    let names: string[];
    try {
      names = await readdir(path.join(this.#folder, group));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
    const found = [];
    for (const number of names.map(Number).filter((n) => Number.isSafeInteger(n))) {
      const name = `${group}/${String(number)}`;
      found.push({ name, number, ...(await readRecord(this.at(name))) });
    }
    return found;
  }
}

/** Gives everything below a folder to a user: the container's, when it is not the runner's own. Links are not followed. */
export async function own(folder: string, uid: number, gid: number): Promise<void> {
  const mine = lstatSync(folder);
  if (mine.uid !== uid || mine.gid !== gid) await lchown(folder, uid, gid);
  if (!mine.isDirectory()) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await own(file, uid, gid);
    else {
      const { uid: is, gid: group } = lstatSync(file);
      if (is !== uid || group !== gid) await lchown(file, uid, gid);
    }
  }
}

async function prepare(slot: Slot): Promise<void> {
  for (const folder of [slot.src, slot.tmp]) {
    await mkdir(folder, { recursive: true });
    // Any user of an image works here; the folders above let no other user of this machine in.
    await chmod(folder, 0o777);
  }
}

async function record(slot: Slot, what: z.infer<typeof SlotRecord>): Promise<void> {
  await writeFile(path.join(slot.folder, "slot.json"), JSON.stringify(what));
}

async function readRecord(slot: Slot): Promise<z.infer<typeof SlotRecord>> {
  try {
    return SlotRecord.parse(JSON.parse(await readFile(path.join(slot.folder, "slot.json"), "utf8")));
  } catch {
    return { ref: "", usedAtMs: 0, clean: false };
  }
}
