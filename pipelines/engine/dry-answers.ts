import { posix } from "node:path";
import { unreachable } from "../unreachable.ts";
import type {
  Begin,
  BlobRequest,
  EffectId,
  ExecRequest,
  FileRequest,
  Head,
  ReadRequest,
  SessionRequest,
  Stored,
  StoredError,
  WantedSecret,
} from "../ports.ts";
import { certainExit, commandLines, echoed } from "./dry-shell.ts";
import { globMatches } from "./glob.ts";
import { abortError } from "./stored-errors.ts";

/** The world of a dry run: files written so far, and a clock that only timers move. */
export type DryWorld = {
  readonly head: Head;
  readonly environment: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string | null;
  readonly files: Map<string, string>;
  readonly stashes: Set<string>;
  /** What each lock holds; a label stands for one resource of its name. */
  readonly taken: Map<EffectId, readonly string[]>;
  /** Folders into which the repository was checked out. */
  readonly checkouts: Set<string>;
  nowMs: number;
  randoms: number;
};

type Answer = { readonly value: Stored } | { readonly error: StoredError };

/** How an effect ends when nothing is really done. */
export function dryAnswer(begin: Begin, world: DryWorld): Answer {
  const { request } = begin;
  switch (request.kind) {
    case "session":
      return { value: opened(request, world) };
    case "container":
      return { value: { id: `dry-${begin.n}`, digest: null, env: world.environment, ports: {} } };
    case "exec":
      return { value: executed(request, world) };
    case "checkout":
      if (request.scm.url === null) world.checkouts.add(posix.resolve(workspaceOf(world), request.scm.dir));
      return { value: { env: scmVariables(world.head) } };
    case "image":
      return { value: { imageId: `sha256:${"0".repeat(64)}`, digest: null } };
    case "blob":
      return blob(request, world);
    case "file":
      return file(request, world);
    case "timer":
      return { value: null };
    case "gate":
      return {
        value: {
          by: "dry-run",
          values: Object.fromEntries(request.parameters.map((p) => [p.name, p.defaultValue])),
        },
      };
    case "deployment":
      return {
        value: (request.environments ?? []).map((environment) => ({
          environment,
          deployment: null,
          release: 0,
          state: "planned",
          images: request.images ?? {},
        })),
      };
    case "lock":
      world.taken.set(begin.id, [...request.resources, ...request.labels.map(({ label }) => label)]);
      return { value: { resources: [...request.resources] } };
    case "throttle":
    case "milestone":
    case "message":
      return { value: null };
    case "build":
      return { value: request.wait || request.waitForStart ? otherBuild(request.job, world) : null };
    case "signal":
      return {
        value:
          request.op === "image"
            ? { image: `${request.image}:${request.tag}`, digest: `sha256:${"0".repeat(64)}` }
            : otherBuild(request.runId, world),
      };
    case "http":
      return { value: { status: 200, content: "", headers: {} } };
    case "read":
      return read(request, world);
    default:
      return unreachable(request);
  }
}

const ROOT = "/sluice/workspace";

function workspaceOf(world: DryWorld): string {
  return `${ROOT}/${world.head.project.jobName}`;
}

function opened(request: SessionRequest, world: DryWorld): Stored {
  const workspace = request.workspace === null ? workspaceOf(world) : posix.resolve(ROOT, request.workspace);
  if (request.checkout !== null) world.checkouts.add(posix.resolve(workspace, request.checkout.dir));
  return {
    node: request.label ?? "dry-run",
    labels: request.label ?? "",
    workspace,
    tmp: `${workspace}@tmp`,
    env: { ...world.environment },
    scm: request.checkout === null ? null : scmVariables(world.head),
  };
}

function scmVariables(head: Head): Record<string, string> {
  const branch = head.event.kind === "branch" ? head.event.branch : head.ref;
  return { GIT_COMMIT: head.commit, GIT_BRANCH: branch, GIT_URL: head.project.cloneUrl };
}

function executed(request: ExecRequest, world: DryWorld): Stored {
  if (!("script" in request.command)) return { exit: 0, out: "" };
  const { script } = request.command;
  const lines = commandLines(script).map((line) => echoed(line, request.env));
  const out = lines
    .filter((line) => line !== null)
    .map((line) => `${line}\n`)
    .join("");
  return {
    exit: certainExit(script, (path) => textOf(world, posix.resolve(request.cwd, path)) !== null),
    out,
  };
}

function blob(request: BlobRequest, world: DryWorld): Answer {
  if (request.op === "stash") world.stashes.add(request.name);
  if (request.op === "unstash" && !world.stashes.has(request.name))
    return { error: abortError(`No such saved stash ‘${request.name}’`) };
  return { value: { files: 0, bytes: 0 } };
}

function textOf(world: DryWorld, path: string): string | null {
  const written = world.files.get(path);
  if (written !== undefined) return written;
  for (const checkout of world.checkouts)
    if (path.startsWith(`${checkout}/`)) return world.readFile(path.slice(checkout.length + 1));
  return null;
}

function file(request: FileRequest, world: DryWorld): Answer {
  switch (request.op) {
    case "read":
      return { value: textOf(world, request.path) };
    case "write":
      world.files.set(
        request.path,
        (request.append ? (textOf(world, request.path) ?? "") : "") + request.text,
      );
      return { value: null };
    case "exists":
      return { value: textOf(world, request.path) !== null };
    case "touch":
      world.files.set(request.path, textOf(world, request.path) ?? "");
      return { value: null };
    case "find":
      return { value: found(request, world) };
    case "delete":
      for (const path of world.files.keys()) if (path.startsWith(`${request.dir}/`)) world.files.delete(path);
      return { value: null };
    case "pack": {
      const files = found(request, world);
      world.files.set(request.path, "");
      return { value: files };
    }
    case "unpack":
      return { value: request.purpose === "test" ? true : [] };
    case "junit":
      return { value: { total: 0, failed: 0, skipped: 0, durationMs: 0 } };
    default:
      return unreachable(request);
  }
}

function found(request: Extract<FileRequest, { op: "find" | "pack" }>, world: DryWorld): Stored {
  const files: Stored[] = [];
  for (const [path, text] of world.files) {
    if (!path.startsWith(`${request.dir}/`)) continue;
    const relative = path.slice(request.dir.length + 1);
    if (
      !request.includes.split(",").some((glob) => globMatches(glob.trim(), relative, { ignoreCase: false }))
    )
      continue;
    files.push({
      name: posix.basename(path),
      path: relative,
      directory: false,
      length: text.length,
      lastModified: world.nowMs,
    });
  }
  return files;
}

function otherBuild(name: string, world: DryWorld): Stored {
  return {
    number: 1,
    result: "SUCCESS",
    displayName: "#1",
    description: null,
    projectName: name,
    url: "",
    startedAtMs: world.nowMs,
    durationMs: 0,
    variables: {},
  };
}

function read(request: ReadRequest, world: DryWorld): Answer {
  switch (request.op) {
    case "now":
      return { value: world.nowMs };
    case "random":
      world.randoms += 1;
      return { value: world.randoms };
    case "uuid":
      world.randoms += 1;
      return { value: `00000000-0000-4000-8000-${String(world.randoms).padStart(12, "0")}` };
    case "previousBuild":
      return { value: null };
    case "changeSets":
      return { value: [] };
    case "artifacts":
      return {
        value: {
          build: { id: 1, project: request.job, number: 1 },
          files: [{ path: "artifact", blob: "0".repeat(64), bytes: 0 }],
        },
      };
    case "held":
      return { value: world.taken.get(request.lock) ?? [] };
    case "nodes":
      return { value: ["dry-run"] };
    case "credentials":
      return { value: request.wanted.map(bound) };
    default:
      return unreachable(request);
  }
}

/** Secrets have made-up values, which the console covers like real ones. */
function bound(wanted: WantedSecret): Stored {
  const variables = Object.entries(wanted.variables).map(([part, name]) => ({
    name,
    part,
    path: null,
    value: `dry-run-${wanted.secret}-${part}`,
    masked: part !== "username",
  }));
  return { secret: wanted.secret, version: 1, kind: wanted.kind ?? "string", variables };
}
