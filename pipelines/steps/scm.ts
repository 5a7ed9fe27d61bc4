import type { Scm } from "../ports.ts";
import { Description } from "../engine/objects/description.ts";
import { ScmObject } from "../engine/objects/scm.ts";
import { ownScm } from "../engine/declarative/agent.ts";
import { ListValue, MapValue, type Value } from "../interpreter/values.ts";
import { describedBy } from "./described.ts";
import type { StepCall } from "./step.ts";

/** What `checkout` is to bring, read off `scm`, `scmGit(…)` or `[$class: 'GitSCM', …]`. */
export function readScm(call: StepCall, value: Value): Scm {
  const { cwd, session } = call.run.context;
  const dir = relativeDir(call, cwd, session?.opened.workspace ?? "");
  if (value instanceof ScmObject) return ownScm(dir);
  const fields = fieldsOf(value);
  if (fields === null) return call.refuse("takes scm, scmGit(…) or [$class: 'GitSCM', …]");
  const remote = fieldsOf(itemsOf(fields.get("userRemoteConfigs") ?? null)[0] ?? null);
  const branch = fieldsOf(itemsOf(fields.get("branches") ?? null)[0] ?? null);
  const text = (map: MapValue | null, name: string): string | null => {
    const given = map?.get(name) ?? null;
    return given === null ? null : call.run.textOf(given);
  };
  const wanted = branchName(text(branch, "name") ?? "master");
  const isSha = /^[0-9a-f]{40}$/.test(wanted);
  let scm: Scm = {
    ...ownScm(dir),
    url: text(remote, "url"),
    credential: text(remote, "credentialsId"),
    sha: isSha ? wanted : null,
    ref: isSha ? null : wanted,
  };
  for (const extension of itemsOf(fields.get("extensions") ?? null)) scm = extended(call, scm, extension);
  return scm;
}

/** `*\/main`, `origin/main` and `refs/heads/main` all mean main. */
function branchName(name: string): string {
  return name
    .replace(/^\*\//, "")
    .replace(/^origin\//, "")
    .replace(/^refs\/heads\//, "");
}

function extended(call: StepCall, scm: Scm, extension: Value): Scm {
  const { symbol, fields } = describedBy(call, extension) ?? { symbol: "", fields: new MapValue() };
  const flag = (name: string): boolean => fields.get(name) === true;
  const text = (name: string): string => {
    const value = fields.get(name) ?? fields.get("value") ?? null;
    return value === null ? "" : call.run.textOf(value);
  };
  switch (symbol) {
    case "CloneOption":
    case "cloneOption": {
      const depth = Number(text("depth")) || 1;
      return { ...scm, depth: flag("shallow") ? depth : scm.depth, tags: !flag("noTags") };
    }
    case "SubmoduleOption":
    case "submodule":
      return {
        ...scm,
        submodules: flag("disableSubmodules") ? "no" : flag("recursiveSubmodules") ? "recursive" : "yes",
      };
    case "RelativeTargetDirectory":
      return {
        ...scm,
        dir: scm.dir === "" ? text("relativeTargetDir") : `${scm.dir}/${text("relativeTargetDir")}`,
      };
    case "LocalBranch":
    case "localBranch":
      return { ...scm, localBranch: text("localBranch") || null };
    case "GitLFSPull":
    case "lfs":
      return { ...scm, lfs: true };
    case "SparseCheckoutPaths":
    case "sparseCheckout":
      return {
        ...scm,
        sparse: itemsOf(fields.get("sparseCheckoutPaths") ?? null).map((path) => sparsePath(call, path)),
      };
    case "CleanBeforeCheckout":
    case "cleanBeforeCheckout":
    case "CleanCheckout":
    case "cleanAfterCheckout":
    case "WipeWorkspace":
      return { ...scm, clean: true };
    default:
      call.print(`The extension ${symbol} of git has no effect here`);
      return scm;
  }
}

function sparsePath(call: StepCall, value: Value): string {
  const path = fieldsOf(value)?.get("path") ?? value;
  return path === null ? "" : call.run.textOf(path);
}

function fieldsOf(value: Value): MapValue | null {
  if (value instanceof MapValue) return value;
  return value instanceof Description ? value.fields : null;
}

function itemsOf(value: Value): readonly Value[] {
  return value instanceof ListValue ? value.items : value === null ? [] : [value];
}

/** The current directory as seen from the workspace. */
export function relativeDir(call: StepCall, cwd: string, workspace: string): string {
  if (cwd === workspace) return "";
  if (cwd.startsWith(`${workspace}/`)) return cwd.slice(workspace.length + 1);
  return call.refuse(`${cwd} lies outside the workspace`);
}
