import { createHmac, randomUUID } from "node:crypto";

const PAD_BYTES = 8 * 1024;
const NOTHING = "0".repeat(40);

/** A push as a forge announces it: 8 KB of JSON. */
export interface PushBody {
  readonly repository: string;
  readonly ref: string;
  readonly commit: string;
}

/** Header lines and body of a signed delivery with an id of its own. */
export function signedPush(
  push: PushBody,
  secret: string,
): { headers: Readonly<Record<string, string>>; body: string } {
  const body = JSON.stringify({
    ref: push.ref,
    before: NOTHING,
    after: push.commit,
    repository: push.repository,
    commits: "x".repeat(PAD_BYTES),
  });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "webhook-id": randomUUID(),
    "x-hub-signature-256": `sha256=${signature}`,
  };
  return { headers, body };
}
