import type { Head, Stored } from "../ports.ts";

/** The variables that a build has from its head: Jenkins' own, those of the change, the tag, the project. */
export function headVariables(head: Head): Map<string, string> {
  const variables = new Map<string, string>(Object.entries(head.settings.environment));
  const { build, project } = head;
  const set = (name: string, value: string | null): void => {
    if (value !== null) variables.set(name, value);
  };
  set("CI", "true");
  set("BUILD_NUMBER", String(build.number));
  set("BUILD_ID", String(build.number));
  set("BUILD_DISPLAY_NAME", `#${build.number}`);
  set("BUILD_TAG", `jenkins-${project.jobName.replaceAll("/", "-")}-${build.number}`);
  set("BUILD_URL", build.url);
  set("JOB_NAME", project.jobName);
  set("JOB_BASE_NAME", project.jobName.split("/").at(-1) ?? project.jobName);
  set("JOB_URL", project.url);
  set("JENKINS_URL", build.serverUrl);
  set("HUDSON_URL", build.serverUrl);
  set("RUN_DISPLAY_URL", build.url);
  set("JOB_DISPLAY_URL", project.url);
  for (const [name, value] of eventVariables(head)) set(name, value);
  return variables;
}

function eventVariables(head: Head): [string, string | null][] {
  const { event } = head;
  switch (event.kind) {
    case "branch":
      return [
        ["BRANCH_NAME", event.branch === "" ? null : event.branch],
        ...(event.primary ? [["BRANCH_IS_PRIMARY", "true"] satisfies [string, string]] : []),
      ];
    case "tag":
      return [
        ["BRANCH_NAME", event.tag],
        ["TAG_NAME", event.tag],
        ["TAG_TIMESTAMP", event.atMs === null ? null : String(event.atMs)],
        ["TAG_UNIXTIME", event.atMs === null ? null : String(Math.floor(event.atMs / 1000))],
        ["TAG_DATE", event.atMs === null ? null : new Date(event.atMs).toUTCString()],
        ["TAG_GRAMMAR", event.grammar],
        ...Object.entries(event.fields).map(([name, value]): [string, string] => [
          `TAG_FIELD_${name.toUpperCase()}`,
          value,
        ]),
      ];
    case "change":
      return [
        ["BRANCH_NAME", event.name],
        ["CHANGE_ID", event.number],
        ["CHANGE_URL", event.url],
        ["CHANGE_TITLE", event.title],
        ["CHANGE_AUTHOR", event.author],
        ["CHANGE_AUTHOR_DISPLAY_NAME", event.authorName],
        ["CHANGE_AUTHOR_EMAIL", event.authorEmail],
        ["CHANGE_TARGET", event.target],
        ["CHANGE_BRANCH", event.source],
        ["CHANGE_FORK", event.fork],
      ];
  }
}

/** A parameter's value as an environment variable. */
export function parameterText(value: Stored): string {
  return typeof value === "string"
    ? value
    : value === null
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
}
