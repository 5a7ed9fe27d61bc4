import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { api } from "../contract.ts";
import { createLineCounts, lineRange, readRange, searchLog, sendLogBytes } from "../log-range.ts";
import { presentBuild, selectBuilds } from "../present/build.ts";
import { buildPath } from "../present/ref.ts";
import { cursorId, pageOf } from "../page.ts";
import { approveBuildRow } from "../build-rows.ts";
import { HttpProblem, notFound, valueOf } from "../problem.ts";
import { route } from "../route.ts";
import type { World } from "../world.ts";
import { actorRow } from "./people.ts";

/** One build: its page, logs, tests and files, and what people do with it. */
export function buildRoutes(world: World) {
  const { store } = world;
  const counts = createLineCounts();

  async function buildRow(id: number) {
    const row = await selectBuilds(store).where("builds.id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound(`build ${id}`);
    return row;
  }

  async function stepRow(buildId: number, stepNo: number) {
    const row = await store.db
      .selectFrom("steps")
      .select(["stepNo", "endedAtMs", "logBytes"])
      .where("buildId", "=", buildId)
      .where("stepNo", "=", stepNo)
      .executeTakeFirst();
    if (row === undefined) throw notFound(`step ${stepNo} in build ${buildId}`);
    return row;
  }

  return {
    build: route(api.build, async (context) => await presentBuild(world, context.id("id"))),

    console: route(api.console, async (context) => {
      const row = await buildRow(context.id("id"));
      context.response.status(200).setHeader("content-type", "text/plain; charset=utf-8");
      await pipeline(Readable.from(world.builds.console(row.id)), context.response).catch(
        (error: unknown) => {
          // A reader who leaves in the middle is no fault of ours.
          if (!context.response.destroyed) throw error;
        },
      );
      return undefined;
    }),

    stepLog: route(api.stepLog, async (context) => {
      const buildId = context.id("id");
      const step = await stepRow(buildId, context.id("n"));
      const source = { counts, logs: world.logs, buildId, stepNo: step.stepNo };
      if (
        context.request.accepts(["json", "text"]) === "text" ||
        context.request.headers.range !== undefined
      ) {
        await sendLogBytes(source, context.request, context.response);
        return undefined;
      }
      const { from, to, line, lines } = context.query;
      const range =
        line === undefined ? await readRange(source, from ?? 0, to) : await lineRange(source, line, lines);
      const hasEnded = step.endedAtMs !== null;
      const answer = {
        ...range,
        complete: hasEnded && range.endByte >= range.sizeBytes,
        missingBytes: hasEnded ? Math.max(0, step.logBytes - range.sizeBytes) : 0,
      };
      context.response.status(200);
      return answer;
    }),

    searchStepLog: route(api.searchStepLog, async (context) => {
      const buildId = context.id("id");
      const step = await stepRow(buildId, context.id("n"));
      return await searchLog(
        { counts, logs: world.logs, buildId, stepNo: step.stepNo },
        context.query.q,
        context.query.limit,
      );
    }),

    tests: route(api.tests, async (context) => {
      const row = await buildRow(context.id("id"));
      const { limit, after } = context.query;
      const failed = await store.db
        .selectFrom("testResults")
        .selectAll()
        .where("buildId", "=", row.id)
        .where("id", "<", cursorId(after))
        .orderBy((eb) => eb.case().when("state", "in", ["failed", "error"]).then(0).else(1).end())
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      const page = pageOf(failed, limit);
      const items = page.rows.map((test) => ({
        id: test.id,
        suite: test.suite,
        name: test.name,
        state: test.state === "error" ? ("failed" as const) : test.state,
        durationMs: Math.round(test.durationMs),
        message: test.message,
        step: test.stepNo,
        isNew: false,
      }));
      return { items, next: page.next };
    }),

    artifact: route(api.artifact, async (context) => {
      const id = context.id("artifact");
      const found = await store.db
        .selectFrom("artifacts")
        .select("id")
        .where("id", "=", id)
        .where("buildId", "=", context.id("id"))
        .executeTakeFirst();
      const file = found === undefined ? null : await world.artifactFile(id);
      if (file === null) throw notFound(`file ${id}`);
      const { response } = context;
      response.setHeader("content-security-policy", "sandbox; default-src 'none'");
      response.setHeader("content-type", "application/octet-stream");
      response.setHeader(
        "content-disposition",
        `attachment; filename*=UTF-8''${encodeURIComponent(file.name.split("/").at(-1) ?? "file")}`,
      );
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      response.sendFile(file.path, { dotfiles: "allow" }, (error: unknown) =>
        error && !response.destroyed ? reject(error) : resolve(undefined),
      );
      return await promise;
    }),

    explain: route(api.explain, async (context) => {
      const row = await buildRow(context.id("id"));
      const { lines, waits } = await world.builds.explain(row.id);
      return { state: row.state, lines: [...lines], waits: [...waits] };
    }),

    abort: route(api.abort, async (context) => {
      const row = await buildRow(context.id("id"));
      valueOf(await world.builds.abort(row.id, context.body.level, context.actor()));
      return { done: true as const };
    }),

    approveBuild: route(api.approveBuild, async (context) => {
      const id = context.id("id");
      const row = await buildRow(id);
      const { sha } = context.body;
      if (await store.call(approveBuildRow, { ...actorRow(context), buildId: id, sha }))
        return { done: true as const };
      const why =
        row.sha === sha
          ? "it does not wait for an approval"
          : `it is of commit ${row.sha ?? "not known yet"}`;
      throw new HttpProblem(409, "conflict", `build #${row.number} cannot be approved so: ${why}`);
    }),

    restart: route(api.restart, async (context) => {
      const row = await buildRow(context.id("id"));
      const made = valueOf(await world.builds.restart(row.id, context.body.stage ?? null, context.actor()));
      return { ...made, url: `${world.config.publicUrl}${buildPath(row.project, made.number)}` };
    }),
  };
}
