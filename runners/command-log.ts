import { LogUpload } from "./log-upload.ts";
import { Masker } from "./mask.ts";
import type { Needles } from "./mask.ts";
import type { PutLog } from "./log-upload.ts";

/** What a command of ours (checkout, pull, build) has to say, as the log of its step. */
export class CommandLog {
  readonly #upload: LogUpload;
  readonly #masker: Masker;
  #begun: Promise<void> | null = null;

  constructor(put: PutLog, needles: Needles) {
    this.#masker = new Masker(needles);
    this.#upload = new LogUpload({ put, at: 0, onStored: () => undefined, onRoom: () => undefined });
  }

  readonly say = (text: string): void => {
    const masked = Buffer.from(this.#masker.push(Buffer.from(text)));
    // An earlier attempt may have said something.
    this.#begun ??= this.#upload.append();
    this.#begun = this.#begun.then(() => this.#upload.push(masked, 0));
  };

  /** Resolves when all is stored. */
  async end(): Promise<void> {
    if (this.#begun === null) return;
    await this.#begun;
    this.#upload.push(Buffer.from(this.#masker.flush()), 0);
    await this.#upload.drained();
  }

  abandon(): void {
    this.#upload.abandon();
  }
}
