import type { Flow } from "../../interpreter/flow.ts";
import type { Site } from "../../interpreter/thrown.ts";
import { ListValue, LongValue, type Value } from "../../interpreter/values.ts";
import type { Stored } from "../../ports.ts";
import type { Run } from "../build.ts";
import { fieldOf, isList, textIn } from "../convert.ts";
import { PlainObject } from "./plain-object.ts";

/** `currentBuild.changeSets`: one set with the commits since the last build, or none. */
export function* changeSetsOf(run: Run, site: Site): Flow<Value> {
  const commits = yield* readCommits(run, site);
  if (commits.length === 0) return new ListValue();
  const items = new ListValue(commits.map(commitObject));
  const set = new PlainObject("hudson.plugins.git.GitChangeSetList", [
    ["kind", "git"],
    ["items", items],
    ["logs", items],
    ["emptySet", false],
  ]);
  return new ListValue([set]);
}

/** The commits since the last build. */
export function* readCommits(run: Run, site: Site): Flow<readonly Stored[]> {
  const request = { kind: "read" as const, op: "changeSets" as const, number: run.head.build.number };
  const stored = yield* run.effect({
    kind: "read",
    name: "changeSets",
    args: null,
    request,
    policy: "repeat",
    stepNo: null,
    site,
  });
  return isList(stored) ? stored : [];
}

function commitObject(commit: Stored): Value {
  const at = fieldOf(commit, "atMs");
  const files = fieldOf(commit, "files");
  const paths = isList(files) ? files.map((file) => textIn(fieldOf(file, "path"))) : [];
  const author = textIn(fieldOf(commit, "author"));
  return new PlainObject(
    "hudson.plugins.git.GitChangeSet",
    [
      ["commitId", textIn(fieldOf(commit, "id"))],
      ["timestamp", new LongValue(BigInt(typeof at === "number" ? at : 0))],
      ["msg", textIn(fieldOf(commit, "title"))],
      ["comment", textIn(fieldOf(commit, "message"))],
      [
        "author",
        new PlainObject(
          "hudson.model.User",
          [
            ["fullName", author],
            ["id", author],
            ["displayName", author],
          ],
          author,
        ),
      ],
      ["authorName", author],
      ["authorEmail", textIn(fieldOf(commit, "authorEmail"))],
      ["affectedPaths", new ListValue(paths)],
      ["affectedFiles", new ListValue(isList(files) ? files.map(fileObject) : [])],
    ],
    textIn(fieldOf(commit, "title")),
  );
}

function fileObject(file: Stored): Value {
  const path = textIn(fieldOf(file, "path"));
  const edit = textIn(fieldOf(file, "edit"));
  const type = new PlainObject("hudson.scm.EditType", [["name", edit]], edit);
  return new PlainObject(
    "hudson.plugins.git.GitChangeSet$Path",
    [
      ["path", path],
      ["editType", type],
    ],
    path,
  );
}
