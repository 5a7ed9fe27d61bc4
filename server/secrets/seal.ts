import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** Length of every key here, in bytes: AES-256. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 1;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Sealed bytes that do not open: another key, another context, or changed bytes. */
export class UnsealError extends Error {
  constructor(context: string, cause?: unknown) {
    super(`sealed bytes do not open as ${context}: wrong key, moved or damaged`, { cause });
    this.name = "UnsealError";
  }
}

/**
 * AES-256-GCM with a random nonce: format, nonce, tag, ciphertext. `context` says what the bytes are and whose
 * (`secret|12|3`); they open only under the same words, so a ciphertext copied into another row is refused.
 */
export function seal(key: Uint8Array, plain: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(context));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return joined(Buffer.of(FORMAT), nonce, cipher.getAuthTag(), text);
}

/** The bytes that were sealed. @throws {UnsealError} */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed.length < HEAD_BYTES || sealed[0] !== FORMAT) throw new UnsealError(context);
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const tag = sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(context));
  decipher.setAuthTag(tag);
  try {
    return joined(decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final());
  } catch (error) {
    throw new UnsealError(context, error);
  }
}

function additionalData(context: string): Buffer {
  return Buffer.from(`sluice|v1|${context}`);
}

// A plain Uint8Array of its own memory: a Buffer of Node's pool would be cloned between threads pool and all.
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
