import { z } from "zod";

const Reason = z.object({ code: z.string(), fault: z.string(), text: z.string() });

const Stage = z.object({ name: z.string(), state: z.string() });

/** The parts of a build that the demo looks at. */
export const Build = z.object({
  id: z.int(),
  number: z.int(),
  state: z.string(),
  reason: Reason.nullable(),
  sha: z.string().nullable(),
  stages: z.array(Stage),
  waits: z.array(z.object({ text: z.string() })),
  failure: z
    .object({
      stage: z.string().nullable(),
      step: z.int().nullable(),
      line: z.int().nullable(),
      excerpt: z.array(z.object({ line: z.int(), text: z.string() })),
    })
    .nullable(),
  tests: z.object({ passed: z.int(), failed: z.int() }).nullable(),
  artifacts: z.array(z.object({ kind: z.string(), name: z.string(), digest: z.string().nullable() })),
  deployments: z.array(z.int()),
});
export type Build = z.infer<typeof Build>;

const Plan = z.object({
  targets: z.array(
    z.object({
      images: z.array(z.object({ service: z.string(), from: z.string().nullable(), to: z.string() })),
    }),
  ),
});

/** The parts of a gate that the demo looks at. */
export const Gate = z.object({
  id: z.int(),
  state: z.string(),
  environment: z.string().nullable(),
  deployment: z.int().nullable(),
  planHash: z.string().nullable(),
  plan: Plan.nullable(),
  url: z.string(),
});
export type Gate = z.infer<typeof Gate>;

/** The parts of a deployment that the demo looks at. */
export const Deployment = z.object({
  id: z.int(),
  state: z.string(),
  reason: Reason.nullable(),
  release: z.int().nullable(),
  images: z.record(z.string(), z.string()),
  approvedBy: z.string().nullable(),
});
export type Deployment = z.infer<typeof Deployment>;

const Hook = z.object({ url: z.string(), secret: z.string() });
const Delivery = z.object({
  status: z.int(),
  state: z.string(),
  verdict: z.string(),
  builds: z.array(z.object({ number: z.int() })),
});
const Environment = z.object({
  live: z.array(z.object({ release: z.int(), images: z.record(z.string(), z.string()) })),
});

const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });

/** Sluice's API as another program would use it: by address and token. */
export interface Api {
  putSecret(name: string, secret: Readonly<Record<string, string>>): Promise<void>;
  renewHook(project: string): Promise<{ url: string; secret: string }>;
  onlineRunners(): Promise<number>;
  deliveries(): Promise<z.infer<typeof Delivery>[]>;
  /** The build of that number, or undefined while there is none. */
  build(project: string, number: number): Promise<Build | undefined>;
  console(build: number): Promise<string>;
  stepLogAround(build: number, step: number, line: number): Promise<string>;
  openGate(project: string): Promise<Gate | undefined>;
  gate(id: number): Promise<Gate>;
  approve(gate: Gate): Promise<Gate>;
  deployment(id: number): Promise<Deployment>;
  environment(name: string): Promise<z.infer<typeof Environment>>;
  signInLink(user: number): Promise<string>;
}

/** The answer to a call was not what the call promises; the text has the server's own words. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Calls Sluice at `url` with `token`. */
export function createApi(url: string, token: string): Api {
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> =>
    await answerOf(method, `${url}/api/v1${path}`, body, { authorization: `Bearer ${token}` });
  const read = async <Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> =>
    schema.parse(await (await ask("GET", path)).json());
  return {
    putSecret: async (name, secret) => void (await ask("PUT", `/secrets/${name}`, secret)),
    renewHook: async (project) =>
      Hook.parse(await (await ask("POST", `/projects/${project}/hook`, {})).json()),
    onlineRunners: async () => {
      const { items } = await read(listOf(z.object({ state: z.string() })), "/runners");
      return items.filter(({ state }) => state === "online").length;
    },
    deliveries: async () => (await read(listOf(Delivery), "/deliveries")).items,
    build: async (project, number) => {
      try {
        return await read(Build, `/projects/${project}/builds/${number}`);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    console: async (build) => await (await ask("GET", `/builds/${build}/console`)).text(),
    stepLogAround: async (build, step, line) =>
      (await read(z.object({ text: z.string() }), `/builds/${build}/steps/${step}/log?line=${line}&lines=40`))
        .text,
    openGate: async (project) => {
      const summary = z.object({ id: z.int(), project: z.string() });
      const { items } = await read(listOf(summary), "/gates?state=open");
      const found = items.find((item) => item.project === project);
      return found === undefined ? undefined : await read(Gate, `/gates/${found.id}`);
    },
    gate: async (id) => await read(Gate, `/gates/${id}`),
    approve: async ({ id, planHash }) => {
      const decision = { decision: "approve", ...(planHash === null ? {} : { planHash }) };
      return Gate.parse(await (await ask("POST", `/gates/${id}/decision`, decision)).json());
    },
    deployment: async (id) => await read(Deployment, `/deployments/${id}`),
    environment: async (name) => await read(Environment, `/environments/${name}`),
    signInLink: async (user) => {
      const answer = await ask("POST", `/users/${user}/sign-in-link`, {});
      return z.object({ url: z.string() }).parse(await answer.json()).url;
    },
  };
}

/** Who was made by the claim, and a token that may do everything. */
export interface Owner {
  readonly user: number;
  readonly token: string;
}

/** Takes a server that nobody owns yet: the claim makes the first administrator, who makes an API token. */
export async function claimServer(url: string, claim: string, password: string): Promise<Owner> {
  const api = `${url}/api/v1`;
  const person = { claim, login: "demo", name: "Demo", mail: "demo@example.test", password };
  const claimed = await answerOf("POST", `${api}/claim`, person, { origin: url });
  const { id, csrf } = z.object({ id: z.int(), csrf: z.string() }).parse(await claimed.json());
  const cookie = claimed.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const wanted = { name: "demo", scopes: ["read", "build", "approve", "admin"], days: 30 };
  const headers = { origin: url, cookie, "x-sluice-csrf": csrf };
  const made = await answerOf("POST", `${api}/tokens`, wanted, headers);
  return { user: id, token: z.object({ value: z.string() }).parse(await made.json()).value };
}

const ANSWER_DEADLINE_MS = 30_000;

async function answerOf(
  method: string,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  if (!answer.ok) {
    const { pathname } = new URL(url);
    const said = (await answer.text()).slice(0, 512);
    throw new ApiError(answer.status, `${method} ${pathname} was answered ${answer.status}: ${said}`);
  }
  return answer;
}
