import { createGiteaForge } from "../../../server/forges/gitea/client.ts";
import { createGithubForge } from "../../../server/forges/github/client.ts";
import { createGitlabForge } from "../../../server/forges/gitlab/client.ts";
import { forgeConformance } from "../../support/conformance/forge.ts";
import { startFakeGitea } from "../../support/fakes/gitea.ts";
import { startFakeGithub } from "../../support/fakes/github.ts";
import { GITLAB_IDS, startFakeGitlab } from "../../support/fakes/gitlab.ts";

forgeConformance("Gitea", {
  start: startFakeGitea,
  open: (url, token) => createGiteaForge({ url, token }),
  person: (name) => ({ login: name, id: null }),
});

forgeConformance("GitHub", {
  start: startFakeGithub,
  open: (apiUrl, token) => createGithubForge({ apiUrl, token }),
  person: (name) => ({ login: name, id: null }),
});

forgeConformance("GitLab", {
  start: startFakeGitlab,
  open: (url, token) => createGitlabForge({ url, token }),
  person: (name) => ({ login: name, id: String(GITLAB_IDS[name] ?? 99) }),
});
