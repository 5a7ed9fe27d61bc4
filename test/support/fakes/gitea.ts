import { z } from "zod";
import { serveFake } from "./forge-server.ts";
import type { FakeForge } from "./forge-server.ts";

const Status = z.object({
  state: z.string(),
  context: z.string(),
  description: z.string(),
  target_url: z.string(),
});

/** Who may do what in the fakes' repository `acme/web`. */
export const RIGHTS: Readonly<Record<string, "owner" | "write" | "read">> = {
  acme: "owner",
  rev: "write",
  guest: "read",
};
/** The only commit that the fakes know. */
export const KNOWN_SHA = "a".repeat(40);

/** Gitea 1.26: stores any state unchecked, answers 500 for a commit it does not know. */
export async function startFakeGitea(): Promise<FakeForge> {
  const token = "gitea-token-made-up";
  return await serveFake(token, (request, statuses) => {
    if (request.headers.authorization !== `token ${token}`)
      return { status: 401, body: { message: "invalid username, password or token" } };
    const user = /^\/api\/v1\/repos\/acme\/web\/collaborators\/([^/]+)\/permission$/u.exec(request.path)?.[1];
    if (user !== undefined) {
      const permission = RIGHTS[user];
      return permission === undefined
        ? { status: 404, body: { message: "user does not exist" } }
        : { status: 200, body: { permission, role_name: permission } };
    }
    const sha = /^\/api\/v1\/repos\/acme\/web\/statuses\/([0-9a-f]{40})$/u.exec(request.path)?.[1];
    if (sha === undefined || request.method !== "POST")
      return { status: 404, body: { message: "not found" } };
    if (sha !== KNOWN_SHA)
      return { status: 500, body: { message: `object does not exist [id: ${sha}, rel_path: ]` } };
    const { state, context, description, target_url: url } = Status.parse(request.body);
    statuses.push({ sha, state, context, description, url });
    return { status: 201, body: { id: statuses.length, status: state } };
  });
}
