import { createServer } from "node:http";
import { once } from "node:events";
import { loadConfig, readSluiceFile } from "../../../server/config.ts";
import { offerClaim } from "../../../server/auth/claim.ts";
import { createApp } from "../../../server/http/app.ts";
import type { App } from "../../../server/http/app.ts";
import { refused } from "../../../server/http/world.ts";
import type { World } from "../../../server/http/world.ts";
import { applyFile } from "../../../server/projects/apply.ts";
import { createSecrets } from "../../../server/secrets/secrets.ts";
import { openServer } from "./open.ts";
import type { OpenedServer } from "./open.ts";

/** A running web side: real store, vault and HTTP; the rooms that run builds are plain objects a test may replace. */
export interface RunningApp extends OpenedServer {
  readonly world: World;
  readonly app: App;
  readonly url: string;
  readonly errors: unknown[];
  /** The claim of the first start. */
  readonly claim: string;
}

/** Starts the application on loopback with this `sluice.yml`. */
export async function startApp(
  file: string,
  change: Partial<World> = {},
  databaseUrl?: string,
): Promise<RunningApp> {
  const opened = await openServer(databaseUrl);
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const url = `http://127.0.0.1:${address.port}`;
  const loaded = readSluiceFile(file, "sluice.yml");
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems));
  const config = {
    ...loadConfig({ SLUICE_PUBLIC_URL: url, SLUICE_DATA: opened.folder }, opened.folder),
    file: loaded.file,
  };
  await applyFile(opened, loaded.file);
  const claimUrl = await offerClaim({ store: opened.store, dataFolder: opened.folder, publicUrl: url });
  const errors: unknown[] = [];
  const world: World = {
    ...plainWorld(opened),
    config,
    log: { error: (fields) => errors.push(fields), warn: () => {}, info: () => {} },
    ...change,
  };
  const app = createApp(world);
  server.on("request", app.handler);
  return {
    ...opened,
    world,
    app,
    url,
    errors,
    claim: claimUrl?.split("#claim=")[1] ?? "",
    close: async () => {
      app.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await opened.close();
    },
  };
}

function plainWorld(opened: OpenedServer): Omit<World, "config" | "log"> {
  const { store, vault, clock } = opened;
  const no = refused(409, "conflict", "this server runs nothing");
  const logs = new Map<string, Uint8Array>();
  return {
    version: "0.0.0-test",
    store,
    vault,
    secrets: createSecrets({ store, vault }),
    clock,
    builds: {
      start: async () => no,
      abort: async () => no,
      restart: async () => no,
      explain: async () => ({ lines: [], waits: [] }),
      console: async function* () {
        yield Buffer.from("[Pipeline] Start of Pipeline\n");
      },
      failure: async () => null,
      frozen: async () => ({ parameters: [], diagnostics: [] }),
    },
    logs: {
      read: async (buildId, stepNo, from, limit) => {
        const bytes = logs.get(`${buildId}.${stepNo}`) ?? new Uint8Array();
        return { bytes: bytes.subarray(from, from + limit), length: bytes.byteLength };
      },
      length: async (buildId, stepNo) => logs.get(`${buildId}.${stepNo}`)?.byteLength ?? 0,
      onAppended: () => () => {},
    },
    gates: {
      mayDecide: async () => ({ may: true, whyNot: null, approvers: [], reasonRequired: false }),
      decide: async () => no,
    },
    deployments: {
      plan: async () => null,
      running: async () => ({ services: [], readAtMs: null }),
      rollBack: async () => no,
      resolve: async () => no,
    },
    resendNotification: async () => false,
    artifactFile: async () => null,
    runnerLink: null,
    readiness: async () => [{ name: "database", ok: true, text: "answers", fix: null }],
    checklist: async () => [],
    metrics: async () => "",
    webFolder: null,
  };
}

/** A browser of a test: keeps the cookie, sends Origin and the page's word with each change. */
export interface TestBrowser {
  readonly cookie: () => string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Opens a browser without a sign-in. */
export function createBrowser(url: string): TestBrowser {
  let cookie = "";
  let csrf = "";
  return {
    cookie: () => cookie,
    call: async (method, path, body, headers = {}) => {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(cookie === "" ? {} : { cookie }),
          ...(method === "GET" ? {} : { origin: url, "x-sluice-csrf": csrf }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const [set] = response.headers.getSetCookie();
      if (set !== undefined) {
        cookie = set.split(";")[0] ?? "";
        const me: unknown = await response.clone().json();
        if (typeof me === "object" && me !== null && "csrf" in me && typeof me.csrf === "string")
          csrf = me.csrf;
      }
      return response;
    },
  };
}
