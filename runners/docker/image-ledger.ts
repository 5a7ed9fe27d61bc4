import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const Entries = z.record(z.string(), z.object({ usedAtMs: z.number(), made: z.boolean() }));

/** What is known of an image of the engine. */
export interface LedgerEntry {
  readonly id: string;
  readonly usedAtMs: number;
}

/**
 * When builds last used which image, and which of them this runner has brought: pulled or built. Only those are ever
 * removed; what the machine's owner has put there stays. Kept in a file, because an engine does not tell.
 */
export class ImageLedger {
  readonly #file: string;
  readonly #entries = new Map<string, { usedAtMs: number; made: boolean }>();
  #writing: Promise<void> | null = null;
  #changed = false;

  constructor(file: string) {
    this.#file = file;
    for (const [id, entry] of Object.entries(read(file))) if (entry.made) this.#entries.set(id, entry);
  }

  /** An image was used now. `made`: it was not there before. */
  used(id: string, made: boolean): void {
    const known = this.#entries.get(id);
    // Of what stays whatever happens nothing is kept.
    if (!made && known === undefined) return;
    this.#entries.set(id, { usedAtMs: Date.now(), made: made || (known?.made ?? false) });
    this.#save();
  }

  forget(id: string): void {
    if (this.#entries.delete(id)) this.#save();
  }

  /** Images that this runner has brought, the one unused for longest first. */
  oldest(): LedgerEntry[] {
    return [...this.#entries]
      .flatMap(([id, { usedAtMs, made }]) => (made ? [{ id, usedAtMs }] : []))
      .toSorted((a, b) => a.usedAtMs - b.usedAtMs);
  }

  /** Resolves when everything said so far is in the file. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  #save(): void {
    this.#changed = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
  }

  // A file that cannot be written costs no build anything: at worst an image stays for longer.
  async #write(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      const text = JSON.stringify(Object.fromEntries(this.#entries));
      try {
        await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
        await rename(`${this.#file}.new`, this.#file);
      } catch {
        return;
      }
    }
  }
}

function read(file: string): z.infer<typeof Entries> {
  try {
    return Entries.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
