import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { Builds } from "../../server/http/contract/builds.ts";
import type { Build } from "../../server/http/contract/builds.ts";
import { Build as BuildSchema, LogRange } from "../../server/http/contract/builds.ts";
import { Gate, Gates } from "../../server/http/contract/gates.ts";
import type { GateSummary } from "../../server/http/contract/gates.ts";
import type { Answer, TestApi } from "../../test/support/api.ts";

/** Somebody who does not give up: what a server that is away, struck or busy does not answer, they ask again. */
export interface Person {
  /** Asks until there is an answer that is not the server's own trouble (5xx) or limit (429). @throws {Error} when there is none for long */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer>;
  read<Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>>;
  /** The builds of a branch, newest first. */
  buildsOf(project: string, branch: string): Promise<z.infer<typeof Builds>["items"]>;
  build(id: number): Promise<Build>;
  console(build: number): Promise<string>;
  /** A step's whole log. */
  log(build: number, step: number): Promise<string>;
  openGates(build: number): Promise<readonly GateSummary[]>;
  gate(id: number): Promise<Gate>;
}

/** Longer than any fault takes together with what follows it on a busy machine. */
const PATIENCE_MS = 600_000;
const AGAIN_MS = 300;
/** The server's limit of calls: late in a long campaign there is much to ask. */
const TOO_MANY = 429;

/** A person at the API. `noteTrouble` hears of each 500: it is the server's own mistake, whatever strikes it. */
export function createPerson(api: TestApi, noteTrouble: (text: string) => void): Person {
  const ask: Person["ask"] = async (method, path, body) => {
    const giveUpAtMs = Date.now() + PATIENCE_MS;
    let last: string;
    do {
      try {
        const answer = await api.ask(method, path, body);
        if (answer.status < 500 && answer.status !== TOO_MANY) return answer;
        if (answer.status === 500) noteTrouble(`${method} ${path} was answered 500: ${answer.text}`);
        last = `${answer.status}: ${answer.text}`;
      } catch (error) {
        last = String(error);
      }
      await pause(AGAIN_MS);
    } while (Date.now() < giveUpAtMs);
    throw new Error(`${method} ${path} has no answer: ${last}`);
  };
  const read: Person["read"] = async (schema, path) => {
    const answer = await ask("GET", path);
    if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}: ${answer.text}`);
    return schema.parse(answer.json());
  };
  return {
    ask,
    read,
    buildsOf: async (project, branch) =>
      (await read(Builds, `/projects/${project}/builds?ref=${encodeURIComponent(branch)}`)).items,
    build: async (id) => await read(BuildSchema, `/builds/${id}`),
    console: async (build) => (await ask("GET", `/builds/${build}/console`)).text,
    log: async (build, step) => {
      let text = "";
      for (let from = 0; ;) {
        const range = await read(LogRange, `/builds/${build}/steps/${step}/log?from=${from}`);
        text += range.text;
        if (range.endByte >= range.sizeBytes || range.endByte <= from) return text;
        from = range.endByte;
      }
    },
    openGates: async (build) => {
      const { items } = await read(Gates, "/gates?state=open&limit=200");
      return items.filter((gate) => gate.build?.id === build);
    },
    gate: async (id) => await read(Gate, `/gates/${id}`),
  };
}
