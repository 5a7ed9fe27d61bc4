import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Seconds by which a signed timestamp may be off. Source: github.com/standard-webhooks/standard-webhooks */
const TOLERANCE_MS = 300_000;

/** Compares two texts in a time that tells nothing of where they differ, nor of their length. */
export function sameText(left: string, right: string): boolean {
  return timingSafeEqual(
    createHash("sha256").update(left).digest(),
    createHash("sha256").update(right).digest(),
  );
}

/** Whether `signature` is the hexadecimal HMAC-SHA256 of the bytes under one of the secrets. */
export function isHexHmac(signature: string, signed: string | Buffer, secrets: readonly string[]): boolean {
  if (!/^[0-9a-f]{64}$/u.test(signature)) return false;
  return secrets.some(
    (secret) =>
      secret !== "" && sameText(createHmac("sha256", secret).update(signed).digest("hex"), signature),
  );
}

/** Whether the headers of Standard Webhooks sign the body under one of the secrets, at most five minutes ago. */
export function isStandardSigned(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const id = headers["webhook-id"] ?? "";
  const at = headers["webhook-timestamp"] ?? "";
  const given = (headers["webhook-signature"] ?? "").split(" ").filter((one) => one.startsWith("v1,"));
  if (id === "" || !/^\d{1,12}$/u.test(at) || given.length === 0 || given.length > 10) return false;
  if (Math.abs(nowMs - Number(at) * 1000) > TOLERANCE_MS) return false;
  return secrets.some((secret) => {
    if (secret === "") return false;
    const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
    const expected = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest("base64");
    return given.some((one) => sameText(one.slice(3), expected));
  });
}
