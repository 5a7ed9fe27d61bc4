import fs from "node:fs";
import { codeOf } from "./failure.ts";

const { O_WRONLY, O_CREAT } = fs.constants;

/**
 * What a step prints, kept beside its log until the step has ended and it can be appended to a file of the workspace.
 * Every piece has its place, so that a process that goes on from an earlier point writes the same again.
 */
export class TeeSpool {
  readonly file: string;
  #fd: number | null = null;
  #isCut = false;

  constructor(file: string) {
    this.file = file;
  }

  /** A piece was lost to a full disk. */
  get isCut(): boolean {
    return this.#isCut;
  }

  write(bytes: Buffer, at: number): void {
    if (bytes.length === 0 || this.#isCut) return;
    try {
      this.#fd ??= fs.openSync(this.file, O_WRONLY | O_CREAT, 0o600);
      for (let done = 0; done < bytes.length;)
        done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      if (!["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) throw error;
      this.#isCut = true;
    }
  }

  close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }

  remove(): void {
    this.close();
    fs.rmSync(this.file, { force: true });
  }
}
