import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, messageOf } from "../store/errors.ts";
import { KEY_BYTES } from "./seal.ts";

/** Why the vault cannot open. A person must act, so the process ends with `exitCode`. */
export class VaultError extends Error {
  readonly code: "key_missing" | "key_wrong" | "key_unreadable";
  readonly exitCode = 78;

  constructor(code: VaultError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "VaultError";
    this.code = code;
  }
}

/** The vault's key as the file holds it. */
export interface VaultKey {
  id: string; // tells keys apart without telling the key
  bytes: Uint8Array;
}

/** Reads the key file; undefined when there is none. @throws {VaultError} `key_unreadable`. */
export function readKeyFile(file: string): VaultKey | undefined {
  try {
    return keyOf(decoded(readFileSync(file), file));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (error instanceof VaultError) throw error;
    throw new VaultError("key_unreadable", `the key file ${file} cannot be read: ${messageOf(error)}`, error);
  }
}

/** Makes a key file that only its owner can read. If another start was quicker, its key is the one. */
export function makeKeyFile(file: string): VaultKey {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = openSync(draft, "wx", 0o400);
    writeSync(handle, randomBytes(KEY_BYTES));
    fsyncSync(handle);
    closeSync(handle);
    // A link, not a rename: it never replaces a key that is there. Whole on disk before anything is sealed with it.
    linkSync(draft, file);
    syncFolder(dirname(file));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") {
      throw new VaultError(
        "key_unreadable",
        `the key file ${file} cannot be made: ${messageOf(error)}`,
        error,
      );
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const key = readKeyFile(file);
  if (key === undefined) throw new VaultError("key_missing", `the key file ${file} is gone again`);
  return key;
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}

// 32 bytes as they are, or as 64 hexadecimal digits for keys that are kept as text.
function decoded(content: Uint8Array, file: string): Uint8Array {
  if (content.length === KEY_BYTES) return content;
  const text = Buffer.from(content).toString("latin1").trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  throw new VaultError(
    "key_unreadable",
    `the key file ${file} holds no key: ${KEY_BYTES} bytes, or 64 hexadecimal digits, are expected`,
  );
}

function keyOf(bytes: Uint8Array): VaultKey {
  const id = createHash("sha256").update("sluice key id").update(bytes).digest("hex").slice(0, 16);
  return { id, bytes };
}
