import type { Config } from "../config.ts";
import { matchesGlob } from "../projects/glob.ts";
import { ProjectSettings } from "../projects/settings.ts";
import type { RefRule } from "../projects/route.ts";
import type { Blobs } from "../runners/blobs.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { namedJob } from "../schedules/start-downstream.ts";
import { awaitedBuild } from "./awaited-builds.ts";
import { LOG_HEAD_BYTES, LOG_TAIL_BYTES } from "./log-limits.ts";
import { messageRoute } from "./message-step.ts";
import type { AwaitedBuild, BeginPorts, BeginScope } from "./prepare-begin.ts";
import { answerRead } from "./reads.ts";
import { credentialRefs, tokenUser } from "./forge-login.ts";
import { composeOtherBuild } from "./start-other.ts";
import type { Sources } from "./sources.ts";
import type { BoundCredential } from "./translate/commands.ts";

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly sources: Sources;
  readonly nowMs: () => number;
  readonly vault: Vault;
  readonly blobs: Blobs;
}

/** The look-ups that begins need, on the server's own rooms. */
export function createBeginPorts(deps: Deps): BeginPorts {
  const { store, config, secrets, sources, blobs } = deps;

  async function credential(scope: BeginScope, name: string): Promise<BoundCredential | null> {
    const found = await secrets.resolveSecret(scope.projectKey, name);
    return found === undefined
      ? null
      : { secretId: found.secretId, version: found.version, type: found.value.type };
  }

  return {
    credential,
    answerRead: (scope, begin) => answerRead(deps, scope, begin),
    registrySecrets: () =>
      Object.values(config.file.registries).flatMap(({ host, secret }) =>
        secret === undefined ? [] : [{ host, secret }],
      ),
    async ownScm(scope) {
      const project = await store.db
        .selectFrom("projects")
        .select(["id", "key", "forge", "cloneUrl"])
        .where("id", "=", scope.projectId)
        .executeTakeFirstOrThrow();
      const forge = config.file.forges[project.forge];
      const bound = forge?.secret === undefined ? null : await credential(scope, forge.secret);
      // A change from outside is checked out from the mirror, without the forge's token.
      const usable = scope.trusted ? bound : null;
      return {
        credential: usable,
        scm: {
          url: project.cloneUrl,
          sha: scope.head.commit,
          ref: scope.head.ref,
          credential:
            usable === null ? null : credentialRefs(usable, forge?.username ?? tokenUser(forge?.type)),
          mirrorPath: sources.pathOf(project),
          insecureHttp: forge?.insecureHttp ?? false,
        },
      };
    },
    async resolveRef(scope, url, ref, bound) {
      const stored = bound === null ? undefined : await secrets.readVersion(bound.secretId, bound.version);
      const login =
        stored?.type === "usernamePassword"
          ? { username: stored.username, password: stored.password }
          : stored?.type === "string"
            ? { username: tokenUser(undefined), password: stored.text }
            : null;
      return await sources.resolveElsewhere(url, ref, login).catch(() => null);
    },
    async stash(scope, name) {
      const own = await stashOf(store, scope.buildId, name);
      if (own !== null) return own;
      const build = await store.db
        .selectFrom("builds")
        .select("restartOf")
        .where("id", "=", scope.buildId)
        .executeTakeFirst();
      return build?.restartOf === null || build?.restartOf === undefined
        ? null
        : await stashOf(store, build.restartOf, name);
    },
    async environmentsFor(scope, wanted) {
      const names = wanted ?? scope.head.settings.deployTo;
      if (names === null)
        return {
          ok: false,
          reason: "deploy needs the name of an environment: no route of this project names one",
        };
      const row = await store.db
        .selectFrom("projects")
        .select("settings")
        .where("id", "=", scope.projectId)
        .executeTakeFirstOrThrow();
      const { tags } = ProjectSettings.parse(JSON.parse(row.settings));
      const environments = [];
      for (const name of names) {
        const environment = config.file.environments[name];
        if (environment === undefined)
          return {
            ok: false,
            reason: `there is no environment "${name}" on this server; there are: ${Object.keys(config.file.environments).join(", ") || "none"}`,
          };
        const may = scope.head.settings.mayDeployTo;
        if (may !== null && !may.includes(name))
          return { ok: false, reason: `the route of this build does not allow it to deploy to "${name}"` };
        if (!allowsRef(environment.refs, scope, tags))
          return { ok: false, reason: `the environment "${name}" takes nothing from ${scope.head.ref}` };
        environments.push({ name, limitMs: environment.limit });
      }
      return { ok: true, environments };
    },
    otherBuild: (scope, request) => composeOtherBuild(deps, scope, request),
    messageRoute: (scope, request) => messageRoute(config, scope, request),
    async newerPast(scope, ordinal) {
      const row = await store.db
        .selectFrom("milestones")
        .select("buildNumber")
        .where("projectId", "=", scope.projectId)
        .where("ref", "=", scope.head.ref)
        .where("ordinal", ">=", ordinal)
        .where("buildNumber", ">", scope.head.build.number)
        .orderBy("buildNumber", "desc")
        .executeTakeFirst();
      return row?.buildNumber ?? null;
    },
    async shareBlobs(scope, from, shas) {
      for (const sha256 of shas) if (!(await blobs.share(from, scope.buildId, sha256))) return false;
      return true;
    },
    resourcesOf: (label) => ownOf(config.file.resources, label),
    turnsOf: (category) => ownOf(config.file.throttle, category),
    buildNamed: (runId) => buildNamed(store, config, runId),
    limits: () => ({
      memoryBytes: null,
      cpus: null,
      pids: null,
      logHeadBytes: LOG_HEAD_BYTES,
      logTailBytes: LOG_TAIL_BYTES,
    }),
  };
}

async function stashOf(store: Store, buildId: number, name: string): Promise<{ sha256: string } | null> {
  const row = await store.db
    .selectFrom("blobs")
    .select("sha256")
    .where("buildId", "=", buildId)
    .where("kind", "=", "stash")
    .where("name", "=", name)
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row ?? null;
}

/** A build by its `externalizableId`: `project#number`, or as JOB_NAME has it `project/branch#number`. */
async function buildNamed(store: Store, config: Config, runId: string): Promise<AwaitedBuild | null> {
  const [, job, number] = /^(.+)#(\d{1,9})$/.exec(runId.trim()) ?? [];
  if (job === undefined || number === undefined) return null;
  const row = await store.db
    .selectFrom("builds")
    .innerJoin("projects", "projects.id", "builds.projectId")
    .selectAll("builds")
    .select("projects.key")
    .where("projects.key", "=", namedJob(job).projectKey)
    .where("builds.number", "=", Number(number))
    .executeTakeFirst();
  if (row === undefined) return null;
  return { id: row.id, ended: row.endedAtMs === null ? null : awaitedBuild(row, config.publicUrl) };
}

function ownOf<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Whether an environment takes builds of this ref; without rules it takes every branch and tag. */
export function allowsRef(
  rules: readonly RefRule[],
  scope: Pick<BeginScope, "head">,
  tags: Readonly<Record<string, string>>,
): boolean {
  const { event } = scope.head;
  if (event.kind === "change") return rules.some((rule) => rule.on === "change");
  if (rules.length === 0) return true;
  return rules.some((rule) => {
    if (event.kind === "branch")
      return rule.on === "branch" && (rule.match === undefined || matchesGlob(rule.match, event.branch));
    if (rule.on !== "tag") return false;
    if (rule.grammar !== undefined)
      return tags[rule.grammar] !== undefined && event.grammars.includes(rule.grammar);
    return rule.match === undefined || matchesGlob(rule.match, event.tag);
  });
}
