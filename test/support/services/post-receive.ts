/**
 * git's post-receive hook of the test and demo servers: tells Sluice of every ref that was pushed, signed by Standard Webhooks.
 * Reads `<old> <new> <ref>` lines; address and secret are in the repository's own git configuration.
 */
import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const ANSWER_DEADLINE_MS = 5_000;

/** The headers of https://github.com/standard-webhooks/standard-webhooks for `body`. */
function signed(secret: string, body: string): Record<string, string> {
  const id = `msg_${randomUUID()}`;
  const at = String(Math.floor(Date.now() / 1000));
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": `v1,${signature}` };
}

function setting(name: string): string {
  return execFileSync("git", ["config", name], { encoding: "utf8" }).trim();
}

const url = setting("sluice.url");
const secret = setting("sluice.secret");
// The server tells its root to the program that runs this hook; a repository is called by its path below that.
const repository = relative(process.env["GIT_PROJECT_ROOT"] ?? "..", process.cwd()).replace(/\.git$/u, "");
for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [before, after, ref] = line.split(" ");
  const body = JSON.stringify({ ref, before, after, repository });
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...signed(secret, body) },
      // A dead Sluice must not hold up the person who pushes.
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    console.log(`sluice: ${answer.status} ${await answer.text()}`);
  } catch (error) {
    console.log(`sluice: not told of ${ref}: ${String(error)}`);
  }
}
