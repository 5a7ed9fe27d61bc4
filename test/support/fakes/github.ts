import { z } from "zod";
import { serveFake } from "./forge-server.ts";
import type { FakeForge } from "./forge-server.ts";
import { KNOWN_SHA, RIGHTS } from "./gitea.ts";

const Status = z.object({
  state: z.string(),
  context: z.string(),
  description: z.string(),
  target_url: z.string(),
});
const STATES = new Set(["error", "failure", "pending", "success"]);
const PERMISSIONS = { owner: "admin", write: "write", read: "read" } as const;

/** GitHub's REST API: refuses unknown states and descriptions above 140 characters with 422. */
export async function startFakeGithub(): Promise<FakeForge> {
  const token = "github-token-made-up";
  return await serveFake(token, (request, statuses) => {
    if (request.headers.authorization !== `token ${token}`)
      return { status: 401, body: { message: "Bad credentials" } };
    const user = /^\/repos\/acme\/web\/collaborators\/([^/]+)\/permission$/u.exec(request.path)?.[1];
    if (user !== undefined) {
      const right = RIGHTS[user];
      return right === undefined
        ? { status: 404, body: { message: "Not Found" } }
        : { status: 200, body: { permission: PERMISSIONS[right], user: { login: user } } };
    }
    const sha = /^\/repos\/acme\/web\/statuses\/([0-9a-f]{40})$/u.exec(request.path)?.[1];
    if (sha === undefined || request.method !== "POST")
      return { status: 404, body: { message: "Not Found" } };
    if (sha !== KNOWN_SHA) return { status: 422, body: { message: `No commit found for SHA: ${sha}` } };
    const { state, context, description, target_url: url } = Status.parse(request.body);
    if (!STATES.has(state)) return { status: 422, body: { message: "state is not included in the list" } };
    if (Array.from(description).length > 140)
      return { status: 422, body: { message: "description is too long (maximum is 140 characters)" } };
    statuses.push({ sha, state, context, description, url });
    return { status: 201, body: { id: statuses.length, state } };
  });
}
