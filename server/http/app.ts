import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import { join } from "node:path";
import express from "express";
import type { ErrorRequestHandler, Express, Request, Response } from "express";
import { isClaimed } from "../auth/claim.ts";
import { createHookProjects } from "../webhooks/hook-projects.ts";
import { HOOK_PATH, createWebhookHandler } from "../webhooks/handler.ts";
import type { ReceiveDeps } from "../webhooks/receive.ts";
import { createBuckets } from "./buckets.ts";
import { api } from "./contract.ts";
import type { EndpointName } from "./contract.ts";
import { createEventStreams } from "./events.ts";
import { authorise, identify, requireOwnOrigin } from "./guard.ts";
import { createRequestCounts } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { HttpProblem, notFound, problemDocument } from "./problem.ts";
import { route } from "./route.ts";
import type { Context, Route } from "./route.ts";
import { buildRoutes } from "./routes/builds.ts";
import { deliveryRoutes } from "./routes/deliveries.ts";
import { deployRoutes } from "./routes/deploys.ts";
import { peopleRoutes } from "./routes/people.ts";
import { projectRoutes } from "./routes/projects.ts";
import { systemRoutes } from "./routes/system.ts";
import { storeProblem } from "./store-problem.ts";
import type { World } from "./world.ts";

/** The web side of the server. It opens nothing: whoever made it listens with `handler`, and ends with `close`. */
export interface App {
  readonly handler: RequestListener;
  /** What receives deliveries; the sweep and replays record through the same. */
  readonly receive: ReceiveDeps;
  /** Ends the live streams, so that the server can close. */
  close(): void;
}

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; worker-src 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const BODY_LIMIT = "256kb";
const MINUTE_MS = 60_000;
/** Calls a minute of one caller, attempts to sign in, and refused deliveries of one hook and address. */
const CALLS = 1200;
const SIGN_INS = 10;
const REFUSALS = 60;

/** Makes the application. Order: request id, webhooks, runner link, `/api/v1`, page, 404, errors. */
export function createApp(world: World): App {
  const { store, vault, clock, config } = world;
  const streams = createEventStreams(world);
  const counts = createRequestCounts();
  const receive: ReceiveDeps = {
    store,
    clock,
    projects: createHookProjects({ store, vault, forges: config.file.forges }),
    newDataKey: () => vault.newDataKey(),
  };
  const webhook = createWebhookHandler({
    ...receive,
    publicUrl: config.publicUrl,
    refusals: createBuckets({ size: REFUSALS, refillMs: MINUTE_MS, clock }),
    addressOf,
    onError: (err, requestId) => world.log.error({ err, requestId }, "a delivery could not be recorded"),
  });
  const app = createExpress(world, receive, streams, counts);
  return {
    receive,
    close: () => streams.close(),
    handler: (request, response) => {
      const requestId = randomBytes(6).toString("hex");
      response.setHeader("x-request-id", requestId);
      const url = request.url ?? "";
      response.on("finish", () => counts.add(url, response.statusCode));
      if (url.startsWith(HOOK_PATH)) void webhook(request, response, requestId);
      else app(request, response);
    },
  };
}

function createExpress(
  world: World,
  receive: ReceiveDeps,
  streams: ReturnType<typeof createEventStreams>,
  counts: ReturnType<typeof createRequestCounts>,
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  app.set("etag", false);
  if (world.runnerLink !== null) app.use("/runner/v1", world.runnerLink);
  app.use((_request, response, next) => {
    response.set(SECURITY_HEADERS);
    if (world.config.publicUrl.startsWith("https:"))
      response.set("strict-transport-security", "max-age=31536000");
    next();
  });
  mountHealth(app, world, counts);
  mountApi(app, world, allRoutes(world, receive, streams));
  mountPage(app, world);
  app.use(onError(world));
  return app;
}

function allRoutes(
  world: World,
  receive: ReceiveDeps,
  streams: ReturnType<typeof createEventStreams>,
): Record<EndpointName, Route> {
  const signIns = createBuckets({ size: SIGN_INS, refillMs: MINUTE_MS, clock: world.clock });
  return {
    ...peopleRoutes(world, signIns),
    ...projectRoutes(world),
    ...buildRoutes(world),
    ...deployRoutes(world),
    ...deliveryRoutes(world, receive),
    ...systemRoutes(world),
    events: route(api.events, async (context) => {
      // A stream is a GET, but what it tells is for our own page or a token.
      if (context.who().by === "session") requireOwnOrigin(world, context.request);
      const last = Number(context.request.headers["last-event-id"] ?? "");
      const topics = context.query.topics?.split(",").filter((topic) => topic !== "") ?? null;
      await streams.open(
        context.request,
        context.response,
        topics,
        Number.isSafeInteger(last) && last > 0 ? last : null,
      );
      return undefined;
    }),
  };
}

function mountHealth(app: Express, world: World, counts: ReturnType<typeof createRequestCounts>): void {
  app.get("/healthz", (_request, response) => void response.json({ ok: true }));
  app.get("/readyz", async (_request, response) => {
    const checks = await world.readiness();
    const ready = checks.every((check) => check.ok);
    // Names only: what is wrong in detail is for people who are signed in.
    response.status(ready ? 200 : 503).json({ ready, checks: checks.map(({ name, ok }) => ({ name, ok })) });
  });
  app.get("/metrics", async (request, response) => {
    if ((await identify(world, request)) === null)
      throw new HttpProblem(401, "not_signed_in", "give an API token");
    response.type("text/plain; version=0.0.4").send(`${counts.text()}${await world.metrics()}`);
  });
}

function mountApi(app: Express, world: World, routes: Record<EndpointName, Route>): void {
  const document = openApiDocument(world.config.publicUrl, world.version);
  const calls = createBuckets({ size: CALLS, refillMs: MINUTE_MS, clock: world.clock });
  let claimed = false;
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use((request, response, next) => {
    response.set("cache-control", "no-store");
    const path = request.originalUrl.split("?", 1)[0] ?? "";
    // One way to write an address: nothing that a proxy and we could read differently.
    if (/\/\/|;|%2f|%5c|%2e|\\/iu.test(path)) throw notFound("such an address");
    const type = request.headers["content-type"];
    if (type !== undefined && hasBody(request) && !/^application\/json(?:;\s*charset=utf-8)?$/iu.test(type)) {
      throw new HttpProblem(415, "unsupported_content_type", "send application/json");
    }
    next();
  });
  router.get("/openapi.json", (_request, response) => void response.json(document));
  router.use(express.json({ limit: BODY_LIMIT, strict: true, type: () => true }));
  for (const one of Object.values(routes)) {
    const { endpoint } = one;
    router[endpoint.method](endpoint.path, async (request: Request, response: Response) => {
      if (!claimed && endpoint !== api.setup && endpoint !== api.claim) {
        claimed = await isClaimed(world.store);
        if (!claimed)
          throw new HttpProblem(
            503,
            "not_set_up",
            "open the link that the server printed at its first start",
          );
      }
      const identity = await identify(world, request);
      authorise(world, endpoint, identity, request);
      const caller = identity === null ? `a ${addressOf(request) ?? ""}` : `u ${identity.userId}`;
      if (!calls.take(caller)) {
        throw new HttpProblem(429, "too_many_requests", "too many calls", {
          retryAfterSeconds: calls.waitSeconds(caller),
        });
      }
      await one.run(contextOf(request, response, identity));
    });
  }
  router.use(() => {
    throw notFound("such a call");
  });
  app.use("/api/v1", router);
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0
  );
}

function contextOf(
  request: Request,
  response: Response,
  identity: Context<unknown, unknown>["identity"],
): Context<unknown, unknown> {
  const param = (name: string): string => {
    const value = request.params[name];
    if (typeof value !== "string" || value === "") throw notFound(name);
    return value;
  };
  const who = () => {
    if (identity === null) throw new HttpProblem(401, "not_signed_in", "sign in first");
    return identity;
  };
  return {
    request,
    response,
    requestId: String(response.getHeader("x-request-id") ?? ""),
    address: addressOf(request),
    query: { ...request.query },
    body: request.body ?? {},
    param,
    id: (name) => {
      const text = param(name);
      if (!/^[1-9]\d{0,14}$/u.test(text)) throw notFound(`${name} ${text.slice(0, 50)}`);
      return Number(text);
    },
    identity,
    who,
    actor: () => {
      const { userId, login, role, by } = who();
      return { userId, login, role, by };
    },
  };
}

function mountPage(app: Express, world: World): void {
  const { webFolder } = world;
  if (webFolder !== null) {
    app.use(
      "/assets",
      express.static(join(webFolder, "assets"), {
        index: false,
        immutable: true,
        maxAge: "365d",
        fallthrough: false,
      }),
    );
    app.use(express.static(webFolder, { index: false, maxAge: 0 }));
  }
  app.use((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") throw notFound("such a page");
    response.set("cache-control", "no-cache");
    if (webFolder === null) {
      response.status(503).type("text/plain").send("The page is not built. Run: npm run build:web\n");
      return;
    }
    response.sendFile(join(webFolder, "index.html"), { dotfiles: "allow" });
  });
}

function onError(world: World): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const requestId = String(response.getHeader("x-request-id") ?? "");
    const problem = problemOf(error);
    if (problem.status >= 500 && problem.code === "internal_error")
      world.log.error({ err: error, requestId }, "a request failed");
    else if (problem.status >= 500 && !(error instanceof HttpProblem))
      world.log.warn({ err: error, requestId }, "a request cannot be answered for now");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.retryAfterSeconds !== null) response.set("retry-after", String(problem.retryAfterSeconds));
    response
      .status(problem.status)
      .type("application/problem+json")
      .send(JSON.stringify(problemDocument(problem, requestId)));
  };
}

function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const store = storeProblem(error);
  if (store !== null) return store;
  const status = statusOf(error);
  if (status === 413) return new HttpProblem(413, "too_large", `a body has at most ${BODY_LIMIT}`);
  if (status === 404) return notFound("such a file");
  if (status !== null && status < 500)
    return new HttpProblem(400, "invalid_request", "the body is no JSON that we can read");
  return new HttpProblem(
    500,
    "internal_error",
    "our side failed; the log on the server has this request's id",
  );
}

// Express and its parsers put the status they mean on the error.
function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("status" in error)) return null;
  return typeof error.status === "number" ? error.status : null;
}

/** The address that a request came from. Proxies are not believed. */
function addressOf(request: IncomingMessage): string | null {
  return request.socket.remoteAddress ?? null;
}
