import { seal, unseal } from "./seal.ts";

/**
 * The key of one build, opened. Arguments, outcomes, command bodies and blobs of the build are sealed with it;
 * `context` names the thing (`args|0:4`), so that no ciphertext can stand in another one's place.
 */
export interface DataKey {
  seal(text: string, context: string): Uint8Array;
  /** @throws {UnsealError} */
  unseal(sealed: Uint8Array, context: string): string;
  sealBytes(bytes: Uint8Array, context: string): Uint8Array;
  /** @throws {UnsealError} */
  unsealBytes(sealed: Uint8Array, context: string): Uint8Array;
}

/** Seals and unseals under `key`. */
export function dataKeyOf(key: Uint8Array): DataKey {
  return {
    seal: (text, context) => seal(key, Buffer.from(text), context),
    unseal: (sealed, context) => Buffer.from(unseal(key, sealed, context)).toString(),
    sealBytes: (bytes, context) => seal(key, bytes, context),
    unsealBytes: (sealed, context) => unseal(key, sealed, context),
  };
}
