import { ListValue } from "../../interpreter/values.ts";
import type { Head } from "../../ports.ts";
import { PlainObject } from "./plain-object.ts";

/** `scm`: the project's own repository at the build's commit, for `checkout scm`. */
export class ScmObject extends PlainObject {
  constructor(head: Head) {
    const url = head.project.cloneUrl;
    const remote = new PlainObject("hudson.plugins.git.UserRemoteConfig", [
      ["url", url],
      ["name", "origin"],
      ["refspec", null],
      ["credentialsId", null],
    ]);
    const branch = new PlainObject("hudson.plugins.git.BranchSpec", [["name", head.ref]], head.ref);
    super("hudson.plugins.git.GitSCM", [
      ["userRemoteConfigs", new ListValue([remote])],
      ["branches", new ListValue([branch])],
      ["extensions", new ListValue()],
      ["key", `git ${url}`],
      ["type", "hudson.plugins.git.GitSCM"],
    ]);
  }
}
