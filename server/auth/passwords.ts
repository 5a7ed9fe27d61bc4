import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { z } from "zod";

// Source: security rules of the product; 2^15 * 8 * 3 needs more than Node's default of memory.
const COST = 2 ** 15;
const BLOCK = 8;
const PARALLEL = 3;
const MAX_MEMORY = 64 * 1024 * 1024;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Hashes that may run at once: each takes 32 MiB and half a core. */
const AT_ONCE = 2;

/** A stored password: its parameters travel with it, so that they may rise later. */
const Stored = z.object({ n: z.int(), r: z.int(), p: z.int(), salt: z.base64(), key: z.base64() });
type Stored = z.infer<typeof Stored>;

let running = 0;
const waiting: (() => void)[] = [];

async function derive(
  password: string,
  salt: Buffer,
  { n, r, p }: Pick<Stored, "n" | "r" | "p">,
): Promise<Buffer> {
  while (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const options = { N: n, r, p, maxmem: MAX_MEMORY };
      scrypt(password.normalize("NFC"), salt, KEY_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** Hashes a password for the database. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const parameters = { n: COST, r: BLOCK, p: PARALLEL };
  const key = await derive(password, salt, parameters);
  return JSON.stringify({
    ...parameters,
    salt: salt.toString("base64"),
    key: key.toString("base64"),
  } satisfies Stored);
}

/**
 * Whether the password is the stored one. Without a stored one it takes as long and says no, so that the answer's time
 * does not tell which names exist.
 */
export async function isPassword(stored: string | null, password: string): Promise<boolean> {
  const read = stored === null ? undefined : Stored.safeParse(JSON.parse(stored)).data;
  const parameters = read ?? { n: COST, r: BLOCK, p: PARALLEL, salt: "", key: "" };
  const key = await derive(password, Buffer.from(parameters.salt, "base64"), parameters);
  const expected = Buffer.from(parameters.key, "base64");
  return read !== undefined && expected.byteLength === key.byteLength && timingSafeEqual(expected, key);
}
