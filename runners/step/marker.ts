/** How a step ended, as its waiter wrote it. `oomKills` null: the kernel keeps no count. */
export interface StepEnd {
  readonly code: number;
  readonly oomKills: number | null;
}

/**
 * Finds the end marker `NONCE-N CODE OOM` in a step's output. What may be the beginning of the marker is held back until
 * it is decided; what follows the marker is a background process's and is dropped.
 */
export class MarkerScanner {
  readonly #marker: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #end: StepEnd | null = null;
  #found = false;

  constructor(nonce: string, n: number) {
    this.#marker = Buffer.from(`${nonce}-${String(n)} `, "latin1");
  }

  /** How many bytes at the end of what was read have not been given on. */
  get heldBytes(): number {
    return this.#held.length;
  }

  get end(): StepEnd | null {
    return this.#end;
  }

  /** Gives the bytes that belong to the step. The result may share memory with `chunk`. */
  push(chunk: Buffer): Buffer {
    if (this.#end !== null) return EMPTY;
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const at = this.#found ? 0 : data.indexOf(this.#marker);
    const keepFrom = at >= 0 ? at : data.length - this.#beginningAtEnd(data);
    this.#held = Buffer.from(data.subarray(keepFrom));
    if (at >= 0) {
      this.#found = true;
      this.#readEnd();
    }
    return data.subarray(0, keepFrom);
  }

  /** Bytes held although the stream is over without a marker: they were output after all. */
  flush(): Buffer {
    const rest = this.#found ? EMPTY : this.#held;
    this.#held = EMPTY;
    return rest;
  }

  #readEnd(): void {
    const newline = this.#held.indexOf(10, this.#marker.length);
    if (newline < 0) return;
    const text = this.#held.toString("latin1", this.#marker.length, newline);
    const match = /^(\d{1,3}) (\d+|-)$/.exec(text);
    // The nonce is known to nobody but the supervisor; a damaged line can only mean that the waiter was killed in it.
    if (match === null) return;
    const [, code = "", kills = "-"] = match;
    this.#end = { code: Number(code), oomKills: kills === "-" ? null : Number(kills) };
  }

  #beginningAtEnd(data: Buffer): number {
    for (let size = Math.min(this.#marker.length - 1, data.length); size > 0; size -= 1) {
      if (data.compare(this.#marker, 0, size, data.length - size) === 0) return size;
    }
    return 0;
  }
}

const EMPTY = Buffer.alloc(0);
