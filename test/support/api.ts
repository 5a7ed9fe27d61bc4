import assert from "node:assert/strict";
import type { z } from "zod";
import { Build, Builds, LogRange } from "../../server/http/contract/builds.ts";
import { Problem } from "../../server/http/contract/common.ts";
import { Deployment } from "../../server/http/contract/deployments.ts";
import { Gate, Gates } from "../../server/http/contract/gates.ts";
import { Hook } from "../../server/http/contract/projects.ts";
import { Runners } from "../../server/http/contract/system.ts";
import { until } from "./services/until.ts";
import type { Patience } from "./services/until.ts";

/** One answer, read as far as a test may want it. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  json(): unknown;
}

/** The API of a running server as another program uses it: by address and token. */
export interface TestApi {
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A GET that must be 200, read by the contract's own schema. */
  read<Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>>;
  putSecret(name: string, secret: Readonly<Record<string, string>>): Promise<void>;
  renewHook(project: string): Promise<{ url: string; secret: string }>;
  runnersOnline(): Promise<number>;
  builds(project: string): Promise<z.infer<typeof Builds>["items"]>;
  /** The build of that number; waits until there is one. */
  build(project: string, number: number): Promise<Build>;
  /** Waits until a build is as wanted. @throws {Error} with its console when it has ended otherwise */
  buildIs(project: string, number: number, what: string, isIt: (build: Build) => boolean): Promise<Build>;
  buildEnded(project: string, number: number): Promise<Build>;
  console(build: number): Promise<string>;
  stepLog(build: number, step: number, query?: string): Promise<LogRange>;
  /** The open gate of a build; waits until there is one. */
  openGate(project: string, number: number): Promise<Gate>;
  decide(gate: number, decision: Readonly<Record<string, unknown>>): Promise<Answer>;
  deploymentEnded(id: number): Promise<Deployment>;
}

/** The states in which a build stays for good. */
export const ENDED: readonly string[] = ["succeeded", "unstable", "failed", "aborted", "not_built"];
const OVER: readonly string[] = ["succeeded", "failed", "withdrawn", "rolled_back", "rollback_failed"];

/** Far beyond what anything of a test takes on a machine with much else to do. */
export const PATIENCE: Patience = { deadlineMs: 150_000, everyMs: 100 };
const ANSWER_DEADLINE_MS = 60_000;

/** Calls the API at `url` with `token`. */
export function createTestApi(url: string, token: string): TestApi {
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    const text = await answer.text();
    return { status: answer.status, text, json: () => JSON.parse(text) };
  };
  const must = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer;
  };
  const read = async <Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> =>
    schema.parse((await must("GET", path)).json());
  const consoleOf = async (build: number): Promise<string> =>
    (await must("GET", `/builds/${build}/console`)).text;
  const findBuild = async (project: string, number: number): Promise<Build | undefined> => {
    const answer = await ask("GET", `/projects/${project}/builds/${number}`);
    return answer.status === 200 ? Build.parse(answer.json()) : undefined;
  };
  const buildIs: TestApi["buildIs"] = async (project, number, what, isIt) => {
    let last: Build | undefined;
    const found = await until(
      `build ${number} of ${project} ${what}`,
      async () => {
        last = (await findBuild(project, number)) ?? last;
        if (last === undefined) return undefined;
        return isIt(last) || ENDED.includes(last.state) ? last : undefined;
      },
      PATIENCE,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await story(last)}`);
    });
    if (!isIt(found)) throw new Error(`build ${number}: never ${what}\n${await story(found)}`);
    return found;
  };
  /** What a person would look at first when a test of a build fails. */
  const story = async (build: Build | undefined): Promise<string> => {
    if (build === undefined) return "there is no such build";
    const waits = build.waits.map((wait) => wait.text).join("; ");
    return `${build.state}: ${build.reason?.text ?? waits}\n${await consoleOf(build.id)}`;
  };
  return {
    ask,
    read,
    putSecret: async (name, secret) => void (await must("PUT", `/secrets/${name}`, secret)),
    renewHook: async (project) => Hook.parse((await must("POST", `/projects/${project}/hook`, {})).json()),
    runnersOnline: async () =>
      (await read(Runners, "/runners")).items.filter(({ state }) => state === "online").length,
    builds: async (project) => (await read(Builds, `/projects/${project}/builds`)).items,
    build: async (project, number) => await buildIs(project, number, "exists", () => true),
    buildIs,
    buildEnded: async (project, number) =>
      await buildIs(project, number, "has ended", ({ state }) => ENDED.includes(state)),
    console: consoleOf,
    stepLog: async (build, step, query = "") =>
      await read(LogRange, `/builds/${build}/steps/${step}/log${query}`),
    openGate: async (project, number) => {
      const waiting = await buildIs(project, number, "waits at a gate", ({ waits }) =>
        waits.some(({ gate }) => gate !== null),
      );
      const gates = await read(Gates, "/gates?state=open");
      const mine = gates.items.find(({ build }) => build?.id === waiting.id);
      assert.ok(mine !== undefined, "the gate that the build waits at is not in the list of open ones");
      return await read(Gate, `/gates/${mine.id}`);
    },
    decide: async (gate, decision) => await ask("POST", `/gates/${gate}/decision`, decision),
    deploymentEnded: async (id) =>
      await until(
        `deployment ${id} has an outcome`,
        async () => {
          const deployment = await read(Deployment, `/deployments/${id}`);
          return OVER.includes(deployment.state) ? deployment : undefined;
        },
        PATIENCE,
      ),
  };
}

/** The stable word of an error answer. */
export function problemCode(answer: Answer): string {
  return Problem.parse(answer.json()).code;
}
