import { z } from "zod";
import { serveFake } from "./forge-server.ts";
import type { FakeForge } from "./forge-server.ts";
import { KNOWN_SHA, RIGHTS } from "./gitea.ts";

const Status = z.object({
  state: z.string(),
  name: z.string(),
  description: z.string(),
  target_url: z.string(),
  ref: z.string(),
});
const STATES = new Set(["pending", "running", "success", "failed", "canceled", "skipped"]);
const LEVELS = { owner: 50, write: 30, read: 20 } as const;
/** GitLab names people by number. */
export const GITLAB_IDS: Readonly<Record<string, number>> = { acme: 1, rev: 2, guest: 3 };

/** GitLab's API: a status that is set again to the state it has is 400 "Cannot transition". */
export async function startFakeGitlab(): Promise<FakeForge> {
  const token = "gitlab-token-made-up";
  return await serveFake(token, (request, statuses) => {
    if (request.headers["private-token"] !== token)
      return { status: 401, body: { message: "401 Unauthorized" } };
    const member = /^\/api\/v4\/projects\/acme\/web\/members\/all\/(\d+)$/u.exec(request.path)?.[1];
    if (member !== undefined) {
      const name = Object.keys(GITLAB_IDS).find((one) => GITLAB_IDS[one] === Number(member));
      const right = name === undefined ? undefined : RIGHTS[name];
      return right === undefined
        ? { status: 404, body: { message: "404 Not found" } }
        : { status: 200, body: { id: Number(member), access_level: LEVELS[right] } };
    }
    const sha = /^\/api\/v4\/projects\/acme\/web\/statuses\/([0-9a-f]{40})$/u.exec(request.path)?.[1];
    if (sha === undefined || request.method !== "POST")
      return { status: 404, body: { message: "404 Not found" } };
    if (sha !== KNOWN_SHA) return { status: 404, body: { message: "404 Commit Not Found" } };
    const fields = Status.parse({
      ...Object.fromEntries(request.query),
      ...z.record(z.string(), z.unknown()).catch({}).parse(request.body),
    });
    if (!STATES.has(fields.state))
      return { status: 400, body: { error: "state does not have a valid value" } };
    const last = statuses.findLast((status) => status.sha === sha && status.context === fields.name);
    if (last?.state === fields.state)
      return {
        status: 400,
        body: { message: `Cannot transition status via :enqueue from :${fields.state}` },
      };
    statuses.push({
      sha,
      state: fields.state,
      context: fields.name,
      description: fields.description,
      url: fields.target_url,
    });
    return { status: 201, body: { id: statuses.length, status: fields.state } };
  });
}
